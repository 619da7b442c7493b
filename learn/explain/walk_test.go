package explain

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"pgregory.net/rapid"
)

// taken is what features add to a tree by a walk of so many rows at a time, groups
// x outputs x features x rows.
func taken(e *ensemble.Ensemble, tree int, x *learn.Matrix, size int, r *rule, from int, walked func(w *walk, p *paths, x, out []float64)) []float64 {
	var w walk
	p := w.builder.pathsOf(&e.Trees[tree], len(e.Features), e.Outputs(), e.Outputs(), r, from)
	rows, in := groupsOf(x, 0, x.Rows, size), size*len(e.Features)
	out := make([]float64, len(rows)*e.Outputs())
	for g := 0; g < len(rows) && len(p.steps) > 0; g += in {
		walked(&w, p, rows[g:][:in], out[g*e.Outputs():][p.first*in:])
	}
	return out
}

// However many rows are taken at a time, by assembly or not, each has the bits of
// one that is taken alone.
func TestGroups(t *testing.T) {
	r, err := gauss(ctx, 2*four)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		tree, from := rapid.IntRange(0, len(e.Trees)-1).Draw(t, "tree"), four*rapid.IntRange(0, 1).Draw(t, "points from")
		features := len(e.Features)
		plain := func(size int) []float64 {
			return taken(e, tree, x, size, r, from, func(w *walk, p *paths, x, out []float64) { w.plain(p, features, size, x, out) })
		}
		alone := plain(1)
		same := func(what string, size int, got []float64) {
			values := features * e.Outputs()
			for i := range x.Rows {
				for v := range values {
					got, want := got[i/size*values*size+v*size+i%size], alone[i*values+v]
					if math.Float64bits(got) != math.Float64bits(want) {
						t.Fatalf("%s of %d rows: value %d of row %d is %v, and %v alone", what, size, v, i, got, want)
					}
				}
			}
		}
		for _, size := range []int{2, 3, group} {
			same("a plain walk", size, plain(size))
		}
		if hasFast() {
			same("a fast walk", group, taken(e, tree, x, group, r, from, func(w *walk, p *paths, x, out []float64) { w.fast.explain(p, features, x, out) }))
		}
	})
	if !hasFast() {
		testneed.Skip(t, "a processor with AVX-512")
	}
}

// What is held for few rows goes with the rows: not eight times as much, sixteen times over.
func TestFewRowsTakeLittle(t *testing.T) {
	const features, outputs = 20_000, 20
	e := &ensemble.Ensemble{Features: make([]string, features), Base: make([]float64, outputs), Link: ensemble.Identity}
	for i := range 3 * chunks {
		e.Trees = append(e.Trees, ensemble.Tree{Feature: []int32{int32(i), -1, -1}, Threshold: []float64{0, 0, 0}, MissingLeft: make([]bool, 3),
			Left: []int32{1, 0, 0}, Right: []int32{2, 0, 0}, Cover: []float64{4, 1, 3}, Value: []float64{0, 1, 5}, Output: i % outputs})
	}
	trees, err := NewTrees(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range []int{1, 2, 5} {
		x := &learn.Matrix{Names: e.Features, Rows: rows, Columns: slices.Repeat([][]float64{make([]float64, rows)}, features)}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := trees.Explain(ctx, x, &Options{Threads: 2}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		values := uint64(8 * rows * features * outputs)
		if used := after.TotalAlloc - before.TotalAlloc; used > 8*heldValues+5*values+(4<<20) {
			t.Errorf("%d rows take %d bytes, and their values %d", rows, used, values)
		}
	}
}

// A rule for a path of thousands of features is made in no time, or not at all.
func TestLongPathsStop(t *testing.T) {
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := gauss(ended, 100_000); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
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
