package calibrate_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bayes"
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

// A frozen estimator gives the same model whatever the rows.
type frozen struct{ learn.Model }

func (f frozen) Fit(context.Context, *learn.Matrix, *learn.Target, *learn.Options) (learn.Model, error) {
	return f.Model, nil
}

// TestWhat is calibrated is what scikit-learn calibrates: the probability of a
// model that has no margin, and else that; see testdata/make.py.
func TestWhat(t *testing.T) {
	var ref struct {
		X     [][]float64
		Y     []int32
		Cases []struct {
			Model         string
			Classes       int
			Probabilities [][]float64
		}
	}
	b, err := os.ReadFile("testdata/models.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Names: []string{"a", "b"}, Columns: make([][]float64, 2), Rows: len(ref.X)}
	for _, row := range ref.X {
		x.Columns[0], x.Columns[1] = append(x.Columns[0], row[0]), append(x.Columns[1], row[1])
	}
	for _, c := range ref.Cases {
		y := &learn.Target{Task: learn.Classification, Classes: []string{"0", "1", "2"}[:c.Classes]}
		for _, l := range ref.Y {
			y.Labels = append(y.Labels, l%int32(c.Classes))
		}
		e, maps := learn.Estimator(bayes.NaiveBayes{}), calibrate.Probability
		if c.Model == "logistic" {
			e, maps = linear.NewLogistic(), calibrate.LogOdds
		}
		fitted, err := e.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := calibrate.Estimator{Of: frozen{fitted}, Params: calibrate.Params{Method: calibrate.Platt, Folds: 5}}.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.State().Params["maps"]; got != maps {
			t.Errorf("%s of %d classes: a sigmoid of %v, want %v", c.Model, c.Classes, got, maps)
		}
		for i, p := range m.Predict(x) {
			if want := c.Probabilities[i/c.Classes][i%c.Classes]; math.Abs(p-want) > 1e-4 {
				t.Fatalf("%s of %d classes, row %d: %v, scikit-learn's %v", c.Model, c.Classes, i/c.Classes, p, want)
			}
		}
	}
}

// TestOldState is of before states said what is calibrated: a sigmoid was of
// log-odds, whatever the model.
func TestOldState(t *testing.T) {
	x, y := noisy(100, 1)
	for method, maps := range map[string]string{calibrate.Platt: calibrate.LogOdds, calibrate.Stepwise: calibrate.Probability} {
		m, err := calibrate.Estimator{Of: forest(), Params: calibrate.Params{Method: method, Folds: 2}}.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := m.State()
		if s.Params["maps"] != calibrate.Probability {
			t.Errorf("%s of a forest is of %v", method, s.Params["maps"])
		}
		delete(s.Params, "maps")
		old, err := calibrate.FromState(s, 4, restore)
		if err != nil {
			t.Fatal(err)
		}
		if got := old.State().Params["maps"]; got != maps {
			t.Errorf("a %s of before is of %v, want %s", method, got, maps)
		}
		same := slices.Equal(old.Predict(x), m.Predict(x))
		if same != (method == calibrate.Stepwise) {
			t.Errorf("a %s of before predicts the same: %v", method, same)
		}
		s.Params["maps"] = "margins"
		if _, err := calibrate.FromState(s, 4, restore); err == nil {
			t.Error("there are curves of margins")
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
