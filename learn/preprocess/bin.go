package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Bin adds for each column a column of categories that says which interval its
// number lies in, as pandas' cut and qcut do: with edges given (numbers outside
// become missing), or edges found on the training rows, by equal width or equal
// counts (numbers outside belong to the outer intervals). Intervals are closed
// on the right.
type Bin struct {
	Columns       []string  `json:"columns,omitempty" doc:"columns to bin; empty: every numeric column"`
	Edges         []float64 `json:"edges,omitempty" doc:"ascending edges of the intervals"`
	Labels        []string  `json:"labels,omitempty" doc:"a name for each interval; empty: its bounds, as (0, 18]"`
	Method        string    `json:"method,omitempty" default:"quantile" enum:"quantile,width" doc:"how edges are found where none are given"`
	Bins          int       `json:"bins,omitempty" default:"5" min:"1" doc:"how many intervals are made where no edges are given"`
	IncludeLowest bool      `json:"include_lowest,omitempty" default:"false" doc:"the first interval includes its lower edge"`
	Codes         bool      `json:"codes,omitempty" default:"false" doc:"give the interval's number from 0 rather than its label"`
	Into          string    `json:"into,omitempty" doc:"name of the new column where there is one; empty: <column>_bin"`
	Replace       bool      `json:"replace,omitempty" default:"false" doc:"take the column itself out"`
}

// Kind is "bin".
func (s *Bin) Kind() string { return "bin" }

type binner struct {
	Params  Bin         `json:"spec"`
	Columns []binColumn `json:"columns"`
	notes
	names []string
}

type binColumn struct {
	Name   string    `json:"name"`
	Into   string    `json:"into"`
	Edges  []float64 `json:"edges"`
	Labels []string  `json:"labels"`
}

// Fit finds the edges.
func (s *Bin) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Method, p.Bins = or(p.Method, "quantile"), or(p.Bins, 5)
	if err := oneOf("method", p.Method, "quantile", "width"); err != nil {
		return nil, err
	}
	switch {
	case p.Bins < 1:
		return nil, fmt.Errorf("bins is %d: want 1 or more", p.Bins)
	case len(p.Edges) == 1:
		return nil, fmt.Errorf("edges has one edge: want two or more, or none")
	case len(p.Edges) > 0 && len(p.Labels) > 0 && len(p.Labels) != len(p.Edges)-1:
		return nil, fmt.Errorf("%d labels for the %d intervals between %d edges", len(p.Labels), len(p.Edges)-1, len(p.Edges))
	}
	columns, err := pick(t, p.Columns, "numbers", numeric)
	if err != nil {
		return nil, err
	}
	if p.Into != "" && len(columns) != 1 {
		return nil, fmt.Errorf("into names one new column, but %d columns are binned: name one in columns", len(columns))
	}
	f := &binner{Params: p, Columns: make([]binColumn, len(columns))}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) (err error) {
		f.Columns[j], err = fitBins(columns[j], p)
		return err
	})
	if err != nil {
		return nil, err
	}
	taken := takenNames(t)
	for j := range f.Columns {
		c := &f.Columns[j]
		c.Into = unused(or(p.Into, c.Name+"_bin"), taken)
		f.note(c.Name, 0, "binned into %d intervals as %q", len(c.Labels), c.Into)
	}
	return f, f.check(learn.State{})
}

func fitBins(c *table.Column, p Bin) (binColumn, error) {
	b := binColumn{Name: c.Name, Edges: p.Edges, Labels: p.Labels}
	if len(p.Edges) == 0 {
		present := finite(c.Numbers())
		if len(present) == 0 {
			present = []float64{0, 1}
		}
		at := make([]float64, p.Bins+1)
		for k := range at {
			at[k] = float64(k) / float64(p.Bins)
		}
		if p.Method == "width" {
			lo, hi := slices.Min(present), slices.Max(present)
			b.Edges = make([]float64, p.Bins+1)
			scale := 1.0
			if math.IsInf(hi-lo, 0) {
				scale = 2
			}
			for k, share := range at {
				b.Edges[k] = scale * (lo/scale + float64((hi/scale-lo/scale)*share))
			}
			b.Edges[p.Bins] = hi
		} else {
			b.Edges = quantiles(present, at...)
		}
		b.Edges = slices.Compact(b.Edges)
		if len(b.Edges) == 1 { // a constant column: one interval
			e := b.Edges[0]
			if upper := max(e+1, math.Nextafter(e, math.Inf(1))); !math.IsInf(upper, 0) {
				b.Edges = []float64{e, upper}
			} else {
				b.Edges = []float64{math.Nextafter(e, 0), e}
			}
		}
		if len(p.Labels) > 0 && len(p.Labels) != len(b.Edges)-1 {
			return b, fmt.Errorf("column %q: %d labels for %d intervals", c.Name, len(p.Labels), len(b.Edges)-1)
		}
	}
	if len(b.Labels) == 0 {
		b.Labels = make([]string, len(b.Edges)-1)
		for k := range b.Labels {
			b.Labels[k] = fmt.Sprintf("(%.6g, %.6g]", b.Edges[k], b.Edges[k+1])
		}
		for k, label := range b.Labels { // edges too near for six digits
			if slices.Contains(b.Labels[:k], label) {
				b.Labels[k] = fmt.Sprintf("(%v, %v]", b.Edges[k], b.Edges[k+1])
			}
		}
	}
	return b, nil
}

func (f *binner) check(learn.State) error {
	f.names = make([]string, len(f.Columns))
	for j, c := range f.Columns {
		f.names[j] = c.Name
		if len(c.Edges) < 2 || len(c.Labels) != len(c.Edges)-1 {
			return fmt.Errorf("column %q: %d labels for %d edges", c.Name, len(c.Labels), len(c.Edges))
		}
		for k, e := range c.Edges {
			if math.IsNaN(e) || math.IsInf(e, 0) || k > 0 && !(c.Edges[k-1] < e) {
				return fmt.Errorf("column %q: edges %v: want finite numbers that ascend", c.Name, c.Edges)
			}
		}
		if err := distinct(c.Labels); err != nil {
			return fmt.Errorf("labels: %w", err)
		}
	}
	return distinct(f.names)
}

func (f *binner) Spec() Spec { p := f.Params; return &p }

func (f *binner) State() learn.State { return pack("bin", f, nil) }

func (f *binner) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		v, err := numbersOf(c)
		if err != nil {
			return nil, err
		}
		out := f.bin(&f.Columns[j], v)
		if f.Params.Replace {
			return []*table.Column{out}, nil
		}
		return []*table.Column{c, out}, nil
	})
}

func (f *binner) bin(b *binColumn, v []float64) *table.Column {
	given := len(f.Params.Edges) > 0
	codes := make([]uint32, len(v))
	out := &table.Column{Name: b.Into, Kind: table.String, Codes: codes, Dict: b.Labels}
	if f.Params.Codes {
		out = &table.Column{Name: b.Into, Kind: table.Float64, Floats: make([]float64, len(v))}
	}
	for i, x := range v {
		k := sort.SearchFloat64s(b.Edges, x) - 1 // the last edge below x; NaN goes beyond the last
		switch {
		case x == b.Edges[0] && (f.Params.IncludeLowest || !given), k < 0 && !given:
			k = 0
		case k == len(b.Labels) && !given && x == x:
			k--
		}
		switch {
		case k < 0 || k >= len(b.Labels):
			out.SetMissing(i)
		case f.Params.Codes:
			out.Floats[i] = float64(k)
		default:
			codes[i] = uint32(k)
		}
	}
	return out
}
