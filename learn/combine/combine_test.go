package combine_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

// restore restores the kinds that the tests combine.
func restore(s learn.State, features int) (learn.Model, error) {
	switch s.Kind {
	case tree.Kind:
		return tree.FromState(s)
	case boost.Kind:
		return boost.FromState(s)
	}
	return linear.FromState(s)
}

// either is for both tasks: of two estimators, the one for the task at hand.
func forest() learn.Estimator {
	f := tree.NewForest()
	f.Estimators, f.MaxDepth = 5, 8
	return f
}

func scaled() []preprocess.Spec {
	return []preprocess.Spec{&preprocess.Impute{Indicators: true}, &preprocess.Scale{}}
}

func members(task learn.Task) []combine.Member {
	own := combine.Member{Name: "ridge", Estimator: linear.Ridge{Alpha: 1}, Prepare: scaled(), Weight: 2}
	if task == learn.Classification {
		own = combine.Member{Name: "logistic", Estimator: linear.NewLogistic(), Prepare: scaled(), Weight: 2}
	}
	return []combine.Member{{Name: "forest", Estimator: forest()}, own}
}

func final(task learn.Task) combine.Member { return members(task)[1] }

// TestConformance holds both to what every estimator promises, for each task.
func TestConformance(t *testing.T) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		config := learntest.Config{Tasks: []learn.Task{task}, Missing: true, Tolerance: 1e-3, Restore: func(s learn.State) (learn.Model, error) {
			features, _ := s.Params["features"].(float64)
			return combine.FromState(s, int(features), restore)
		}}
		for name, make := range map[string]func() learn.Estimator{
			"voting":   func() learn.Estimator { return combine.Voting{Members: members(task)} },
			"stacking": func() learn.Estimator { return combine.Stacking{Members: members(task), Final: final(task), Folds: 2} },
		} {
			t.Run(name+"/"+string(task), func(t *testing.T) { learntest.Estimator(t, make, config) })
		}
	}
}

// TestVoting is the weighted mean of what the members predict on their own.
func TestVoting(t *testing.T) {
	for _, task := range []learn.Task{learn.Classification, learn.Regression} {
		x, y := learntest.Data(task, 120, 3)
		m, err := combine.Voting{Members: members(task)}.Fit(t.Context(), x, y, &learn.Options{Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		var alone [][]float64
		for _, b := range members(task) {
			one, err := combine.Voting{Members: []combine.Member{b}}.Fit(t.Context(), x, y, &learn.Options{Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			alone = append(alone, one.Predict(x))
		}
		for i, p := range m.Predict(x) {
			if want := (alone[0][i] + 2*alone[1][i]) / 3; math.Abs(p-want) > 1e-9 {
				t.Fatalf("%s: value %d is %v, want %v", task, i, p, want)
			}
		}
	}
}

// TestHard counts votes.
func TestHard(t *testing.T) {
	x, y := learntest.Data(learn.Classification, 120, 3)
	m, err := combine.Voting{Members: members(learn.Classification), Hard: true}.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Predict(x) {
		if near := math.Abs(p*3 - math.Round(p*3)); near > 1e-9 {
			t.Fatalf("a share of %v of three votes", p)
		}
	}
}

// TestStackingSeesNoRowTwice: a member that knows its training rows by heart
// looks perfect where it was fitted, and the final estimator must not believe it.
func TestStackingSeesNoRowTwice(t *testing.T) {
	const n = 600
	noise, signal := make([]float64, n), make([]float64, n)
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, n)}
	for i := range n {
		h := math.Sin(float64(i)*12.9898) * 43758.5453
		noise[i] = h - math.Floor(h)
		g := math.Sin(float64(i)*78.233) * 12543.123
		signal[i] = g - math.Floor(g)
		e := math.Sin(float64(i)*3.17) * 9631.77
		y.Values[i] = signal[i] + 0.5*(e-math.Floor(e))
	}
	x := &learn.Matrix{Names: []string{"a:noise", "b:signal"}, Columns: [][]float64{noise, signal}, Rows: n}
	byHeart := tree.NewForest()
	byHeart.Bootstrap, byHeart.Estimators = false, 1
	m, err := combine.Stacking{
		Members: []combine.Member{{Name: "by heart", Estimator: byHeart, Branch: "a"}, {Name: "line", Estimator: linear.Ridge{Alpha: 1e-6}, Branch: "b"}},
		Final:   combine.Member{Name: "ridge", Estimator: linear.Ridge{Alpha: 1e-6}},
	}.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	moved := &learn.Matrix{Names: x.Names, Columns: [][]float64{make([]float64, n), signal}, Rows: n}
	p, q := m.Predict(x), m.Predict(moved)
	most := 0.0
	for i := range p {
		most = max(most, math.Abs(p[i]-q[i]))
	}
	if most > 0.2 {
		t.Errorf("the noise that one member knows by heart moves predictions by %v", most)
	}
}

// FuzzFromState takes no state that panics when it predicts.
func FuzzFromState(f *testing.F) {
	x, y := learntest.Data(learn.Classification, 40, 1)
	m, err := combine.Stacking{Members: members(learn.Classification), Final: final(learn.Classification), Folds: 2}.Fit(f.Context(), x, y, nil)
	if err != nil {
		f.Fatal(err)
	}
	whole := m.State()
	b, err := json.Marshal(whole.Params)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, combine.KindStacking)
	f.Add(b, combine.KindVoting)
	f.Add([]byte(`{"task": "regression", "outputs": 1, "features": 4, "members": [{"name": "a", "weight": 1, "columns": [9]}]}`), combine.KindVoting)
	f.Fuzz(func(t *testing.T, params []byte, kind string) {
		s := learn.State{Kind: kind, Tensors: whole.Tensors}
		if json.Unmarshal(params, &s.Params) != nil {
			return
		}
		restored, err := combine.FromState(s, len(x.Columns), func(s learn.State, features int) (learn.Model, error) {
			m, err := restore(s, features)
			if err == nil && s.Kind != tree.Kind && s.Kind != boost.Kind {
				if shape := s.Tensors["coefficients"].Shape; shape[len(shape)-1] != features {
					return nil, errors.New("another number of features")
				}
			}
			if shape := s.Tensors["importances"].Shape; err == nil && len(shape) > 0 && shape[0] != features {
				return nil, errors.New("another number of features")
			}
			return m, err
		})
		if err == nil {
			restored.Predict(x)
		}
	})
}
