package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Ordinal replaces each category by its place in sorted order, or in an order
// that is given. A category that training did not hold, and a missing value, are
// missing, or Unseen where that is set.
type Ordinal struct {
	Columns []string            `json:"columns,omitempty" doc:"columns to encode; empty: every string and bool column"`
	Orders  map[string][]string `json:"orders,omitempty" doc:"the order of a column's categories, by column; a category that is not in it counts as unseen"`
	Unseen  *float64            `json:"unseen,omitempty" doc:"the number for unseen and missing categories; none: missing"`
}

// Kind is "ordinal".
func (s *Ordinal) Kind() string { return "ordinal" }

// Fit lists the categories.
func (s *Ordinal) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	columns, err := pickCategories(t, s.Columns)
	if err != nil {
		return nil, err
	}
	for name := range s.Orders {
		if !slices.Contains(columnNames(columns), name) {
			return nil, fmt.Errorf("orders: %w", noColumn(t, name))
		}
	}
	f := &ordinal{Params: *s, codebook: codebook{Columns: make([]codes, len(columns))}}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		c := codes{Name: columns[j].Name, Unseen: s.Unseen, Missing: s.Unseen}
		if order, ok := s.Orders[c.Name]; ok {
			c.Categories = order
		} else {
			c.Categories, _ = countCategories(columns[j])
		}
		f.Columns[j] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range f.Columns {
		f.note(f.Columns[i].Name, 0, "ordinal code of %d categories", len(f.Columns[i].Categories))
	}
	return f, f.check(learn.State{})
}

type ordinal struct {
	Params Ordinal `json:"spec"`
	codebook
	notes
}

func (f *ordinal) Spec() Spec { p := f.Params; return &p }

func (f *ordinal) State() learn.State { return pack("ordinal", f, nil) }

// Frequency replaces each category by the share of the training rows that have
// it; 0 for one that training did not hold. Missing counts as a category.
type Frequency struct {
	Columns []string `json:"columns,omitempty" doc:"columns to encode; empty: every string and bool column"`
}

// Kind is "frequency".
func (s *Frequency) Kind() string { return "frequency" }

// Fit counts the categories.
func (s *Frequency) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	columns, err := pickCategories(t, s.Columns)
	if err != nil {
		return nil, err
	}
	f := &frequency{Params: *s, codebook: codebook{Columns: make([]codes, len(columns))}}
	n := float64(max(t.Rows(), 1))
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		values, counts := countCategories(columns[j])
		zero, missing := 0.0, float64(columns[j].Nulls())/n
		c := codes{Name: columns[j].Name, Categories: values, Values: make([]float64, len(values)), Unseen: &zero, Missing: &missing}
		for k, count := range counts {
			c.Values[k] = float64(count) / n
		}
		f.Columns[j] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range f.Columns {
		f.note(f.Columns[i].Name, 0, "frequency of %d categories", len(f.Columns[i].Categories))
	}
	return f, f.check(learn.State{})
}

type frequency struct {
	Params Frequency `json:"spec"`
	codebook
	notes
}

func (f *frequency) Spec() Spec { p := f.Params; return &p }

func (f *frequency) State() learn.State { return pack("frequency", f, nil) }

func pickCategories(t *table.Table, names []string) ([]*table.Column, error) {
	return pick(t, names, "categories", func(c *table.Column) bool { return len(names) > 0 || categorical(c) })
}

// A codebook maps the categories of columns to one number each.
type codebook struct {
	Columns []codes `json:"columns"`
	names   []string
}

// codes are the numbers of a column's categories: Values[k], or k where there
// are no Values. Nil stands for missing.
type codes struct {
	Name       string    `json:"name"`
	Categories []string  `json:"categories"`
	Values     []float64 `json:"values,omitempty"`
	Unseen     *float64  `json:"unseen,omitempty"`
	Missing    *float64  `json:"missing,omitempty"`

	index map[string]int32
}

func (b *codebook) check(learn.State) error {
	b.names = make([]string, len(b.Columns))
	for j := range b.Columns {
		c := &b.Columns[j]
		b.names[j] = c.Name
		if c.Values != nil && len(c.Values) != len(c.Categories) {
			return fmt.Errorf("column %q: %d values for %d categories", c.Name, len(c.Values), len(c.Categories))
		}
		c.index = indexOf(c.Categories)
	}
	return distinct(b.names)
}

// Transform replaces each column by its numbers.
func (b *codebook) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, b.names, func(j int, c *table.Column) ([]*table.Column, error) {
		return []*table.Column{b.Columns[j].encode(c)}, nil
	})
}

func (e *codes) encode(c *table.Column) *table.Column {
	out := make([]float64, c.Len())
	absent := false
	for i, k := range lookup(c, e.index) {
		p := e.Missing
		switch {
		case k >= 0 && e.Values == nil:
			out[i] = float64(k)
			continue
		case k >= 0:
			out[i] = e.Values[k]
			continue
		case k == unseen:
			p = e.Unseen
		}
		if p == nil {
			out[i], absent = math.NaN(), true
		} else {
			out[i] = *p
		}
	}
	if absent {
		return table.FloatColumn(c.Name, out)
	}
	return &table.Column{Name: c.Name, Kind: table.Float64, Floats: out}
}
