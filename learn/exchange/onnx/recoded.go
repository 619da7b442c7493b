package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/exchange"
)

// A recoded is a column of numbers some of which are replaced, on its way to be
// looked up: nil stands for what is left as it is.
type recoded struct {
	column   feature
	fraction *float64 // of numbers that are not whole
	negative *float64
	missing  *float64
	low, top *float64 // bounds
}

// A member says of a column whether its number, cut to a whole one, is in a set:
// 0 where it is, 1 where not, NaN where it is missing.
type member struct {
	column feature
	set    []uint64
}

// recode follows the nodes by which categories that are numbers are looked up.
// It gives nil where a node is not one of them.
func (r *reader) recode(op string, in []*value) *value {
	if len(in) < 2 && op != "Floor" {
		return nil
	}
	x := in[0]
	column := func(v *value) bool { return len(v.columns) == 1 && !v.columns[0].text }
	switch {
	case op == "Floor" && column(x):
		return &value{floor: &x.columns[0]}
	case op == "Equal" && x.floor != nil && column(in[1]) && *x.floor == in[1].columns[0]:
		return &value{whole: x.floor}
	case op == "Where" && x.whole != nil && column(in[1]) && *x.whole == in[1].columns[0] && in[2].scalar():
		return &value{recoded: &recoded{column: *x.whole, fraction: &in[2].constant.numbers[0]}}
	case op == "Where" && x.beyond != nil && !x.beyond.greater && x.beyond.value == 0 && in[1].scalar() && column(in[2]) && x.beyond.column == in[2].columns[0] && in[1].constant.numbers[0] != 0:
		return &value{recoded: &recoded{column: x.beyond.column, negative: &in[1].constant.numbers[0]}}
	case op == "Where" && x.absent != nil && in[1].scalar() && in[2].recoded != nil && *x.absent == in[2].recoded.column && in[2].recoded.missing == nil:
		next := *in[2].recoded
		next.missing = &in[1].constant.numbers[0]
		return &value{recoded: &next}
	case op == "Clip" && x.recoded != nil && x.recoded.low == nil && len(in) == 3 && in[1].scalar() && in[2].scalar():
		next := *x.recoded
		next.low, next.top = &in[1].constant.numbers[0], &in[2].constant.numbers[0]
		return &value{recoded: &next}
	}
	return nil
}

// wholes is how a recoded column's numbers are taken for categories: those with a
// fraction are none of them.
func (c *recoded) wholes(keys, values []float64, other float64) (*codes, error) {
	if c.fraction == nil || c.missing == nil || c.negative != nil || c.low != nil || slices.Contains(keys, *c.fraction) {
		return nil, fmt.Errorf("it looks up numbers that were replaced in another way than of fractions and missing ones")
	}
	out := &codes{column: c.column, missing: other, other: other}
	seen := map[float64]bool{}
	for k, key := range keys {
		if seen[key] || math.IsInf(values[k], 0) {
			return nil, fmt.Errorf("the key %v is there twice, or has the value %v", key, values[k])
		}
		seen[key] = true
		if key == *c.missing {
			out.missing = values[k]
			continue
		}
		names, err := categories(nil, []float64{key})
		if err != nil {
			return nil, err
		}
		out.keys, out.values = append(out.keys, names[0]), append(out.values, values[k])
	}
	return out, nil
}

// memberOf is a look-up of 0 and 1 by a recoded column: the last but one is of all
// other numbers, and the last, at -1, of missing ones.
func (r *reader) memberOf(t *constant, c *recoded) (*value, error) {
	n := len(t.numbers)
	switch {
	case len(t.shape) != 1 || n < 3 || n > 64*widest+2:
		return nil, fmt.Errorf("it looks up numbers in a table of the shape %v: want a row", t.shape)
	case c.fraction != nil || c.negative == nil || c.missing == nil || c.low == nil || *c.missing != -1 || *c.low != -1 || *c.top != float64(n-2) || !(*c.negative >= *c.top):
		return nil, fmt.Errorf("it looks up numbers that were replaced in another way than those below 0 and missing ones")
	case !math.IsNaN(t.numbers[n-1]) || t.numbers[n-2] != 1:
		return nil, fmt.Errorf("its table ends with %v and %v: want 1, of all other numbers, and NaN, of missing ones", t.numbers[n-2], t.numbers[n-1])
	}
	if err := r.copies(n / 8); err != nil { // a bit each, and a look at it
		return nil, err
	}
	m := &member{c.column, make([]uint64, (n-2+63)/64)}
	for k, v := range t.numbers[:n-2] {
		switch v {
		case 0:
			m.set[k/64] |= 1 << (k % 64)
		case 1:
		default:
			return nil, fmt.Errorf("its table has %v at %d: want 0, of the set's, or 1", v, k)
		}
	}
	return &value{columns: []feature{{name: c.column.name, made: c.column.made, member: m}}}, nil
}

// resolve makes splits at a set's membership splits of its column, and gives the
// columns that trees take.
func resolve(e *ensemble.Ensemble, features []feature) ([]feature, error) {
	at := make([]int32, len(features))
	var columns []feature
	known := map[feature]int32{}
	for j, f := range features {
		if f.member == nil {
			if _, ok := known[f]; !ok {
				known[f] = int32(len(columns))
			}
			at[j], columns = int32(len(columns)), append(columns, f)
		}
	}
	for j, f := range features {
		if f.member == nil {
			continue
		}
		k, ok := known[f.member.column]
		if !ok {
			k, columns = int32(len(columns)), append(columns, f.member.column)
			known[f.member.column] = k
		}
		at[j] = k
	}
	for i := range e.Trees {
		t := &e.Trees[i]
		for k, f := range t.Feature {
			if f < 0 {
				continue
			}
			t.Feature[k] = at[f]
			m := features[f].member
			if m == nil {
				continue
			}
			if v := t.Threshold[k]; v < 0 || v >= 1 || t.Categories != nil && t.Categories[k] != nil {
				return nil, fmt.Errorf("tree %d, node %d: it splits what is 0 or 1 at %v", i, k, v)
			}
			if t.Categories == nil {
				t.Categories = make([][]uint64, len(t.Feature))
			}
			t.Categories[k], t.Threshold[k] = m.set, 0
		}
	}
	e.Features = nil
	for _, c := range columns {
		e.Features = append(e.Features, c.name)
	}
	if len(columns) > exchange.MaxFeatures {
		return nil, fmt.Errorf("its trees take %d columns: at most %d are read", len(columns), exchange.MaxFeatures)
	}
	return columns, nil
}
