package explain

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/table"
)

// A Flip is a few changes of a row after which the model says another class.
type Flip struct {
	Changes     []FlipChange `json:"changes"`
	Cost        float64      `json:"cost"`        // of a number, .1 and how far it goes of the range in training; of others, 1
	Probability float64      `json:"probability"` // of the class that was asked for
}

// A FlipChange gives a column another value, of those that training had.
type FlipChange struct {
	Column string `json:"column"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// gridSize is how many values of a number are tried, over its range in training.
const gridSize = 40

// Flips finds the nearest changes of a raw row by which the model says class, at its
// threshold where it has one. Only values that training had are tried, numbers within
// their range. Times, and texts of more categories than the model lists, stay as they
// are. There may be none.
func Flips(ctx context.Context, m *model.Model, row *table.Table, class string) ([]Flip, error) {
	want := slices.Index(m.Classes, class)
	switch {
	case m.Task == learn.Regression:
		return nil, fmt.Errorf("the model predicts a number: only a class can be asked for")
	case m.Task != learn.Classification:
		return nil, fmt.Errorf("the task of the model is %s: only a class can be asked for", m.Task)
	case want < 0:
		return nil, fmt.Errorf("the model has no class %q%s", class, nearest.Hint(class, m.Classes))
	case row.Rows() != 1:
		return nil, fmt.Errorf("%d rows: changes are looked for one row at a time", row.Rows())
	}
	cells, err := m.CheckInput(row)
	if err != nil {
		return nil, err
	}
	all := make([]*table.Column, len(m.Inputs)) // the row's own value, and the others
	s := explain.Search{Options: make([]int, len(m.Inputs))}
	for j, in := range m.Inputs {
		both, err := table.Concat(&table.Table{Columns: cells.Columns[j : j+1]}, &table.Table{Columns: []*table.Column{others(in, cells.Columns[j])}})
		if err != nil {
			return nil, err
		}
		all[j] = both.Columns[0]
		s.Options[j] = both.Rows() - 1
	}
	s.Cost = func(column, option int) float64 {
		in, values := m.Inputs[column], all[column].Numbers()
		if !in.Kind.Numeric() || all[column].Missing(0) || in.Max == nil || *in.Max == *in.Min {
			return 1
		}
		return 0.1 + math.Abs(values[option+1]-values[0])/(*in.Max-*in.Min)
	}
	predict := func(sets [][]explain.Change) (*model.Prediction, error) {
		at := make([]int, len(sets))
		t := &table.Table{}
		for j, values := range all {
			clear(at)
			for i, set := range sets {
				for _, c := range set {
					if c.Column == j {
						at[i] = c.Option + 1
					}
				}
			}
			t.Columns = append(t.Columns, values.Take(at))
		}
		return m.Predict(t)
	}
	var failed error
	s.Judge = func(sets [][]explain.Change) []float64 {
		scores := make([]float64, len(sets))
		p, err := predict(sets)
		if err != nil {
			failed = err
			return scores
		}
		for i := range scores {
			scores[i] = margin(p.Probabilities[i*len(m.Classes):(i+1)*len(m.Classes)], want, m.Threshold)
			if p.Labels[i] == class { // also where two are equal
				scores[i] = max(scores[i], math.SmallestNonzeroFloat64)
			} else {
				scores[i] = min(scores[i], 0)
			}
		}
		return scores
	}
	if now := s.Judge([][]explain.Change{nil}); failed == nil && now[0] > 0 {
		return nil, fmt.Errorf("the model says %s of the row as it is", class)
	}
	found, err := s.Find(ctx)
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	flips := []Flip{}
	for _, f := range found {
		p, err := predict([][]explain.Change{f.Changes})
		if err != nil {
			return nil, err
		}
		out := Flip{Cost: f.Cost, Probability: p.Probabilities[want]}
		for _, c := range f.Changes {
			out.Changes = append(out.Changes, FlipChange{m.Inputs[c.Column].Name, Cell(all[c.Column], 0), Cell(all[c.Column], c.Option+1)})
		}
		flips = append(flips, out)
	}
	return flips, nil
}

// margin is how far a class is from being said, or above that: from the threshold
// where there is one, else from the likeliest of the others.
func margin(probabilities []float64, want int, threshold float64) float64 {
	if threshold != 0 {
		above := probabilities[1] - threshold
		if want == 0 {
			return -above
		}
		return above
	}
	other := 0.0
	for k, v := range probabilities {
		if k != want {
			other = max(other, v)
		}
	}
	return probabilities[want] - other
}

// others are the plausible values of a column of one row, but its own.
func others(in model.Input, c *table.Column) *table.Column {
	out := &table.Column{Name: c.Name, Kind: c.Kind}
	switch {
	case c.Kind == table.String:
		out.Dict = append(slices.Clone(in.Values), "")
		for code, v := range in.Values {
			if c.Missing(0) || v != c.Text(0) {
				out.Codes = append(out.Codes, uint32(code))
			}
		}
	case c.Kind == table.Bool:
		for _, v := range []bool{false, true} {
			if c.Missing(0) || v != c.Bools[0] {
				out.Bools = append(out.Bools, v)
			}
		}
	case in.Min == nil || in.Max == nil:
	case c.Kind == table.Float64:
		for _, v := range grid(*in.Min, *in.Max) {
			if c.Missing(0) || v != c.Floats[0] {
				out.Floats = append(out.Floats, v)
			}
		}
	case c.Kind == table.Int64:
		for _, v := range grid(*in.Min, *in.Max) {
			n := int64(math.Round(v))
			if (c.Missing(0) || n != c.Ints[0]) && !slices.Contains(out.Ints, n) {
				out.Ints = append(out.Ints, n)
			}
		}
	}
	return out
}

// grid is numbers at even distances, of as few digits as tell them apart.
func grid(lo, hi float64) []float64 {
	if !(hi > lo) {
		return []float64{lo}
	}
	unit := math.Pow(10, math.Floor(float64(portable.Log2((hi-lo)/gridSize)*(math.Ln2/math.Ln10))))
	var out []float64
	for k := range gridSize + 1 {
		v := lo + (hi-lo)*float64(k)/gridSize
		if rounded := math.Round(v/unit) * unit; rounded >= lo && rounded <= hi {
			v = rounded
		}
		out = append(out, v)
	}
	return slices.Compact(out)
}
