package explain

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"pgregory.net/rapid"
)

var ctx = context.Background()

// curved is a model of two outputs that is not additive.
func curved(x *learn.Matrix) []float64 {
	out := make([]float64, 0, 2*x.Rows)
	for i := range x.Rows {
		v := 1.0
		for j, col := range x.Columns {
			v += float64(j+1)*col[i] + v*col[i]/4
		}
		out = append(out, v, 2-v*v)
	}
	return out
}

func anyNumbers(t *rapid.T, features, rows int) *learn.Matrix {
	x := &learn.Matrix{Rows: rows}
	for j := range features {
		x.Names = append(x.Names, fmt.Sprint("x", j))
		x.Columns = append(x.Columns, rapid.SliceOfN(rapid.Float64Range(-2, 2), rows, rows).Draw(t, "column"))
	}
	return x
}

// Where all sets of features are tried, the values are Shapley's.
func TestKernelIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "features")
		x, background := anyNumbers(t, n, 2), anyNumbers(t, n, 3)
		v, err := Kernel{}.Explain(ctx, curved, background, x, &Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Rows {
			base, want := shapley(n, 2, func(set uint) []float64 { return means(curved(mixed(background, rowOf(x, i), uint64(set))), 3) })
			for k := range want {
				near(t, "the base", v.Base[k], base[k], 1e-9)
				for j := range n {
					near(t, fmt.Sprintf("row %d, output %d, feature %d", i, k, j), v.Of(i, k)[j], want[k][j], 1e-8)
				}
			}
		}
	})
}

// With fewer sets than there are, values still sum to the prediction, and those of
// an additive model are right.
func TestKernelSamples(t *testing.T) {
	const n = 14
	x, background := &learn.Matrix{Rows: 1}, &learn.Matrix{Rows: 2}
	for j := range n {
		x.Columns, background.Columns = append(x.Columns, []float64{float64(j)}), append(background.Columns, []float64{1, -1})
	}
	sum := func(x *learn.Matrix) []float64 {
		out := make([]float64, x.Rows)
		for j, col := range x.Columns {
			for i, v := range col {
				out[i] += float64(j%3) * v
			}
		}
		return out
	}
	for _, samples := range []int{100, 2000} {
		v, err := Kernel{Samples: samples, Seed: 1}.Explain(ctx, sum, background, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for j, got := range v.Of(0, 0) {
			near(t, fmt.Sprintf("%d samples: feature %d", samples, j), got, float64(j%3)*float64(j), 1e-9)
		}
		near(t, "the sum", v.Margin(0, 0), sum(x)[0], 1e-9)
	}
}

func TestKernelRefuses(t *testing.T) {
	one := &learn.Matrix{Names: []string{"a"}, Rows: 1, Columns: [][]float64{{1}}}
	none := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{}}}
	wide := &learn.Matrix{Rows: 1, Columns: slices.Repeat([][]float64{{1}}, 65)}
	for want, err := range map[string]error{
		"no background rows": second(Kernel{}.Explain(ctx, curved, none, one, nil)),
		"65 features":        second(Kernel{}.Explain(ctx, curved, wide, wide, nil)),
		"1 features":         second(Kernel{}.Explain(ctx, curved, one, wide, nil)),
		"samples is -1":      second(Kernel{Samples: -1}.Explain(ctx, curved, one, one, nil)),
		"not tell":           second(Kernel{Samples: 2}.Explain(ctx, curved, &learn.Matrix{Rows: 1, Columns: wide.Columns[:20]}, &learn.Matrix{Rows: 1, Columns: wide.Columns[:20]}, nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// grid is two features with every pair of values, the first of which decides.
func grid() *learn.Matrix {
	x := &learn.Matrix{Names: []string{"decides", "noise"}, Columns: make([][]float64, 2), Rows: 400}
	for i := range 400 {
		x.Columns[0] = append(x.Columns[0], float64(i/20))
		x.Columns[1] = append(x.Columns[1], float64(i%20))
	}
	return x
}

func step10(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows)
	for i, v := range x.Columns[0] {
		if v >= 10 {
			out[i] = 1
		}
	}
	return out
}

func TestPermutation(t *testing.T) {
	x := grid()
	y := step10(x)
	accuracy := func(p []float64) float64 {
		right := 0.0
		for i := range p {
			if p[i] == y[i] {
				right++
			}
		}
		return right / float64(len(p))
	}
	wrong := func(p []float64) float64 { return 1 - accuracy(p) }
	names, groups := []string{"decides", "noise", "all"}, [][]int{{0}, {1}, {0, 1}}
	for _, threads := range []int{1, 5} {
		got, err := Permutation{Seed: 3}.Importances(ctx, step10, x, names, groups, accuracy, true, &Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		less, err := Permutation{Seed: 3}.Importances(ctx, step10, x, names, groups, wrong, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		for g, im := range got {
			if want := []float64{0.5, 0, 0.5}[g]; math.Abs(im.Mean-want) > 0.06 || len(im.Each) != 5 || (im.Std == 0) != (g == 1) {
				t.Errorf("%s: %+v, want a mean near %v", names[g], im, want)
			}
			near(t, "by the other metric", less[g].Mean, im.Mean, 1e-12)
		}
	}
	if _, err := (Permutation{}).Importances(ctx, step10, x, names[:1], [][]int{{7}}, accuracy, true, nil); err == nil {
		t.Error("column 7 of 2 is permuted")
	}
}

func TestDepend(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a", "b"}, Rows: 3, Columns: [][]float64{{0, 1, math.NaN()}, {2, 4, 6}}}
	product := func(x *learn.Matrix) []float64 {
		var out []float64
		for i := range x.Rows {
			out = append(out, x.Columns[0][i]*x.Columns[1][i], x.Columns[1][i])
		}
		return out
	}
	d, err := Depend(ctx, product, x, 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Grid, []float64{0, 1}) || !slices.Equal(d.Average, []float64{0, 4, 4, 4}) ||
		!slices.Equal(d.Individual, []float64{0, 2, 2, 2, 0, 4, 4, 4, 0, 6, 6, 6}) {
		t.Errorf("%+v", d)
	}
	if g := Grid(slices.Repeat([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 3), 3); !slices.Equal(g, []float64{1, 4, 8}) {
		t.Errorf("the grid is %v", g)
	}
	if _, err := Depend(ctx, product, x, 2, nil, nil); err == nil {
		t.Error("feature 2 of 2 is set")
	}
}

// A surrogate finds what decides, and says how well it fits.
func TestLIME(t *testing.T) {
	x := grid()
	for row, sign := range map[int]float64{399: 1, 0: -1} {
		s, err := LIME{Seed: 1}.Explain(ctx, step10, x, x, row, 0)
		if err != nil {
			t.Fatal(err)
		}
		if sign*s.Coefficients[0] < 0.3 || math.Abs(s.Coefficients[1]) > 0.03 || s.R2 < 0.2 || s.R2 > 1 {
			t.Errorf("row %d: %+v", row, s)
		}
		again, err := LIME{Seed: 1}.Explain(ctx, step10, x, x, row, 0)
		if err != nil || !slices.Equal(again.Coefficients, s.Coefficients) {
			t.Errorf("%v, then %v, %v", s.Coefficients, again.Coefficients, err)
		}
	}
	if _, err := (LIME{}).Explain(ctx, step10, x, x, 0, 1); err == nil {
		t.Error("output 1 of 1 is explained")
	}
}

// What is found flips the model, and no single change that does is cheaper.
func TestCounterfactuals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 4).Draw(t, "columns")
		effects := make([][]float64, columns)
		costs := make([][]float64, columns)
		s := Search{}
		for c := range columns {
			n := rapid.IntRange(0, 5).Draw(t, "options")
			effects[c] = rapid.SliceOfN(rapid.Float64Range(-1, 1), n, n).Draw(t, "effects")
			costs[c] = rapid.SliceOfN(rapid.Float64Range(0.1, 1), n, n).Draw(t, "costs")
			s.Options = append(s.Options, n)
		}
		score := func(set []Change) float64 {
			sum := -0.9
			for _, ch := range set {
				sum += effects[ch.Column][ch.Option]
			}
			return sum
		}
		s.Cost = func(c, o int) float64 { return costs[c][o] }
		s.Judge = func(sets [][]Change) []float64 {
			var out []float64
			for _, set := range sets {
				out = append(out, score(set))
			}
			return out
		}
		got, err := s.Find(ctx)
		if err != nil {
			t.Fatal(err)
		}
		single := math.Inf(1)
		for c := range columns {
			for o := range effects[c] {
				if score([]Change{{c, o}}) > 0 {
					single = min(single, costs[c][o])
				}
			}
		}
		if len(got) == 0 && !math.IsInf(single, 1) {
			t.Fatalf("nothing is found, but one change at %v does it", single)
		}
		for i, cf := range got {
			sum := 0.0
			for _, ch := range cf.Changes {
				sum += costs[ch.Column][ch.Option]
			}
			if score(cf.Changes) <= 0 || math.Abs(sum-cf.Cost) > 1e-12 || i > 0 && cf.Cost < got[i-1].Cost {
				t.Fatalf("%+v scores %v", cf, score(cf.Changes))
			}
		}
		if len(got) > 0 && got[0].Cost > single {
			t.Fatalf("the best costs %v, a single change %v", got[0].Cost, single)
		}
	})
}
