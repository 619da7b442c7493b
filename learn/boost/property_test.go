package boost

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// problem makes rows of two numbers, of which a tenth is missing, and a category.
func problem(rows int, seed uint64) (*learn.Matrix, *learn.Target) {
	rng := splitmix.Source{State: seed}
	x, y := &learn.Matrix{Names: []string{"a", "b", "kind"}, Columns: make([][]float64, 3), Rows: rows}, &learn.Target{Task: learn.Regression}
	for range rows {
		a, b, kind := rng.Unit(), rng.Unit(), float64(rng.Below(20))
		y.Values = append(y.Values, 3*a+math.Sin(9*b)+1+float64(int(kind)*7%5)+rng.Unit())
		if rng.Below(10) == 0 {
			b = math.NaN()
		}
		if rng.Below(20) == 0 {
			kind = math.NaN()
		}
		for j, v := range []float64{a, b, kind} {
			x.Columns[j] = append(x.Columns[j], v)
		}
	}
	return x, y
}

func fit(t testing.TB, b *Boosting, x *learn.Matrix, y *learn.Target, opts *learn.Options) *Model {
	t.Helper()
	m, err := b.Fit(t.Context(), x, y, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model)
}

// Predictions rise and fall as they are told to, whatever the other features.
func TestMonotone(t *testing.T) {
	x, y := problem(2000, 1)
	binary := &learn.Target{Task: learn.Classification, Classes: []string{"less", "more"}}
	for _, v := range y.Values {
		binary.Labels = append(binary.Labels, int32(min(1, int(v/4))))
	}
	for _, c := range []struct {
		loss string
		y    *learn.Target
	}{{"squared", y}, {"absolute", y}, {"poisson", y}, {"auto", binary}} {
		for _, sign := range []float64{1, -1} {
			b := New()
			b.Loss, b.Estimators, b.L1, b.Categorical = c.loss, 60, 0.01, []string{"kind"}
			if sign > 0 {
				b.Increasing = []string{"b"}
			} else {
				b.Decreasing = []string{"b"}
			}
			m := fit(t, b, x, c.y, nil)
			rng := splitmix.Source{State: 2}
			moved := false
			for range 50 {
				line := &learn.Matrix{Columns: make([][]float64, 3), Rows: 101}
				a, kind := rng.Unit(), float64(rng.Below(20))
				for i := range line.Rows {
					for j, v := range []float64{a, float64(i) / 100, kind} {
						line.Columns[j] = append(line.Columns[j], v)
					}
				}
				p := m.Predict(line)
				for i, last := m.Outputs(), m.Outputs()-1; i+last < len(p); i += m.Outputs() {
					before, now := p[i+last-m.Outputs()], p[i+last]
					if sign*(now-before) < 0 {
						t.Fatalf("%s, %v: the prediction goes from %v to %v", c.loss, sign, before, now)
					}
					moved = moved || now != before
				}
			}
			if sign > 0 && !moved {
				t.Errorf("%s: the feature has no effect at all", c.loss)
			}
		}
	}
}

// The plain prediction of the open form is that of the fast one, bit by bit, for
// values at the thresholds, missing ones, and categories that are new.
func TestEnsembleIsTheModel(t *testing.T) {
	x, y := problem(1500, 3)
	three := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}}
	for _, v := range y.Values {
		three.Labels = append(three.Labels, int32(min(2, int(v/2.5))))
	}
	for _, target := range []*learn.Target{y, three} {
		b := New()
		b.Estimators, b.Categorical = 30, []string{"kind"}
		m := fit(t, b, x, target, nil)
		e := m.Ensemble()
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		sets := 0
		total := 0.0
		for _, tree := range e.Trees {
			total = max(total, math.Abs(tree.Cover[0]-float64(x.Rows)))
			for i, f := range tree.Feature {
				if f >= 0 && tree.Categories != nil && tree.Categories[i] != nil {
					sets++
				}
			}
		}
		if sets == 0 || total != 0 {
			t.Fatalf("%d splits on categories; a root's cover is off by %v", sets, total)
		}
		rapid.Check(t, func(t *rapid.T) {
			special := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 3, 19, 20, 64, 1e9, 2.5})
			row := make([]float64, 3)
			one := &learn.Matrix{Rows: 1}
			tree := e.Trees[rapid.IntRange(0, len(e.Trees)-1).Draw(t, "tree")]
			thresholds := rapid.SampledFrom(tree.Threshold)
			for j := range row {
				row[j] = rapid.OneOf(special, thresholds, rapid.Float64Range(0, 20)).Draw(t, "x")
				one.Columns = append(one.Columns, row[j:j+1])
			}
			want := e.Predict(e.Margins(row))
			many := one.Take(make([]int, rapid.IntRange(1, 100).Draw(t, "rows")))
			for i, p := range m.Predict(many) {
				if want := want[i%len(want)]; math.Float64bits(p) != math.Float64bits(want) {
					t.Fatalf("%v is predicted as %v, want %v", row, p, want)
				}
			}
		})
	}
}

// The order of features does not matter where no two are equally good.
func TestFeatureOrder(t *testing.T) {
	x, y := problem(900, 12)
	turned := &learn.Matrix{Rows: x.Rows}
	for _, j := range []int{2, 0, 1} {
		turned.Names, turned.Columns = append(turned.Names, x.Names[j]), append(turned.Columns, x.Columns[j])
	}
	b := New()
	b.Estimators, b.Categorical, b.Increasing = 40, []string{"kind"}, []string{"a"}
	if one, other := fit(t, b, x, y, nil).Predict(x), fit(t, b, turned, y, nil).Predict(turned); !slices.Equal(one, other) {
		t.Error("features in another order predict otherwise")
	}
}

// An infinite value is refused by its row, also beside rows of no weight; one in a row
// of no weight is not looked at.
func TestInfiniteBesideNoWeight(t *testing.T) {
	x, y := problem(300, 13)
	weights := slices.Repeat([]float64{1}, x.Rows)
	weights[4] = 0
	x.Columns[0][4] = math.Inf(1)
	fit(t, New(), x, y, &learn.Options{Weights: weights})
	x.Columns[0][4], x.Columns[0][9] = 0, math.Inf(-1)
	for _, early := range []bool{false, true} {
		b := New()
		b.EarlyStopping = early
		if _, err := b.Fit(t.Context(), x, y, &learn.Options{Weights: weights}); err == nil || !strings.Contains(err.Error(), `feature "a" is infinite in row 9`) {
			t.Errorf("the error is %v, want one that names row 9", err)
		}
	}
}

// Rows are named as they were given, also beside rows of no weight.
func TestNamesRowsBesideNoWeight(t *testing.T) {
	x, y := problem(300, 13)
	weights := slices.Repeat([]float64{1}, x.Rows)
	weights[4] = 0
	for i := range y.Values {
		y.Values[i] = math.Abs(y.Values[i])
	}
	refused := func(b *Boosting, want string) {
		t.Helper()
		if _, err := b.Fit(t.Context(), x, y, &learn.Options{Weights: weights}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	counts := New()
	counts.Loss = "poisson"
	y.Values[4] = -1
	fit(t, counts, x, y, &learn.Options{Weights: weights})
	y.Values[9] = -2
	refused(counts, "the target is -2 in row 9")
	y.Values[9] = 2
	kinds := New()
	kinds.Categorical = []string{"kind"}
	x.Columns[slices.Index(x.Names, "kind")][9] = 0.5
	refused(kinds, "row 9 is 0.5")
}

// Weights of any size are the same as those of about 1, or are refused: no model
// is of the last bits of large numbers.
func TestHugeWeights(t *testing.T) {
	x, y := problem(300, 13)
	classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}}
	for _, v := range y.Values {
		label := int32(0)
		if v > y.Values[0] {
			label = 1
		}
		classes.Labels = append(classes.Labels, label)
	}
	plain := New()
	plain.Estimators, plain.L2, plain.MinHessian = 20, 0, 0
	for _, y := range []*learn.Target{y, classes} {
		for _, c := range []struct {
			weight  float64
			refused bool
		}{{0x1p200, false}, {0x1p800, false}, {1e300, true}} {
			m, err := plain.Fit(t.Context(), x, y, &learn.Options{Weights: slices.Repeat([]float64{c.weight}, x.Rows)})
			if c.refused {
				if err == nil || !strings.Contains(err.Error(), "sample weights of up to 1e+300 are too large to compute with") {
					t.Errorf("%s, weights of %v: error %v", y.Task, c.weight, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := fit(t, plain, x, y, &learn.Options{Weights: slices.Repeat([]float64{1}, x.Rows)}); !slices.Equal(m.Predict(x), want.Predict(x)) {
				t.Errorf("%s: weights of %v are not those of 1", y.Task, c.weight)
			}
		}
	}
}

// A split on categories finds what no cut of their numbers can.
func TestCategoriesAreSplitOnSets(t *testing.T) {
	x, y := problem(3000, 4)
	loss := func(categorical []string) float64 {
		b := New()
		b.Estimators, b.MaxLeaves, b.Categorical, b.Increasing = 20, 4, categorical, nil
		p := fit(t, b, x, y, nil).Predict(x)
		sum := 0.0
		for i, v := range y.Values {
			sum += (v - p[i]) * (v - p[i])
		}
		return sum
	}
	if as, numbers := loss([]string{"kind"}), loss(nil); as > 0.8*numbers {
		t.Errorf("the squared error is %.0f with categories and %.0f with numbers, want less", as, numbers)
	}
}

// The best set of categories is found: no other has a better score.
func TestBestSetOfCategories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 7).Draw(t, "categories")
		var h histogram
		total := word(0)
		for c := range n {
			h[c] = pack(int64(rapid.IntRange(-1000, 1000).Draw(t, "g")), int64(rapid.IntRange(1, 500).Draw(t, "h")))
			total += h[c]
		}
		r := &rules{minHessian: 1}
		best := r.none(0)
		s := searcher{rules: r, histogram: &h, width: n + 1, total: total, limits: unlimited(), best: &best, enough: func(*split) bool { return true }}
		s.categories()
		want := 0.0
		for set := 1; set < 1<<n-1; set++ {
			left := word(0)
			for c := range n {
				if set>>c&1 == 1 {
					left += h[c]
				}
			}
			want = max(want, r.score(left, unlimited())+r.score(total-left, unlimited()))
		}
		if math.Abs(best.score-want) > 1e-9*want {
			t.Fatalf("the score is %v, want %v", best.score, want)
		}
	})
}

// The best cut is found, with missing values on either side.
func TestBestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "bins")
		var h histogram
		total, missing := word(0), rapid.Bool().Draw(t, "missing")
		for b := range n + 1 {
			at := b
			if b == n {
				if at = 255; !missing {
					continue
				}
			}
			h[at] = pack(int64(rapid.IntRange(-1000, 1000).Draw(t, "g")), int64(rapid.IntRange(0, 50).Draw(t, "h")))
			total += h[at]
		}
		r := &rules{minHessian: int64(rapid.IntRange(1, 40).Draw(t, "least")), l2: float64(rapid.IntRange(0, 3).Draw(t, "l2")), l1: float64(rapid.IntRange(0, 1).Draw(t, "l1"))}
		best := r.none(0)
		s := searcher{rules: r, histogram: &h, width: n, total: total, limits: unlimited(), best: &best, enough: func(*split) bool { return true }}
		s.number()
		want := 0.0
		for cut := range n {
			for _, left := range []word{0, h[255]} {
				for b := range cut + 1 {
					left += h[b]
				}
				if hessian(left) >= r.minHessian && hessian(total-left) >= r.minHessian && left != 0 && total != left {
					want = max(want, r.score(left, unlimited())+r.score(total-left, unlimited()))
				}
			}
		}
		none := best.feature == math.MaxInt32 || best.score == 0 // what gains nothing is offered to nobody
		if want == 0 != none || want > 0 && math.Abs(best.score-want) > 1e-9*want {
			t.Fatalf("the score is %v, want %v", best.score, want)
		}
	})
}

// No leaf has fewer rows than are asked for, exactly, and none more leaves or depth.
func TestLimits(t *testing.T) {
	x, y := problem(700, 5)
	binary := &learn.Target{Task: learn.Classification, Classes: []string{"less", "more"}}
	for _, v := range y.Values {
		binary.Labels = append(binary.Labels, int32(min(1, int(v/6)))) // few are more
	}
	for _, target := range []*learn.Target{y, binary} {
		b := New()
		b.Estimators, b.MinLeaf, b.MaxLeaves, b.MaxDepth, b.LearningRate = 30, 33, 9, 5, 0.3
		m := fit(t, b, x, target, nil)
		for i, tree := range m.Ensemble().Trees {
			leaves, depth := 0, make([]int, len(tree.Feature))
			for k, f := range tree.Feature {
				if f >= 0 {
					depth[tree.Left[k]], depth[tree.Right[k]] = depth[k]+1, depth[k]+1
				} else if leaves++; tree.Cover[k] < 33 {
					t.Errorf("tree %d has a leaf of %v rows, want at least 33", i, tree.Cover[k])
				}
			}
			if leaves > 9 || slices.Max(depth) > 5 {
				t.Errorf("tree %d has %d leaves and depth %d, want at most 9 and 5", i, leaves, slices.Max(depth))
			}
		}
	}
}

// Early stopping keeps the rounds up to the best, by rows that the seed chooses.
func TestEarlyStopping(t *testing.T) {
	x, y := problem(1000, 6)
	b := New()
	b.Estimators, b.LearningRate, b.EarlyStopping, b.Patience = 2000, 0.3, true, 5
	done, total := 0, 0
	m := fit(t, b, x, y, &learn.Options{Progress: func(d, of int) { done, total = d, of }})
	if m.Trees() < 3 || m.Trees() > 500 || done != 2000 || total != 2000 {
		t.Errorf("%d trees, progress %d of %d", m.Trees(), done, total)
	}
	if other := fit(t, b, x, y, &learn.Options{Seed: 1}); slices.Equal(other.Predict(x), m.Predict(x)) {
		t.Error("the seed changes nothing")
	}
	b.Validation = 1e-8
	if _, err := b.Fit(t.Context(), x.Take([]int{0}), y.Take([]int{0}), nil); err == nil {
		t.Error("one row is fitted on and held out")
	}
}

func TestRefuses(t *testing.T) {
	x, y := problem(50, 7)
	classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}, Labels: make([]int32, 50)}
	negative := &learn.Target{Task: learn.Regression, Values: append([]float64{-1}, y.Values[1:]...)}
	for _, c := range []struct {
		want string
		set  func(*Boosting)
		y    *learn.Target
	}{
		{"learning_rate is 0: it must be above 0", func(b *Boosting) { b.LearningRate = 0 }, y},
		{"max_leaves is 1: it must be from 2", func(b *Boosting) { b.MaxLeaves = 1 }, y},
		{"l2 is NaN", func(b *Boosting) { b.L2 = math.NaN() }, y},
		{"goss_top + goss_other is 1.5", func(b *Boosting) { b.GOSSTop, b.GOSSOther = 0.8, 0.7 }, y},
		{"goss and a subsample of 0.5", func(b *Boosting) { b.GOSS, b.Subsample = true, 0.5 }, y},
		{`loss is "huber"`, func(b *Boosting) { b.Loss = "huber" }, y},
		{`class_weight is "heavy"`, func(b *Boosting) { b.ClassWeight = "heavy" }, y},
		{"which is of a regression", func(b *Boosting) { b.Loss = "poisson" }, classes},
		{"values from 0", func(b *Boosting) { b.Loss = "poisson" }, negative},
		{`categorical_features names "kinds", which is no feature; did you mean kind?`, func(b *Boosting) { b.Categorical = []string{"kinds"} }, y},
		{"categories are whole numbers", func(b *Boosting) { b.Categorical = []string{"a"} }, y},
		{"cannot rise or fall", func(b *Boosting) { b.Categorical, b.Increasing = []string{"kind"}, []string{"kind"} }, y},
		{`both increasing and decreasing with "a"`, func(b *Boosting) { b.Increasing, b.Decreasing = []string{"a"}, []string{"a"} }, y},
	} {
		b := New()
		c.set(b)
		if _, err := b.Fit(t.Context(), x, c.y, nil); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "gradient boosting: ") {
			t.Errorf("the error is %v, want one with %q", err, c.want)
		}
	}
}
