package preprocess

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// TargetEncode replaces each category by the mean of the target over the
// training rows that have it, drawn towards the mean of all (Micci-Barreca 2001),
// as scikit-learn's TargetEncoder. With two classes the target is 1 for the
// second; with more, a column becomes one a class, named "<column>_<class>".
// Missing counts as a category; one that training did not hold has the mean of
// all.
//
// On the rows of the fit, FitTransform encodes each fold by the others, so that
// no row's encoding has seen its own target. Transform on those rows would leak.
type TargetEncode struct {
	Columns []string `json:"columns,omitempty" doc:"columns to encode; empty: every string and bool column"`
	Smooth  float64  `json:"smooth,omitempty" default:"0" min:"0" doc:"how many rows the mean of all counts for; 0: by empirical Bayes, from the variance within and across categories"`
	Folds   int      `json:"folds,omitempty" default:"5" min:"2" doc:"folds of the cross-fitting"`
}

// Kind is "target".
func (s *TargetEncode) Kind() string { return "target" }

type targetEncoder struct {
	Params  TargetEncode   `json:"spec"`
	Overall []float64      `json:"overall"` // the target's mean, one a class for more than two
	Columns []targetColumn `json:"columns"`
	notes
	names []string
}

// targetColumn holds an encoding for each category and class, category-major.
// The last category stands for missing.
type targetColumn struct {
	Name       string    `json:"name"`
	Categories []string  `json:"categories"`
	Values     []float64 `json:"values"`
	Outputs    []string  `json:"outputs"`

	index map[string]int32
}

// Fit computes the encodings for rows that are not those of the fit.
func (s *TargetEncode) Fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, error) {
	f, _, err := s.fit(ctx, t, y, opts, nil)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// FitTransform is Fit, and the training rows encoded fold by fold. Folds are
// seeded, and stratified by class.
func (s *TargetEncode) FitTransform(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, *table.Table, error) {
	if y == nil {
		return nil, nil, errors.New("target encoding needs the target")
	}
	f, out, err := s.fit(ctx, t, y, opts, s.assignFolds(y, opts))
	if err != nil {
		return nil, nil, err
	}
	return f, out, nil
}

// fit fits on all rows, and where fold says the fold of each row also encodes
// them by the other folds.
func (s *TargetEncode) fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options, fold []int) (*targetEncoder, *table.Table, error) {
	p := *s
	p.Folds = or(p.Folds, 5)
	switch {
	case y == nil:
		return nil, nil, errors.New("target encoding needs the target")
	case y.Len() != t.Rows():
		return nil, nil, fmt.Errorf("%d rows but %d of target", t.Rows(), y.Len())
	case p.Folds < 2 || !(p.Smooth >= 0):
		return nil, nil, fmt.Errorf("folds is %d and smooth %v: want 2 or more, and 0 or more", p.Folds, p.Smooth)
	}
	columns, err := pickCategories(t, p.Columns)
	if err != nil {
		return nil, nil, err
	}
	responses := asResponses(y)
	all := make([]bool, y.Len())
	for i := range all {
		all[i] = true
	}
	f := &targetEncoder{Params: p, Columns: make([]targetColumn, len(columns))}
	for _, r := range responses {
		m, _ := meanWhere(r, all)
		f.Overall = append(f.Overall, m)
	}
	taken := takenNames(t)
	for j, c := range columns {
		e := targetColumn{Name: c.Name, Outputs: []string{c.Name}}
		if len(responses) > 1 {
			delete(taken, c.Name)
			e.Outputs = nil
			for _, class := range y.Classes {
				e.Outputs = append(e.Outputs, unused(c.Name+"_"+class, taken))
			}
		}
		f.Columns[j] = e
	}
	encoded := make([][]*table.Column, len(columns))
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		e := &f.Columns[j]
		e.Categories, _ = countCategories(columns[j])
		at := e.places(columns[j])
		e.Values = p.encodings(at, responses, len(e.Categories)+1, all)
		if fold != nil {
			encoded[j] = p.crossEncode(e, at, responses, fold)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i := range f.Columns {
		f.note(f.Columns[i].Name, 0, "target encoding of %d categories", len(f.Columns[i].Categories))
	}
	if err := f.check(learn.State{}); err != nil || fold == nil {
		return f, nil, err
	}
	out, err := rewrite(t, f.names, func(j int, _ *table.Column) ([]*table.Column, error) { return encoded[j], nil })
	return f, out, err
}

// asResponses is the target as numbers: itself, 1 for the second of two
// classes, or for more than two a response a class.
func asResponses(y *learn.Target) [][]float64 {
	if y.Task != learn.Classification {
		return [][]float64{y.Values}
	}
	first, n := 0, len(y.Classes)
	if n <= 2 {
		first, n = n-1, 1
	}
	out := make([][]float64, n)
	for k := range out {
		out[k] = make([]float64, len(y.Labels))
		for i, label := range y.Labels {
			if int(label) == first+k {
				out[k][i] = 1
			}
		}
	}
	return out
}

// places gives each row's category, the last for missing; unseen stays.
func (e *targetColumn) places(c *table.Column) []int32 {
	if e.index == nil {
		e.index = indexOf(e.Categories)
	}
	at := lookup(c, e.index)
	for i, k := range at {
		if k == missing {
			at[i] = int32(len(e.Categories))
		}
	}
	return at
}

// encodings computes categories x responses means over the rows of use. A
// category without rows there has the mean of all.
func (s *TargetEncode) encodings(at []int32, responses [][]float64, categories int, use []bool) []float64 {
	out := make([]float64, categories*len(responses))
	counts, sums, squares := make([]float64, categories), make([]float64, categories), make([]float64, categories)
	for r, y := range responses {
		overall, n := meanWhere(y, use)
		clear(counts)
		clear(sums)
		for i, k := range at {
			if use[i] {
				counts[k]++
				sums[k] += y[i]
			}
		}
		total := 0.0
		clear(squares)
		for i, k := range at {
			if use[i] {
				d, e := y[i]-sums[k]/counts[k], y[i]-overall
				squares[k] += float64(d * d)
				total += float64(e * e)
			}
		}
		variance := total / max(n, 1)
		for k := range categories {
			v := overall
			switch {
			case counts[k] == 0:
			case s.Smooth > 0:
				v = (sums[k] + float64(s.Smooth*overall)) / (counts[k] + s.Smooth)
			default:
				across, within := float64(variance*counts[k]), squares[k]/counts[k]
				if weight := across / (across + within); weight == weight {
					v = float64(weight*(sums[k]/counts[k])) + float64((1-weight)*overall)
				}
			}
			out[k*len(responses)+r] = v
		}
	}
	return out
}

func meanWhere(y []float64, use []bool) (mean, n float64) {
	for i, v := range y {
		if use[i] {
			mean += v
			n++
		}
	}
	return mean / max(n, 1), n
}

// crossEncode encodes the rows of each fold by the rows of the others.
func (s *TargetEncode) crossEncode(e *targetColumn, at []int32, responses [][]float64, fold []int) []*table.Column {
	outs, values := floatColumns(e.Outputs, len(at))
	use := make([]bool, len(at))
	for k := range s.Folds {
		for i, f := range fold {
			use[i] = f != k
		}
		enc := s.encodings(at, responses, len(e.Categories)+1, use)
		for i, f := range fold {
			if f == k {
				for r := range responses {
					values[r*len(at)+i] = enc[int(at[i])*len(responses)+r]
				}
			}
		}
	}
	return outs
}

// assignFolds deals the rows out to the folds, in an order by the seed; classes
// are spread evenly.
func (s *TargetEncode) assignFolds(y *learn.Target, opts *learn.Options) []int {
	var seed uint64
	if opts != nil {
		seed = opts.Seed
	}
	n, folds := y.Len(), max(or(s.Folds, 5), 2)
	random := rand.New(rand.NewPCG(seed, 0x746172676574))
	order := random.Perm(n)
	fold, dealt := make([]int, n), make([]int, len(y.Classes)+1)
	for _, i := range order {
		class := 0
		if y.Task == learn.Classification {
			class = int(y.Labels[i])
		}
		fold[i] = (dealt[class] + class) % folds
		dealt[class]++
	}
	return fold
}

func (f *targetEncoder) check(learn.State) error {
	f.names = make([]string, len(f.Columns))
	for j := range f.Columns {
		c := &f.Columns[j]
		f.names[j] = c.Name
		if len(f.Overall) == 0 || len(c.Outputs) != len(f.Overall) || len(c.Values) != len(f.Overall)*(len(c.Categories)+1) {
			return fmt.Errorf("column %q: %d outputs and %d values for %d categories and %d responses",
				c.Name, len(c.Outputs), len(c.Values), len(c.Categories), len(f.Overall))
		}
		c.index = indexOf(c.Categories)
	}
	return distinct(f.names)
}

func (f *targetEncoder) Spec() Spec { p := f.Params; return &p }

func (f *targetEncoder) State() learn.State { return pack("target", f, nil) }

// Transform encodes rows that are not those of the fit.
func (f *targetEncoder) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		e := &f.Columns[j]
		outs, values := floatColumns(e.Outputs, c.Len())
		n, width := c.Len(), len(f.Overall)
		for i, k := range e.places(c) {
			for r, overall := range f.Overall {
				if k >= 0 {
					overall = e.Values[int(k)*width+r]
				}
				values[r*n+i] = overall
			}
		}
		return outs, nil
	})
}
