package onnx

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/table"
)

// rounds writes what fills columns in by each other: a number that is missing is
// first what each column is filled with, then what one regression after the other
// makes of the row.
func (w *writer) rounds(s *exchange.Step) error {
	if s.Together == nil {
		return nil
	}
	x, err := w.table(s.Together)
	if err != nil {
		return err
	}
	n := len(s.Together)
	fills := make([]float64, n)
	for _, c := range s.Columns {
		if k := slices.Index(s.Together, c.Name); k >= 0 {
			fills[k] = c.Number
		}
	}
	lacks := w.op("IsNaN", nil, x)
	x = w.op("Where", nil, lacks, w.constant([]int64{int64(n)}, fills), x)
	for _, r := range s.Rounds {
		one := make([]bool, n)
		one[r.Column] = true
		v := w.op("Gemm", nil, x, w.constant([]int64{int64(n), 1}, r.Weights), w.number(r.Intercept))
		x = w.op("Where", nil, w.op("And", nil, lacks, w.constant([]int64{1, int64(n)}, one)), v, x)
	}
	for k, name := range s.Together {
		w.columns[name] = &column{value: w.op("Gather", attributes{"axis": 1}, x, w.constant([]int64{1}, []int64{int64(k)})), kind: table.Float64}
	}
	return nil
}

// A rounds is columns on their way to be filled in by each other.
type rounds struct {
	columns []feature
	fills   []float64
	last    *round
	guess   *exchange.Regression // what comes next; its column has to be said
	before  *rounds              // what that is of
	column  int                  // where that one is missing
	stage   string
}

// A round is a regression after those before it.
type round struct {
	exchange.Regression
	before *round
}

// The stages of rounds.
const (
	lacking = "lacking"
	full    = "full"
	guessed = "guessed"
	singled = "chosen"
)

// fill follows the nodes that fill columns in by each other. It gives nil where a
// node is not one of them.
func (r *reader) fill(op string, a attrs, in []*value) (*value, error) {
	x, c := in[0], second(in)
	if op == "IsNaN" && len(x.columns) > 1 {
		columns, err := r.numbers(x)
		return &value{rounds: &rounds{columns: columns, stage: lacking}}, err
	}
	v := x.rounds
	if v == nil {
		return nil, nil
	}
	n := len(v.columns)
	if err := r.take(n); err != nil {
		return nil, err
	}
	next := *v
	switch {
	case op == "Where" && v.stage == lacking && len(in) == 3 && c != nil && len(c.numbers) == n && slices.Equal(in[2].columns, v.columns):
		next.fills, next.stage = c.numbers, full
	case op == "Gemm" && v.stage == full && len(in) == 3 && c != nil && slices.Equal(c.shape, []int{n, 1}) && in[2].scalar() &&
		a.number("alpha", 1) == 1 && a.number("beta", 1) == 1 && a.number("transA", 0) == 0 && a.number("transB", 0) == 0:
		next.guess, next.before, next.stage = &exchange.Regression{Intercept: in[2].constant.numbers[0], Weights: c.numbers}, v, guessed
	case op == "And" && v.stage == lacking && c != nil && len(c.numbers) == n:
		next.column, next.stage = slices.Index(c.numbers, 1), singled
		if next.column < 0 || slices.Contains(c.numbers[next.column+1:], 1) {
			return nil, fmt.Errorf("it is of several columns, or of none")
		}
	case op == "Where" && v.stage == singled && len(in) == 3 && in[1].rounds != nil && in[1].rounds.stage == guessed && in[2].rounds != nil && in[2].rounds.stage == full:
		of, guess := in[2].rounds, *in[1].rounds.guess
		if !slices.Equal(of.columns, v.columns) || in[1].rounds.before != of || guess.Weights[v.column] != 0 {
			return nil, fmt.Errorf("it fills in a column by itself, or by others than those before")
		}
		next, guess.Column = *of, v.column
		next.last = &round{guess, of.last}
	case op == "Gather" && v.stage == full && len(in) == 2 && c != nil && len(c.numbers) == 1 && a.number("axis", 0) == 1:
		k, ok := index(c.numbers[0], n)
		if !ok {
			return nil, fmt.Errorf("it picks column %v of %d", c.numbers[0], n)
		}
		if x.made == nil {
			var err error
			if x.made, err = r.filled(v); err != nil {
				return nil, err
			}
		}
		return &value{columns: x.made[k : k+1 : k+1]}, r.take(1)
	default:
		return nil, nil
	}
	return &value{rounds: &next}, nil
}

// filled are columns that are filled in by each other.
func (r *reader) filled(v *rounds) ([]feature, error) {
	var columns []any
	for k, c := range v.columns {
		columns = append(columns, map[string]any{"name": c.name, "type": table.Float64, "number": v.fills[k]})
	}
	done := []exchange.Regression{}
	for at := v.last; at != nil; at = at.before {
		done = append(done, at.Regression)
		if err := r.take(len(v.columns)); err != nil {
			return nil, err
		}
	}
	slices.Reverse(done)
	out, err := r.changed("impute", map[string]any{"spec": map[string]any{"numeric": "iterative", "categorical": "keep"},
		"columns": columns, "joint": names(v.columns), "rounds": done}, v.columns)
	return out.columns, err
}
