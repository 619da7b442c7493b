package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Scale maps each number x to (x - center) / scale, as scikit-learn's
// StandardScaler, MinMaxScaler and RobustScaler do. A column without spread is
// only centred. Missing values stay missing and take no part in the fit.
type Scale struct {
	Columns []string `json:"columns,omitempty" doc:"columns to scale; empty: every numeric column"`
	Method  string   `json:"method,omitempty" default:"standard" enum:"standard,minmax,robust" doc:"mean and standard deviation, minimum and range, or median and interquartile range"`
}

// Kind is "scale".
func (s *Scale) Kind() string { return "scale" }

type scaler struct {
	Params Scale     `json:"spec"`
	Names  []string  `json:"columns"`
	Center []float64 `json:"center"`
	Scale  []float64 `json:"scale"`
	notes
}

// Fit computes the centres and scales.
func (s *Scale) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Method = or(p.Method, "standard")
	if err := oneOf("method", p.Method, "standard", "minmax", "robust"); err != nil {
		return nil, err
	}
	columns, err := pick(t, p.Columns, "numbers", func(c *table.Column) bool {
		return numeric(c) || len(p.Columns) > 0 && numberLike(c)
	})
	if err != nil {
		return nil, err
	}
	f := &scaler{Params: p, Names: columnNames(columns),
		Center: make([]float64, len(columns)), Scale: make([]float64, len(columns))}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		f.Center[j], f.Scale[j] = spread(columns[j].Numbers(), p.Method)
		if math.IsInf(f.Center[j], 0) || math.IsNaN(f.Center[j]) || math.IsInf(f.Scale[j], 0) {
			return fmt.Errorf("column %q is too large to scale: cap it first", columns[j].Name)
		}
		return nil
	})
	return f, err
}

// spread returns the centre and the scale of the finite values of v.
func spread(v []float64, method string) (center, scale float64) {
	switch method {
	case "standard":
		m, n := mean(v)
		sd := math.Sqrt(variance(v, m))
		// scikit-learn's bound on what rounding alone makes of a constant column.
		const eps = 0x1p-52
		if off := float64(n) * m * eps; sd*sd <= float64(float64(n)*eps*sd*sd)+float64(off*off) {
			sd = 1
		}
		return m, sd
	case "minmax":
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, x := range v {
			if !math.IsInf(x, 0) && !math.IsNaN(x) {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
		if lo > hi {
			return 0, 1
		}
		return lo, nonzero(hi - lo)
	default:
		present := finite(v)
		if len(present) == 0 {
			return 0, 1
		}
		q := quantiles(present, .25, .5, .75)
		return q[1], nonzero(q[2] - q[0])
	}
}

// nonzero is v, or 1 where v is no more than ten roundings of 1 as in scikit-learn.
func nonzero(v float64) float64 {
	if v < 10*0x1p-52 {
		return 1
	}
	return v
}

func (f *scaler) check(learn.State) error {
	if len(f.Center) != len(f.Names) || len(f.Scale) != len(f.Names) {
		return fmt.Errorf("%d columns, %d centres and %d scales: want as many", len(f.Names), len(f.Center), len(f.Scale))
	}
	for j, s := range f.Scale {
		if s == 0 {
			return fmt.Errorf("column %q: a scale of 0", f.Names[j])
		}
	}
	return distinct(f.Names)
}

func (f *scaler) Spec() Spec { p := f.Params; return &p }

func (f *scaler) State() learn.State { return pack("scale", f, nil) }

func (f *scaler) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.Names, func(j int, c *table.Column) ([]*table.Column, error) {
		v, err := numbersOf(c)
		if err != nil {
			return nil, err
		}
		out := make([]float64, len(v))
		center, scale := f.Center[j], f.Scale[j]
		for i, x := range v {
			out[i] = (x - center) / scale
		}
		return []*table.Column{{Name: c.Name, Kind: table.Float64, Floats: out, Valid: validOf(c)}}, nil
	})
}

// validOf is the validity of numbers computed one by one from a column's.
func validOf(c *table.Column) table.Bitmap { return c.Valid }
