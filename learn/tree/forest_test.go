package tree

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

func small() *Forest {
	f := NewForest()
	f.Estimators = 20
	return f
}

// single is one tree that nothing random goes into.
func single() *Forest {
	f := NewForest()
	f.Estimators, f.Bootstrap, f.MaxFeatures, f.MaxDepth = 1, false, "all", 6
	return f
}

func fitted(t testing.TB, f *Forest, x *learn.Matrix, y *learn.Target, opts *learn.Options) *ForestModel {
	t.Helper()
	m, err := f.Fit(t.Context(), x, y, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*ForestModel)
}

func TestForestConforms(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return small() }, learntest.Config{Missing: true, Restore: FromState, Monotone: true})
}

func TestTreeConforms(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return single() },
		learntest.Config{Missing: true, Restore: FromState, RowOrder: true, Copies: true, ColumnOrder: true, Monotone: true})
}

func TestFitRefusesParameters(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 30, 1)
	for want, set := range map[string]func(*Forest){
		"n_estimators is 0":           func(f *Forest) { f.Estimators = 0 },
		"max_depth is -1":             func(f *Forest) { f.MaxDepth = -1 },
		"min_samples_split is 1":      func(f *Forest) { f.MinSplit = 1 },
		"min_samples_leaf is 0":       func(f *Forest) { f.MinLeaf = 0 },
		"max_bins is 256":             func(f *Forest) { f.MaxBins = 256 },
		"max_samples is -1":           func(f *Forest) { f.MaxSamples = -1 },
		"max_samples is NaN":          func(f *Forest) { f.MaxSamples = math.NaN() },
		"max_samples is 0.5 but":      func(f *Forest) { f.MaxSamples, f.Bootstrap = 0.5, false },
		"class_weight is \"heavy\"":   func(f *Forest) { f.ClassWeight = "heavy" },
		"max_features is \"0\"":       func(f *Forest) { f.MaxFeatures = "0" },
		"max_features is \"1.5\"":     func(f *Forest) { f.MaxFeatures = "1.5" },
		"max_features is \"some\"":    func(f *Forest) { f.MaxFeatures = "some" },
		"min_impurity_decrease is -1": func(f *Forest) { f.MinCut = -1 },
	} {
		f := NewForest()
		set(f)
		_, err := f.Fit(t.Context(), x, y, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "random forest: ") {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}

func TestMaxFeatures(t *testing.T) {
	for _, c := range []struct {
		how  string
		task learn.Task
		want int
	}{
		{"auto", learn.Classification, 4}, {"auto", learn.Regression, 20}, {"", learn.Regression, 20},
		{"sqrt", learn.Regression, 4}, {"log2", learn.Regression, 4}, {"all", learn.Classification, 20},
		{"7", learn.Regression, 7}, {"50", learn.Regression, 20}, {"0.3", learn.Regression, 6}, {"1.0", learn.Regression, 20},
		{"0.001", learn.Regression, 1},
	} {
		if got, err := (&Forest{MaxFeatures: c.how}).tried(c.task, 20); err != nil || got != c.want {
			t.Errorf("max_features %q for %s tries %d of 20 (%v), want %d", c.how, c.task, got, err, c.want)
		}
	}
}

// The ways to sum agree: two classes in bytes, in words, and as some of three.
func TestCriteriaAgree(t *testing.T) {
	x, three := learntest.Data(learn.Classification, 2000, 3)
	y := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}, Labels: slices.Clone(three.Labels)}
	for i := range y.Labels {
		y.Labels[i] /= 2
	}
	f := single()
	f.Estimators, f.MaxFeatures, f.MaxDepth = 5, "2", 4
	bytes := fitted(t, f, x, y, nil)
	heavy := make([]float64, x.Rows)
	for i := range heavy {
		heavy[i] = 1000
	}
	words := fitted(t, f, x, y, &learn.Options{Weights: heavy})
	y.Classes = append(y.Classes, "none")
	counts := fitted(t, f, x, y, nil)
	want, got := bytes.Predict(x), counts.Predict(x)
	near(t, "predicted from words", words.Predict(x), want)
	for i := range x.Rows {
		near(t, fmt.Sprint("predicted from counts, row ", i), got[3*i:3*i+3], []float64{want[2*i], want[2*i+1], 0})
	}
}

// Rows are drawn as often as their weights say.
func TestBootstrapDrawsByWeight(t *testing.T) {
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, 50)}
	weights := make([]float64, 50)
	total := 0.0
	for i := range weights {
		weights[i] = float64(1+i%5) / 7
		total += weights[i]
	}
	for _, weights := range [][]float64{weights, nil} {
		f := NewForest()
		f.MaxSamples = 200_000
		drawn, rng := make([]uint32, 50), splitmix.Stream(1, 2)
		f.sampler(y, weights).draw(&rng, drawn)
		for i, n := range drawn {
			p := 1.0 / 50
			if weights != nil {
				p = weights[i] / total
			}
			if deviation := math.Sqrt(200_000 * p * (1 - p)); math.Abs(float64(n)-200_000*p) > 5*deviation {
				t.Errorf("row %d is drawn %d times, want about %.0f", i, n, 200_000*p)
			}
		}
	}
}

// Balanced class weights find a rare class that is lost without them.
func TestBalancedClasses(t *testing.T) {
	rng := splitmix.Source{State: 4}
	x, y := &learn.Matrix{Names: []string{"x"}, Columns: [][]float64{nil}, Rows: 2000}, &learn.Target{Task: learn.Classification, Classes: []string{"usual", "rare"}}
	for i := range x.Rows {
		label, at := int32(0), rng.Unit()
		if i%20 == 0 {
			label, at = 1, 0.5+rng.Unit()/5
		}
		x.Columns[0], y.Labels = append(x.Columns[0], at), append(y.Labels, label)
	}
	probe := &learn.Matrix{Names: x.Names, Columns: [][]float64{{0.6}}, Rows: 1}
	f := small()
	f.MaxDepth = 3
	if p := fitted(t, f, x, y, nil).Predict(probe); p[1] > 0.4 {
		t.Errorf("the rare class has a probability of %v without weights", p[1])
	}
	f.ClassWeight = "balanced"
	if p := fitted(t, f, x, y, nil).Predict(probe); p[1] < 0.6 {
		t.Errorf("the rare class has a probability of %v with balanced weights", p[1])
	}
}

func TestImportances(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 1000, 5)
	importance := fitted(t, small(), x, y, nil).Importances()
	sum := 0.0
	for _, v := range importance {
		sum += v
	}
	if math.Abs(sum-1) > 1e-12 || !(importance[0] > importance[1] && importance[1] > 5*importance[2]) {
		t.Errorf("importances %v: the value is twice x0 less x1, and of no other feature", importance)
	}
}

// Targets may be as large or small as numbers are, but for the very largest.
func TestExtremeTargets(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 300, 8)
	for _, by := range []float64{1e298, 1e160, 1e-160, 1e-307} {
		scaled := &learn.Target{Task: learn.Regression}
		for _, v := range y.Values {
			scaled.Values = append(scaled.Values, v*by)
		}
		m := fitted(t, small(), x, scaled, nil)
		for i, p := range m.Predict(x) {
			if math.Abs(p/by-y.Values[i]) > 2.5 {
				t.Fatalf("at scale %v row %d is predicted as %v, want about %v", by, i, p, scaled.Values[i])
			}
		}
		if v := m.Importances(); !(v[0] > 0.5 && v[0] < 1) {
			t.Errorf("at scale %v the importances are %v", by, v)
		}
	}
	y.Values[3] = 1e301
	if _, err := small().Fit(t.Context(), x, y, nil); err == nil || !strings.Contains(err.Error(), "row 3") {
		t.Errorf("the error is %v, want one that names row 3", err)
	}
}

func TestCancelInTheMiddle(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 300_000, 6)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	_, err := NewForest().Fit(ctx, x, y, nil)
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 5*time.Second {
		t.Errorf("error %v after %v, want that of the context soon after 0.1 s", err, took)
	}
}

// A row is predicted without memory but for the answer.
func TestPredictOneRow(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 200, 7)
	m := fitted(t, small(), x, y, nil)
	one := x.Take([]int{3})
	if n := testing.AllocsPerRun(100, func() { m.Predict(one) }); n > 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}

func ExampleForest() {
	x := &learn.Matrix{
		Names:   []string{"flipper_length_mm", "body_mass_g"},
		Columns: [][]float64{{181, 186, 195, 211, 230, 218}, {3750, 3800, math.NaN(), 4500, 5700, 5700}},
		Rows:    6,
	}
	y := &learn.Target{
		Task:    learn.Classification,
		Labels:  []int32{0, 0, 0, 1, 1, 1},
		Classes: []string{"Adelie", "Gentoo"},
	}
	model, err := NewForest().Fit(context.Background(), x, y, &learn.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, class := range learn.Argmax(model.Predict(x), model.Outputs()) {
		fmt.Print(y.Classes[class], " ")
	}
	// Output: Adelie Adelie Adelie Gentoo Gentoo Gentoo
}
