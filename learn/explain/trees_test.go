package explain

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"pgregory.net/rapid"
)

// anyEnsemble draws a small ensemble over some features, with rows to explain.
func anyEnsemble(t *rapid.T) (*ensemble.Ensemble, *learn.Matrix) {
	features, outputs := rapid.IntRange(1, 6).Draw(t, "features"), rapid.IntRange(1, 3).Draw(t, "outputs")
	shared := rapid.Bool().Draw(t, "every tree adds to every output")
	whole := shared && rapid.Bool().Draw(t, "leaves sum to 1")
	e := &ensemble.Ensemble{Link: ensemble.Identity}
	for j := range features {
		e.Features = append(e.Features, fmt.Sprint("x", j))
	}
	value := rapid.Float64Range(-10, 10)
	for range outputs {
		e.Base = append(e.Base, value.Draw(t, "base"))
	}
	for range rapid.IntRange(1, 3).Draw(t, "trees") {
		tree := ensemble.Tree{Output: -1}
		width := outputs
		if !shared {
			tree.Output, width = rapid.IntRange(0, outputs-1).Draw(t, "output"), 1
		}
		var grow func(depth int, cover float64)
		grow = func(depth int, cover float64) {
			at := len(tree.Feature)
			tree.Feature, tree.Cover = append(tree.Feature, -1), append(tree.Cover, cover)
			tree.Threshold, tree.MissingLeft = append(tree.Threshold, 0), append(tree.MissingLeft, false)
			tree.Left, tree.Right = append(tree.Left, 0), append(tree.Right, 0)
			tree.Categories = append(tree.Categories, nil)
			tree.Value = append(tree.Value, make([]float64, width)...)
			if depth == 0 || rapid.IntRange(0, 4).Draw(t, "leaf") == 0 {
				left := 1.0
				for k := range width {
					v := value.Draw(t, "value")
					if whole && k == width-1 {
						v = left
					}
					left -= v
					tree.Value[at*width+k] = v
				}
				return
			}
			tree.Feature[at] = int32(rapid.IntRange(0, features-1).Draw(t, "feature"))
			tree.MissingLeft[at] = rapid.Bool().Draw(t, "missing left")
			tree.Threshold[at] = float64(rapid.IntRange(0, 4).Draw(t, "threshold"))
			if rapid.IntRange(0, 4).Draw(t, "on categories") == 0 {
				tree.Categories[at] = []uint64{rapid.Uint64Range(0, 63).Draw(t, "categories")}
			}
			share := rapid.SampledFrom([]float64{0.5, 0.25, 0.9, 0.01, 0}).Draw(t, "share")
			tree.Left[at] = int32(len(tree.Feature))
			grow(depth-1, cover*share)
			tree.Right[at] = int32(len(tree.Feature))
			grow(depth-1, cover*(1-share))
		}
		grow(rapid.IntRange(0, 5).Draw(t, "depth"), 100)
		e.Trees = append(e.Trees, tree)
	}
	return e, anyRows(t, features, rapid.IntRange(1, 4).Draw(t, "rows"))
}

func anyRows(t *rapid.T, features, rows int) *learn.Matrix {
	x := &learn.Matrix{Rows: rows}
	cell := rapid.SampledFrom([]float64{0, 1, 2, 3, 4, 5, math.NaN(), math.Inf(1), -1})
	for range features {
		x.Columns = append(x.Columns, rapid.SliceOfN(cell, rows, rows).Draw(t, "column"))
	}
	return x
}

// expected is what a tree predicts on average over the training rows in the
// leaves that the features of a set, as the row has them, leave open.
func expected(tree *ensemble.Tree, at int, row []float64, set uint, width int) []float64 {
	f := tree.Feature[at]
	if f < 0 {
		return tree.Value[at*width : (at+1)*width]
	}
	l, r := int(tree.Left[at]), int(tree.Right[at])
	if set>>f&1 == 1 {
		// A leaf of a tree of this one split says which way it goes.
		one := ensemble.Tree{Feature: []int32{f, -1, -1}, Left: []int32{1, 0, 0}, Right: []int32{2, 0, 0},
			Threshold: tree.Threshold[at : at+1], MissingLeft: tree.MissingLeft[at : at+1], Categories: tree.Categories[at : at+1]}
		if one.Leaf(row) == 1 {
			return expected(tree, l, row, set, width)
		}
		return expected(tree, r, row, set, width)
	}
	out := make([]float64, width)
	for _, child := range []int{l, r} {
		share := 0.5 // where no training row came
		if tree.Cover[at] > 0 {
			share = tree.Cover[child] / tree.Cover[at]
		}
		for k, v := range expected(tree, child, row, set, width) {
			out[k] += v * share
		}
	}
	return out
}

// worth is the value of a set of features by the paths.
func worth(e *ensemble.Ensemble, row []float64, set uint) []float64 {
	out := slices.Clone(e.Base)
	for i := range e.Trees {
		tree := &e.Trees[i]
		if tree.Output >= 0 {
			out[tree.Output] += expected(tree, 0, row, set, 1)[0]
			continue
		}
		for k, v := range expected(tree, 0, row, set, len(e.Base)) {
			out[k] += v
		}
	}
	return out
}

// shapley is the definition: the mean over all orders of what a feature adds.
func shapley(features, outputs int, worth func(set uint) []float64) (base []float64, added [][]float64) {
	added = make([][]float64, outputs)
	for k := range added {
		added[k] = make([]float64, features)
	}
	all := make([][]float64, 1<<features)
	for set := range all {
		all[set] = worth(uint(set))
	}
	for set := range uint(1) << features {
		for j := range features {
			if set>>j&1 == 1 {
				continue
			}
			w := weight(bits.OnesCount(set), features)
			for k := range added {
				added[k][j] += w * (all[set|1<<j][k] - all[set][k])
			}
		}
	}
	return all[0], added
}

// weight is s! (n-s-1)! / n!.
func weight(s, n int) float64 {
	w := 1 / float64(n)
	for i := 1; i <= s; i++ {
		w *= float64(i) / float64(n-i)
	}
	return w
}

func rowOf(x *learn.Matrix, i int) []float64 { return rowsOf(x, i, i+1) }

func near(t interface {
	Helper()
	Fatalf(string, ...any)
}, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

// The values are Shapley's, and sum to the margin.
func TestTreesAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		trees, err := NewTrees(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := trees.Explain(context.Background(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Rows {
			row := rowOf(x, i)
			base, want := shapley(len(e.Features), e.Outputs(), func(set uint) []float64 { return worth(e, row, set) })
			for k, margin := range e.Margins(row) {
				near(t, "the base", got.Base[k], base[k], 1e-11)
				for j, v := range want[k] {
					near(t, fmt.Sprintf("row %d, output %d, feature %d", i, k, j), got.Of(i, k)[j], v, 1e-11)
				}
				near(t, "the sum", got.Margin(i, k), margin, 1e-9)
			}
		}
	})
}

// Deep trees need many points of the quadrature; the sum is still the margin.
func TestDeepTrees(t *testing.T) {
	for _, depth := range []int{9, 17, 40, 100} {
		tree := ensemble.Tree{Output: 0}
		for i := range depth {
			tree.Feature = append(tree.Feature, int32(i), -1)
			tree.Threshold = append(tree.Threshold, 0.5, 0)
			tree.MissingLeft = append(tree.MissingLeft, false, false)
			tree.Left, tree.Right = append(tree.Left, int32(2*i+1), 0), append(tree.Right, int32(2*i+2), 0)
			tree.Cover = append(tree.Cover, math.Pow(0.8, float64(i)), 0.2*math.Pow(0.8, float64(i)))
			tree.Value = append(tree.Value, 0, float64(i))
		}
		tree.Feature, tree.Threshold, tree.MissingLeft = append(tree.Feature, -1), append(tree.Threshold, 0), append(tree.MissingLeft, false)
		tree.Left, tree.Right = append(tree.Left, 0), append(tree.Right, 0)
		tree.Cover, tree.Value = append(tree.Cover, math.Pow(0.8, float64(depth))), append(tree.Value, 7)
		e := &ensemble.Ensemble{Features: make([]string, depth), Base: []float64{0}, Trees: []ensemble.Tree{tree}, Link: ensemble.Identity}
		x := &learn.Matrix{Rows: 3}
		for j := range depth {
			x.Columns = append(x.Columns, []float64{1, float64(j % 2), float64((j + 1) % 2)})
		}
		trees, err := NewTrees(e)
		if err != nil {
			t.Fatal(err)
		}
		v, err := trees.Explain(context.Background(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Rows {
			near(t, fmt.Sprintf("depth %d: the sum", depth), v.Margin(i, 0), e.Margins(rowOf(x, i))[0], 1e-11)
		}
	}
}

// A rule integrates polynomials up to twice its points.
func TestGauss(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 8, 16, 33, 64, 400} {
		r, err := gauss(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		for power := range 2 * n {
			sum := 0.0
			for q, p := range r.points {
				sum += r.weights[q] * math.Pow(p, float64(power))
			}
			near(t, fmt.Sprintf("with %d points, the integral of t^%d", n, power), sum, 1/float64(power+1), 1e-14)
		}
		if !slices.IsSorted(r.points) || !(r.points[0] > 0) || !(r.points[n-1] < 1) {
			t.Errorf("the points of %d are %v", n, r.points)
		}
		if n > 64 {
			continue
		}
		for q, want := range bisected(n) {
			near(t, fmt.Sprintf("point %d of %d", q, n), r.points[q], (1+want)/2, 2.3e-16)
		}
	}
}

// bisected are the roots of a Legendre polynomial, which lie between those of the
// one before it.
func bisected(n int) []float64 {
	var roots []float64
	for k := 1; k <= n; k++ {
		next := make([]float64, k)
		for i := range next {
			lo, hi := -1.0, 1.0
			if i > 0 {
				lo = roots[i-1]
			}
			if i < len(roots) {
				hi = roots[i]
			}
			rising := (k-i)%2 == 1 // the last root is passed upwards
			for range 70 {
				mid := (lo + hi) / 2
				if p, _ := legendre(k, mid); p < 0 == rising {
					lo = mid
				} else {
					hi = mid
				}
			}
			next[i] = (lo + hi) / 2
		}
		roots = next
	}
	return roots
}
