package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Cap replaces numbers beyond a bound by the bound. Quantiles are pandas' (by
// linear interpolation). Capped columns come out as float64.
type Cap struct {
	Columns  []string `json:"columns,omitempty" doc:"columns to cap; empty: every numeric column with more than two distinct values"`
	Method   string   `json:"method,omitempty" default:"upper" enum:"upper,both,iqr" doc:"cap above the quantile, also below one minus it, or beyond the quartiles by factor times the interquartile range"`
	Quantile float64  `json:"quantile,omitempty" default:"0.99" min:"0.5" max:"1" doc:"upper and both: the quantile"`
	Factor   float64  `json:"factor,omitempty" default:"1.5" min:"0" doc:"iqr: how many interquartile ranges"`
}

// Kind is "cap".
func (s *Cap) Kind() string { return "cap" }

type capper struct {
	Params  Cap         `json:"spec"`
	Columns []capBounds `json:"columns"`
	notes
	names []string
}

type capBounds struct {
	Name  string   `json:"name"`
	Lower *float64 `json:"lower,omitempty"`
	Upper *float64 `json:"upper,omitempty"`
}

// Fit finds the bounds.
func (s *Cap) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Method, p.Quantile, p.Factor = or(p.Method, "upper"), or(p.Quantile, .99), or(p.Factor, 1.5)
	if err := oneOf("method", p.Method, "upper", "both", "iqr"); err != nil {
		return nil, err
	}
	if !(p.Quantile >= .5 && p.Quantile <= 1) || !(p.Factor > 0) {
		return nil, fmt.Errorf("quantile is %v and factor %v: want 0.5 to 1, and above 0", p.Quantile, p.Factor)
	}
	columns, err := pick(t, p.Columns, "numbers", func(c *table.Column) bool {
		return numeric(c) && (len(p.Columns) > 0 || manyValued(c))
	})
	if err != nil {
		return nil, err
	}
	f := &capper{Params: p, Columns: make([]capBounds, len(columns))}
	beyond := make([]int, len(columns))
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		v := columns[j].Numbers()
		lo, hi := capAt(v, p)
		for _, x := range v {
			if x < lo || x > hi {
				beyond[j]++
			}
		}
		f.Columns[j] = capBounds{Name: columns[j].Name, Lower: bound(lo), Upper: bound(hi)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for j, n := range beyond {
		if n > 0 {
			f.note(columns[j].Name, n, "%s capped (%s)", many(n, "value"), p.Method)
		}
	}
	return f, f.check(learn.State{})
}

func capAt(v []float64, p Cap) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if p.Method == "iqr" {
		return fences(v, p.Factor)
	}
	present := finite(v)
	if len(present) == 0 {
		return lo, hi
	}
	if p.Method == "upper" {
		return lo, quantiles(present, p.Quantile)[0]
	}
	q := quantiles(present, 1-p.Quantile, p.Quantile)
	return q[0], q[1]
}

// bound is nil where there is none.
func bound(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

func (f *capper) check(learn.State) error {
	f.names = make([]string, len(f.Columns))
	for j, c := range f.Columns {
		f.names[j] = c.Name
	}
	return distinct(f.names)
}

func (f *capper) Spec() Spec { p := f.Params; return &p }

func (f *capper) State() learn.State { return pack("cap", f, nil) }

func (f *capper) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		v, err := numbersOf(c)
		if err != nil {
			return nil, err
		}
		lo, hi := math.Inf(-1), math.Inf(1)
		if b := f.Columns[j].Lower; b != nil {
			lo = *b
		}
		if b := f.Columns[j].Upper; b != nil {
			hi = *b
		}
		out := make([]float64, len(v))
		for i, x := range v {
			if x > hi {
				x = hi
			} else if x < lo {
				x = lo
			}
			out[i] = x
		}
		return []*table.Column{{Name: c.Name, Kind: table.Float64, Floats: out, Valid: c.Valid}}, nil
	})
}
