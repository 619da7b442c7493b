package ensemble

import (
	"math"
	"strings"
	"testing"
)

// stump is a tree of one split on feature 0 at 1.5, with another on categories
// of feature 1 to its right.
func stump() Tree {
	return Tree{
		Feature: []int32{0, -1, 1, -1, -1}, Threshold: []float64{1.5, 0, 0, 0, 0}, MissingLeft: []bool{true, false, false, false, false},
		Left: []int32{1, 0, 3, 0, 0}, Right: []int32{2, 0, 4, 0, 0}, Categories: [][]uint64{nil, nil, {1 << 3, 1}, nil, nil},
		Cover: []float64{10, 4, 6, 2, 4}, Value: []float64{0, 1, 0, 2, 3},
	}
}

func TestMargins(t *testing.T) {
	nan := math.NaN()
	e := &Ensemble{Features: []string{"a", "b"}, Base: []float64{0.5}, Trees: []Tree{stump()}, Link: Logistic}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		row  []float64
		want float64
	}{
		{[]float64{1.5, 3}, 1.5}, {[]float64{nan, 3}, 1.5}, {[]float64{2, 3}, 2.5}, {[]float64{2, 64}, 2.5},
		{[]float64{2, 65}, 3.5}, {[]float64{2, nan}, 3.5}, {[]float64{2, -1}, 3.5}, {[]float64{2, 1e300}, 3.5},
	} {
		if got := e.Margins(c.row)[0]; got != c.want {
			t.Errorf("row %v: margin %v, want %v", c.row, got, c.want)
		}
	}
	if p := e.Predict([]float64{0}); p[0] != 0.5 || p[1] != 0.5 {
		t.Errorf("the probabilities of even odds are %v", p)
	}
}

// chain is a tree of so many splits, each below the one before.
func chain(splits int) Tree {
	n := 2*splits + 1
	t := Tree{Feature: make([]int32, n), Threshold: make([]float64, n), MissingLeft: make([]bool, n),
		Left: make([]int32, n), Right: make([]int32, n), Cover: make([]float64, n), Value: make([]float64, n)}
	for i := range t.Feature {
		t.Feature[i] = -1
		if i%2 == 0 && i+2 < n {
			t.Feature[i], t.Left[i], t.Right[i] = 0, int32(i+1), int32(i+2)
		}
	}
	return t
}

func TestCheck(t *testing.T) {
	for want, spoil := range map[string]func(*Ensemble){
		"no outputs":            func(e *Ensemble) { e.Base, e.Trees = nil, nil },
		"for one margin":        func(e *Ensemble) { e.Base = []float64{0, 0} },
		"its link is":           func(e *Ensemble) { e.Link = "probit" },
		"no nodes":              func(e *Ensemble) { e.Trees[0] = Tree{} },
		"not as long as":        func(e *Ensemble) { e.Trees[0].Cover = nil },
		"adds to output 1 of 1": func(e *Ensemble) { e.Trees[0].Output = 1 },
		"feature 7 of 2":        func(e *Ensemble) { e.Trees[0].Feature[0] = 7 },
		"the child 0":           func(e *Ensemble) { e.Trees[0].Left[2] = 0 },
		"the child 5":           func(e *Ensemble) { e.Trees[0].Right[2] = 5 },
		"another leads, too":    func(e *Ensemble) { e.Trees[0].Right[0] = 1 },
		"deeper than 4096":      func(e *Ensemble) { e.Trees[0] = chain(Deepest + 1) },
		"no threshold":          func(e *Ensemble) { e.Trees[0].Threshold[0] = math.NaN() },
	} {
		e := &Ensemble{Features: []string{"a", "b"}, Base: []float64{0}, Trees: []Tree{stump()}, Link: Logistic}
		spoil(e)
		if err := e.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
