package onnx

import (
	"cmp"
	"fmt"
	"slices"
)

// A feature is a column of the table, or an output of a fit, as it is after some
// changes.
type feature struct {
	name   string
	text   bool
	cut    bool    // to a whole number
	made   *change // the last that made or changed it; nil: it is as the graph takes it
	member *member // it says whether the column is in a set of categories
	of     *fit    // it is an output of this
	output int
}

// A change is a transform of columns: into others of the same names or, where it
// makes columns, into these.
type change struct {
	kind   string
	params map[string]any
	takes  []feature
	makes  []string
	keeps  bool // the columns that it takes are there still
	at     int
}

// change adds a transform.
func (r *reader) change(kind string, params map[string]any, takes []feature, makes []string, keeps bool) (*change, error) {
	if params["spec"] == nil {
		params["spec"] = map[string]any{}
	}
	for _, c := range takes {
		if c.cut && !slices.Contains([]string{"onehot", "frequency", "target"}, kind) {
			return nil, fmt.Errorf("it changes the column %q, which was cut to whole numbers: only categories are that here", c.name)
		}
		if c.member != nil {
			return nil, fmt.Errorf("it changes what says whether %q is in a set of categories: trees alone take it", c.name)
		}
	}
	if len(makes) > maxColumns {
		return nil, fmt.Errorf("it makes %d columns: at most %d are read", len(makes), maxColumns)
	}
	r.fresh++
	return &change{kind, params, takes, makes, keeps, r.fresh}, r.take(len(takes) + newColumn*len(makes))
}

// changed is columns after a transform that keeps their names.
func (r *reader) changed(kind string, params map[string]any, columns []feature) (*value, error) {
	names := make([]string, len(columns))
	for j, c := range columns {
		names[j] = c.name
	}
	c, err := r.change(kind, params, columns, names, false)
	out := slices.Clone(columns)
	for j := range out {
		out[j].made, out[j].cut = c, false
	}
	return &value{columns: out}, err
}

// created is the columns that a transform makes, in place of the one that it
// takes or beside it.
func (r *reader) created(kind string, params map[string]any, from feature, names []string, beside bool) (*value, error) {
	c, err := r.change(kind, params, []feature{from}, names, beside)
	out := &value{}
	for _, name := range names {
		out.columns = append(out.columns, feature{name: name, made: c})
	}
	return out, err
}

// newColumn is what a column that is made counts as: it has a name, which others
// must not have.
const newColumn = 8

// size is about how many numbers and texts params are made of.
func size(params any) int {
	n := 1
	switch v := params.(type) {
	case map[string]any:
		for _, p := range v {
			n += size(p)
		}
	case []any:
		for _, p := range v {
			n += size(p)
		}
	case []float64:
		n += len(v)
	case [][]float64:
		for _, p := range v {
			n += len(p)
		}
	case []string:
		n += len(v)
	}
	return n
}

// take counts the columns that nodes take and make, and the numbers that these are
// made by.
func (r *reader) take(columns int) error {
	if r.work += columns; r.work > maxWork {
		return fmt.Errorf("its nodes take and make more than %d columns in all: write a model of fewer members or columns", maxWork)
	}
	return nil
}

// copies counts numbers that a node makes of those of tensors, which many may share.
func (r *reader) copies(numbers int) error {
	if most := maxMore + 8*r.held; numbers > most-r.copied {
		return fmt.Errorf("its nodes make more than %d numbers of the %d of its tensors: write a model whose nodes share less", most, r.held)
	}
	r.copied += numbers
	return nil
}

// made names a column that a change makes.
func (r *reader) made(of string) string {
	r.fresh++
	return fmt.Sprintf("%s__%d", of, r.fresh)
}

// plan lists the changes that make features, in their order. A table has a column
// in its last state alone, so that one that is used in two is an error.
func (r *reader) plan(features []feature) ([]*change, error) {
	known := map[*change]bool{}
	var changes []*change
	left := slices.Clone(features)
	for len(left) > 0 {
		c := left[len(left)-1].made
		left = left[:len(left)-1]
		if c == nil || known[c] {
			continue
		}
		if err := r.take(len(c.takes) + len(c.makes)); err != nil {
			return nil, err
		}
		known[c] = true
		changes, left = append(changes, c), append(left, c.takes...)
	}
	slices.SortFunc(changes, func(a, b *change) int { return cmp.Compare(a.at, b.at) })
	state := map[string]*change{}
	current := func(columns []feature) error {
		for _, c := range columns {
			if state[c.name] != c.made {
				return fmt.Errorf("the column %q is needed as it was before another node changed it, too: a column that is used in two ways is not read", c.name)
			}
		}
		return nil
	}
	for _, c := range changes {
		if err := current(c.takes); err != nil {
			return nil, err
		}
		for _, t := range c.takes {
			if !c.keeps {
				state[t.name] = c
			}
		}
		for _, name := range c.makes {
			state[name] = c
		}
	}
	return changes, current(features)
}

// steps are changes as the state of a graph has them.
func steps(changes []*change) []any {
	out := []any{}
	for _, c := range changes {
		out = append(out, map[string]any{"kind": c.kind, "params": c.params})
	}
	return out
}
