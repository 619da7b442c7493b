package explain

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"pgregory.net/rapid"
)

// The walk of eight rows has the bits of eight plain walks.
func TestFastWalk(t *testing.T) {
	if !hasFast() {
		testneed.Skip(t, "a processor with AVX-512")
	}
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		features := len(e.Features)
		for i := range e.Trees {
			for from, rule := 0, gauss(2*four); from < len(rule.points); from += four {
				p := pathsOf(&e.Trees[i], features, e.Outputs(), e.Outputs(), rule, from)
				if len(p.steps) == 0 {
					continue
				}
				rows := groupsOf(x, 0, x.Rows)
				fast, plain := make([]float64, p.width*features*group), make([]float64, p.width*features*group)
				var w walk
				w.fast.explain(p, features, rows, fast)
				for r := range group {
					w.explainOne(p, features, rows[r:], plain[r:])
				}
				for k := range fast {
					if math.Float64bits(fast[k]) != math.Float64bits(plain[k]) {
						t.Fatalf("value %d is %v, and %v of the plain walk", k, fast[k], plain[k])
					}
				}
			}
		}
	})
}

// stump is an ensemble of one split, whose covers are as given.
func stump(root, l, r float64) *ensemble.Ensemble {
	return &ensemble.Ensemble{Features: []string{"a", "b"}, Base: []float64{1}, Link: ensemble.Identity, Trees: []ensemble.Tree{{
		Feature: []int32{0, -1, -1}, Threshold: []float64{0, 0, 0}, MissingLeft: make([]bool, 3), Left: []int32{1, 0, 0}, Right: []int32{2, 0, 0},
		Cover: []float64{root, l, r}, Value: []float64{0, 1, 5}, Output: -1,
	}}}
}

// Without covers there is nothing to go by but background rows.
func TestWithoutCovers(t *testing.T) {
	trees, err := NewTrees(stump(0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Names: []string{"a", "b"}, Rows: 2, Columns: [][]float64{{-1, 1}, {0, 0}}}
	if _, err := trees.Explain(ctx, x, nil); err == nil || !strings.Contains(err.Error(), "train it again") {
		t.Errorf("the error is %v", err)
	}
	v, err := trees.Against(ctx, x, x, nil)
	if err != nil || v.Base[0] != 4 || v.Of(0, 0)[0] != -2 || v.Of(1, 0)[0] != 2 || v.Of(1, 0)[1] != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestTreesRefuse(t *testing.T) {
	trees, err := NewTrees(stump(4, 1, 3))
	if err != nil {
		t.Fatal(err)
	}
	one := &learn.Matrix{Names: []string{"a"}, Rows: 1, Columns: [][]float64{{1}}}
	two := &learn.Matrix{Names: []string{"a", "b"}, Rows: 1, Columns: [][]float64{{1}, {1}}}
	none := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{{}, {}}}
	broken := stump(4, 1, 3)
	broken.Trees[0].Feature[0] = 9
	for want, err := range map[string]error{
		"1 features, the model has 2": second(trees.Explain(ctx, one, nil)),
		"no background rows":          second(trees.Against(ctx, none, two, nil)),
		"cannot be explained":         second(NewTrees(broken)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
	if v, err := trees.Explain(ctx, none, nil); err != nil || v.Rows != 0 || v.Base[0] != 5 {
		t.Errorf("of no rows: %+v, %v", v, err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	for _, err := range []error{second(trees.Explain(ended, two, nil)), second(trees.Against(ended, two, two, nil)), second(trees.Interactions(ended, two, nil))} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	}
}

// What is infinite, missing or huge in a row goes one way or the other.
func TestOddRows(t *testing.T) {
	trees, err := NewTrees(stump(4, 1, 3))
	if err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Names: []string{"a", "b"}, Rows: 5, Columns: [][]float64{
		{math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -5e-324}, make([]float64, 5)}}
	v, err := trees.Explain(ctx, x, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{6, 2, 6, 6, 2} {
		near(t, "the sum", v.Margin(i, 0), want, 1e-15)
	}
}
