package calibrate_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/tree"
)

// TestReference compares with scikit-learn; see testdata/make.py.
func TestReference(t *testing.T) {
	type values struct {
		A, B     float64
		Isotonic []float64
	}
	var ref struct {
		Scores, Y, Weights, At []float64
		Plain, Weighted        values
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	positive := make([]bool, len(ref.Y))
	for i, v := range ref.Y {
		positive[i] = v == 1
	}
	for name, c := range map[string]struct {
		want    values
		weights []float64
	}{"plain": {ref.Plain, nil}, "weighted": {ref.Weighted, ref.Weights}} {
		s, err := calibrate.FitSigmoid(ref.Scores, positive, c.weights)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.A-c.want.A) > 1e-4 || math.Abs(s.B-c.want.B) > 1e-4 {
			t.Errorf("%s: sigmoid %+v, scikit-learn's %v %v", name, s, c.want.A, c.want.B)
		}
		f, err := calibrate.FitIsotonic(ref.Scores, ref.Y, c.weights)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range ref.At {
			if got := f.At(x); math.Abs(got-c.want.Isotonic[i]) > 1e-9 {
				t.Errorf("%s: isotonic at %v is %v, scikit-learn's %v", name, x, got, c.want.Isotonic[i])
			}
		}
	}
}

// TestIsotonicIsBest is never beaten by another rising function, here by one
// that moves a pool, and rises.
func TestIsotonicIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		x := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 9).Draw(t, "x")) }), n, n).Draw(t, "xs")
		y := rapid.SliceOfN(rapid.Float64Range(-1, 1), n, n).Draw(t, "ys")
		f, err := calibrate.FitIsotonic(x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(f.X) || !slices.IsSorted(f.Y) {
			t.Fatalf("%+v does not rise", f)
		}
		loss := func(at func(float64) float64) (sum float64) {
			for i := range x {
				sum += (y[i] - at(x[i])) * (y[i] - at(x[i]))
			}
			return sum
		}
		best := loss(f.At)
		k, by := rapid.IntRange(0, 9).Draw(t, "k"), rapid.Float64Range(-0.2, 0.2).Draw(t, "by")
		moved := func(v float64) float64 { // rises where f does
			if v >= float64(k) {
				return f.At(v) + max(by, 0)
			}
			return f.At(v) + min(by, 0)
		}
		if loss(moved) < best-1e-9 {
			t.Fatalf("a rising function has the loss %v, below %v", loss(moved), best)
		}
	})
}

func forest() learn.Estimator {
	f := tree.NewForest()
	f.Estimators = 5
	return f
}

func restore(s learn.State, _ int) (learn.Model, error) { return tree.FromState(s) }

func TestConformance(t *testing.T) {
	for _, method := range []string{calibrate.Platt, calibrate.Stepwise} {
		t.Run(method, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				return calibrate.Estimator{Of: forest(), Params: calibrate.Params{Method: method, Folds: 2}}
			}, learntest.Config{Tasks: []learn.Task{learn.Classification}, Missing: true,
				Restore: func(s learn.State) (learn.Model, error) { return calibrate.FromState(s, 4, restore) }})
		})
	}
}

// TestCalibrates makes the probabilities of a forest that exaggerates truer, on
// rows that nothing was fitted on.
func TestCalibrates(t *testing.T) {
	x, y := noisy(3000, 1)
	tx, ty := noisy(3000, 2)
	f := tree.NewForest()
	f.Estimators, f.Bootstrap = 5, false // each tree knows its rows by heart
	plain, err := f.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	before := metrics.Brier(ty.Labels, plain.Predict(tx), 2, nil)
	for _, method := range []string{calibrate.Platt, calibrate.Stepwise} {
		m, err := calibrate.Estimator{Of: f, Params: calibrate.Params{Method: method}}.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		if after := metrics.Brier(ty.Labels, m.Predict(tx), 2, nil); after > 0.9*before {
			t.Errorf("%s: a Brier score of %v, before %v", method, after, before)
		}
	}
}

// noisy are two classes that overlap.
func noisy(n int, seed uint64) (*learn.Matrix, *learn.Target) {
	x, v := learntest.Data(learn.Regression, n, seed)
	y := &learn.Target{Task: learn.Classification, Classes: []string{"no", "yes"}, Labels: make([]int32, n)}
	r := rand.New(rand.NewPCG(seed, 0))
	for i, z := range v.Values {
		if z+4*r.NormFloat64() > 0 {
			y.Labels[i] = 1
		}
	}
	return x, y
}

func TestRefuses(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 30, 1)
	if _, err := (calibrate.Estimator{Of: linear.NewLogistic(), Params: calibrate.Params{Method: "beta"}}).Fit(t.Context(), x, y, nil); err == nil {
		t.Error("there is a method beta")
	}
}

// FuzzFromState takes no state that panics when it predicts.
func FuzzFromState(f *testing.F) {
	x, y := learntest.Data(learn.Classification, 40, 1)
	for _, method := range []string{calibrate.Platt, calibrate.Stepwise} {
		m, err := calibrate.Estimator{Of: forest(), Params: calibrate.Params{Method: method, Folds: 2}}.Fit(f.Context(), x, y, nil)
		if err != nil {
			f.Fatal(err)
		}
		b, err := json.Marshal(m.State().Params)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	m, err := forest().Fit(f.Context(), x, y, nil)
	if err != nil {
		f.Fatal(err)
	}
	tensors := m.State().Tensors
	f.Fuzz(func(t *testing.T, params []byte) {
		s := learn.State{Kind: calibrate.Kind, Tensors: tensors}
		if json.Unmarshal(params, &s.Params) != nil {
			return
		}
		m, err := calibrate.FromState(s, len(x.Columns), restore)
		if err != nil {
			return
		}
		for _, p := range m.Predict(x) {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("a probability of %v", p)
			}
		}
	})
}
