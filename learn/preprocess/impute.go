package preprocess

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Impute fills missing values: numbers by a statistic of their column or from
// the other numeric columns, strings and bools by their mode or a constant.
// Numeric columns come out as float64. A column whose training rows have no
// value at all is filled with 0. Times stay as they are.
type Impute struct {
	Columns     []string `json:"columns,omitempty" doc:"columns to fill; empty: every one but times"`
	Numeric     string   `json:"numeric,omitempty" default:"mean" enum:"mean,median,mode,constant,knn,iterative,keep" doc:"how numbers are filled; keep leaves them missing"`
	Categorical string   `json:"categorical,omitempty" default:"mode" enum:"mode,constant,keep" doc:"how strings and bools are filled; keep leaves them missing"`
	Constant    float64  `json:"constant,omitempty" default:"0" doc:"the number that constant fills in"`
	Text        string   `json:"text,omitempty" default:"missing" doc:"the string that constant fills in; a bool is filled with false"`
	Indicators  bool     `json:"indicators,omitempty" default:"false" doc:"add a column <name>_missing of 0 and 1 for each column with missing values in training"`
	Neighbors   int      `json:"neighbors,omitempty" default:"5" min:"1" doc:"knn: rows to average"`
	Donors      int      `json:"donors,omitempty" default:"10000" min:"1" doc:"knn: training rows to look among, a seeded sample where there are more"`
	Iterations  int      `json:"iterations,omitempty" default:"10" min:"1" doc:"iterative: rounds at most"`
	Ridge       float64  `json:"ridge,omitempty" default:"0.001" min:"0" doc:"iterative: L2 penalty of the regressions"`
}

// Kind is "impute".
func (s *Impute) Kind() string { return "impute" }

type imputer struct {
	Params  Impute       `json:"spec"`
	Columns []imputeFill `json:"columns"`
	Joint   []string     `json:"joint,omitempty"` // the columns of knn or iterative
	Rounds  []regression `json:"rounds,omitempty"`
	notes

	names  []string
	at     map[string]int // a joint column's place in names
	donors *donors
}

// imputeFill is what one column is filled with. None leaves it as it is.
type imputeFill struct {
	Name      string     `json:"name"`
	Type      table.Kind `json:"type"`
	None      bool       `json:"none,omitempty"`
	Number    float64    `json:"number,omitempty"`
	Text      string     `json:"text,omitempty"`
	Indicator string     `json:"indicator,omitempty"`
}

func (s *Impute) withDefaults() (Impute, error) {
	p := *s
	p.Numeric = or(p.Numeric, "mean")
	p.Categorical = or(p.Categorical, "mode")
	p.Text = or(p.Text, "missing")
	p.Neighbors = or(p.Neighbors, 5)
	p.Donors = or(p.Donors, 10_000)
	p.Iterations = or(p.Iterations, 10)
	p.Ridge = or(p.Ridge, 1e-3)
	if err := oneOf("numeric", p.Numeric, "mean", "median", "mode", "constant", "knn", "iterative", "keep"); err != nil {
		return p, err
	}
	if err := oneOf("categorical", p.Categorical, "mode", "constant", "keep"); err != nil {
		return p, err
	}
	if p.Neighbors < 1 || p.Donors < 1 || p.Iterations < 1 || p.Iterations > 1000 || !(p.Ridge > 0) {
		return p, fmt.Errorf("neighbors, donors and ridge are above 0, iterations 1 to 1000")
	}
	return p, nil
}

// Fit computes what each column is filled with.
func (s *Impute) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	columns, err := pick(t, p.Columns, "numbers, strings or bools", notTime)
	if err != nil {
		return nil, err
	}
	f := &imputer{Params: p, Columns: make([]imputeFill, len(columns))}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		f.Columns[j] = fitFill(columns[j], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	taken := takenNames(t)
	for j, c := range columns {
		fill, n := &f.Columns[j], c.Nulls()
		if n > 0 && p.Indicators {
			fill.Indicator = unused(c.Name+"_missing", taken)
		}
		switch {
		case n == 0:
		case fill.None:
			f.note(c.Name, n, "%s kept", many(n, "missing value"))
		case n == c.Len():
			f.note(c.Name, n, "no values at all: filled with %s", fill.describe())
		case numeric(c) && joint(p.Numeric):
			f.note(c.Name, n, "%s filled by %s", many(n, "missing value"), p.Numeric)
		default:
			f.note(c.Name, n, "%s filled with %s", many(n, "missing value"), fill.describe())
		}
		if numeric(c) && joint(p.Numeric) {
			f.Joint = append(f.Joint, c.Name)
		}
	}
	if p.Numeric == "knn" {
		f.donors = sampleDonors(t, f.Joint, p, opts)
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	if p.Numeric == "iterative" {
		err = f.fitRounds(ctx, t, opts)
	}
	return f, err
}

// joint reports whether a method fills a number from the row's other numbers.
func joint(method string) bool { return method == "knn" || method == "iterative" }

func fitFill(c *table.Column, p Impute) imputeFill {
	fill := imputeFill{Name: c.Name, Type: c.Kind}
	if !numeric(c) {
		fitCategory(&fill, c, p)
		return fill
	}
	switch p.Numeric {
	case "keep":
		fill.None = true
	case "constant":
		fill.Number = p.Constant
	case "median", "mode":
		v := finite(c.Numbers())
		if len(v) == 0 {
			break
		}
		if p.Numeric == "median" {
			fill.Number = quantiles(v, .5)[0]
		} else {
			fill.Number = mode(v)
		}
	default:
		fill.Number, _ = mean(c.Numbers())
	}
	if math.IsInf(fill.Number, 0) || math.IsNaN(fill.Number) {
		fill.Number = 0 // the mean of values near the largest float64 overflows
	}
	fill.Number += 0 // -0 becomes 0, as which it is stored
	return fill
}

func fitCategory(fill *imputeFill, c *table.Column, p Impute) {
	switch p.Categorical {
	case "keep":
		fill.None = true
	case "constant":
		fill.Text = p.Text
		if c.Kind == table.Bool {
			fill.Text = "false"
		}
	default:
		values, counts := countCategories(c)
		best := 0
		for k := range counts {
			if counts[k] > counts[best] {
				best = k
			}
		}
		switch {
		case len(values) > 0:
			fill.Text = values[best]
		case c.Kind == table.Bool:
			fill.Text = "false"
		default:
			fill.Text = p.Text
		}
	}
}

func (f *imputeFill) describe() string {
	if f.Type.Numeric() {
		return fmt.Sprintf("%.6g", f.Number)
	}
	return fmt.Sprintf("%q", f.Text)
}

func (f *imputer) prepare() error {
	f.names = make([]string, len(f.Columns))
	f.at = map[string]int{}
	for j, c := range f.Columns {
		f.names[j] = c.Name
		if c.Type.Numeric() {
			f.at[c.Name] = j
		} else if c.Type == table.Time || c.Type == table.Bool && !c.None && c.Text != "true" && c.Text != "false" {
			return fmt.Errorf("column %q: a fill of %q for a %s", c.Name, c.Text, c.Type)
		}
	}
	for _, name := range f.Joint {
		if _, ok := f.at[name]; !ok {
			return fmt.Errorf("%s column %q is none of the numeric columns", f.Params.Numeric, name)
		}
	}
	if err := distinct(f.Joint); err != nil {
		return err
	}
	return distinct(f.names)
}

func (f *imputer) check(s learn.State) error {
	if _, err := f.Params.withDefaults(); err != nil {
		return err
	}
	if err := f.prepare(); err != nil {
		return err
	}
	if f.Params.Numeric == "knn" {
		return f.restoreDonors(s)
	}
	return f.checkRounds()
}

func (f *imputer) Spec() Spec { p := f.Params; return &p }

func (f *imputer) State() learn.State {
	var tensors map[string]learn.Tensor
	if f.donors != nil {
		tensors = map[string]learn.Tensor{"donors": f.donors.tensor()}
	}
	return pack("impute", f, tensors)
}

func (f *imputer) Transform(t *table.Table) (*table.Table, error) {
	var filled [][]float64
	if len(f.Joint) > 0 {
		var err error
		if filled, err = f.fillJoint(t); err != nil {
			return nil, err
		}
	}
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		fill := &f.Columns[j]
		var out *table.Column
		switch {
		case fill.None:
			out = c
		case filled != nil && filled[j] != nil:
			out = &table.Column{Name: c.Name, Kind: table.Float64, Floats: filled[j]}
		case fill.Type.Numeric():
			v, err := numbersOf(c)
			if err != nil {
				return nil, err
			}
			out = fillNumbers(c, v, fill.Number)
		default:
			out = fillText(c, fill)
		}
		if fill.Indicator == "" {
			return []*table.Column{out}, nil
		}
		return []*table.Column{out, indicator(c, fill.Indicator)}, nil
	})
}

// fillNumbers fills the missing slots of v, the numbers of c.
func fillNumbers(c *table.Column, v []float64, with float64) *table.Column {
	out := &table.Column{Name: c.Name, Kind: table.Float64, Floats: v}
	if c.Valid == nil {
		return out
	}
	if c.Kind == table.Float64 { // v is the column's own
		out.Floats = append([]float64(nil), v...)
	}
	for i := range out.Floats {
		if c.Missing(i) {
			out.Floats[i] = with
		}
	}
	return out
}

// fillText fills the missing values of a column that was categorical at fit.
func fillText(c *table.Column, fill *imputeFill) *table.Column {
	if c.Valid == nil {
		return c
	}
	n := c.Len()
	if c.Kind == table.Bool && fill.Type == table.Bool {
		out := &table.Column{Name: c.Name, Kind: table.Bool, Bools: append([]bool(nil), c.Bools...)}
		for i := range n {
			if c.Missing(i) {
				out.Bools[i] = fill.Text == "true"
			}
		}
		return out
	}
	out := &table.Column{Name: c.Name, Kind: table.String}
	if c.Kind != table.String { // a type that serving read otherwise: by its text
		out = table.StringColumn(c.Name, c.Strings())
	} else {
		out.Codes, out.Dict = append([]uint32(nil), c.Codes...), c.Dict
	}
	code := uint32(len(out.Dict))
	for k, text := range out.Dict {
		if text == fill.Text {
			code = uint32(k)
			break
		}
	}
	if int(code) == len(out.Dict) {
		out.Dict = append(out.Dict[:code:code], fill.Text)
	}
	for i := range n {
		if c.Missing(i) {
			out.Codes[i] = code
		}
	}
	return out
}

// indicator is 1 where c has no value.
func indicator(c *table.Column, name string) *table.Column {
	out := make([]float64, c.Len())
	for i := range out {
		if c.Missing(i) {
			out[i] = 1
		}
	}
	return &table.Column{Name: name, Kind: table.Float64, Floats: out}
}
