package preprocess

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// OneHot replaces each categorical column by a column of 0 and 1 for each of its
// categories, named "<column>_<category>", categories in sorted order or in one
// that is given, such as that of bins. A category that training did not hold
// gives zeros throughout.
type OneHot struct {
	Columns       []string            `json:"columns,omitempty" doc:"columns to encode; empty: every string and bool column"`
	Orders        map[string][]string `json:"orders,omitempty" doc:"the order of a column's categories, by column, as drop_first takes it; a category that is not in it counts as unseen"`
	DropFirst     bool                `json:"drop_first,omitempty" default:"false" doc:"leave out the first category of each column"`
	MaxCategories int                 `json:"max_categories,omitempty" default:"0" min:"0" doc:"keep at most this many columns a feature, the rarest categories sharing one named infrequent; 0: no limit"`
	Missing       string              `json:"missing,omitempty" default:"zeros" enum:"zeros,category" doc:"a missing value is zeros throughout, or a category of its own where training rows have it"`
}

// Kind is "onehot".
func (s *OneHot) Kind() string { return "onehot" }

type oneHot struct {
	Params  OneHot         `json:"spec"`
	Columns []oneHotColumn `json:"columns"`
	notes
	names []string
}

// oneHotColumn says how a column is encoded: category k sets output To[k], where
// -1 sets none. Missing is the output that a missing value sets, or -1.
type oneHotColumn struct {
	Name       string   `json:"name"`
	Categories []string `json:"categories"`
	To         []int32  `json:"to"`
	Missing    int32    `json:"missing"`
	Outputs    []string `json:"outputs"`

	index map[string]int32
}

// Fit lists the categories. MaxCategories follows scikit-learn's OneHotEncoder:
// of equally rare categories the first in sorted order is infrequent first.
func (s *OneHot) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	p := *s
	p.Missing = or(p.Missing, "zeros")
	if err := oneOf("missing", p.Missing, "zeros", "category"); err != nil {
		return nil, err
	}
	if p.MaxCategories < 0 {
		return nil, fmt.Errorf("max_categories is %d: want 0 or more", p.MaxCategories)
	}
	columns, err := pick(t, p.Columns, "categories", func(c *table.Column) bool {
		return categorical(c) || len(p.Columns) > 0
	})
	if err != nil {
		return nil, err
	}
	for name, order := range p.Orders {
		if !slices.Contains(columnNames(columns), name) {
			return nil, fmt.Errorf("orders: %w", noColumn(t, name))
		}
		if err := distinct(order); err != nil {
			return nil, fmt.Errorf("orders of %q: %w", name, err)
		}
	}
	f := &oneHot{Params: p, Columns: make([]oneHotColumn, len(columns))}
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		f.Columns[j] = fitOneHot(columns[j], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	taken := takenNames(t)
	for i := range f.Columns {
		c := &f.Columns[i]
		if err := affordable(c.Name, t.Rows(), len(c.Outputs), "set max_categories, or encode it by target or frequency"); err != nil {
			return nil, err
		}
		delete(taken, c.Name)
		for k, name := range c.Outputs {
			c.Outputs[k] = unused(c.Name+"_"+name, taken)
		}
		f.note(c.Name, 0, "one-hot of %d categories", len(c.Categories))
	}
	return f, f.check(learn.State{})
}

func fitOneHot(c *table.Column, p OneHot) oneHotColumn {
	values, counts := countCategories(c)
	if order, ok := p.Orders[c.Name]; ok {
		values, counts = inOrder(order, values, counts)
	}
	out := oneHotColumn{Name: c.Name, Categories: values, Missing: -1, To: make([]int32, len(values)), Outputs: []string{}}
	rare := infrequent(counts, p.MaxCategories)
	drop := p.DropFirst
	add := func(name string) int32 {
		if drop {
			drop = false
			return -1
		}
		out.Outputs = append(out.Outputs, name)
		return int32(len(out.Outputs)) - 1
	}
	for k, v := range values {
		if !rare[k] {
			out.To[k] = add(v)
		}
	}
	if slices.Contains(rare, true) {
		bucket := add("infrequent")
		for k := range values {
			if rare[k] {
				out.To[k] = bucket
			}
		}
	}
	if p.Missing == "category" && c.Nulls() > 0 {
		out.Missing = add("missing")
	}
	return out
}

// inOrder puts counted categories into an order that is given.
func inOrder(order, values []string, counts []int) ([]string, []int) {
	out := make([]int, len(order))
	for k, v := range order {
		if i := slices.Index(values, v); i >= 0 {
			out[k] = counts[i]
		}
	}
	return order, out
}

// infrequent marks the categories that share the infrequent column.
func infrequent(counts []int, limit int) []bool {
	rare := make([]bool, len(counts))
	if limit == 0 || len(counts) <= limit {
		return rare
	}
	order := make([]int, len(counts))
	for k := range order {
		order[k] = k
	}
	sorting.Stable(order, func(a, b int) int { return counts[a] - counts[b] })
	for _, k := range order[:len(counts)-limit+1] {
		rare[k] = true
	}
	return rare
}

func (f *oneHot) check(learn.State) error {
	f.names = make([]string, len(f.Columns))
	for i := range f.Columns {
		c := &f.Columns[i]
		f.names[i] = c.Name
		if len(c.To) != len(c.Categories) {
			return fmt.Errorf("column %q: %d categories but %d places", c.Name, len(c.Categories), len(c.To))
		}
		for _, to := range append([]int32{c.Missing}, c.To...) {
			if to < -1 || int(to) >= len(c.Outputs) {
				return fmt.Errorf("column %q: place %d is none of its %d outputs", c.Name, to, len(c.Outputs))
			}
		}
		c.index = indexOf(c.Categories)
	}
	return distinct(f.names)
}

func (f *oneHot) Spec() Spec { p := f.Params; return &p }

func (f *oneHot) State() learn.State { return pack("onehot", f, nil) }

func (f *oneHot) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		return f.Columns[j].encode(c), nil
	})
}

func (e *oneHotColumn) encode(c *table.Column) []*table.Column {
	n := c.Len()
	outs, values := floatColumns(e.Outputs, n)
	set := func(i int, to int32) {
		if to >= 0 {
			values[int(to)*n+i] = 1
		}
	}
	for i, k := range lookup(c, e.index) {
		switch {
		case k >= 0:
			set(i, e.To[k])
		case k == missing:
			set(i, e.Missing)
		}
	}
	return outs
}

// floatColumns makes Float64 columns of n zeros without missing values that lie
// in one block of memory, one after the other.
func floatColumns(names []string, n int) ([]*table.Column, []float64) {
	values := make([]float64, n*len(names))
	block := make([]table.Column, len(names))
	outs := make([]*table.Column, len(names))
	for k, name := range names {
		block[k] = table.Column{Name: name, Kind: table.Float64, Floats: values[k*n : (k+1)*n : (k+1)*n]}
		outs[k] = &block[k]
	}
	return outs, values
}
