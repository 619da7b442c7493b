package baseline

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

var x = &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{1, math.NaN(), 3, 4}}, Rows: 4}

func TestFit(t *testing.T) {
	classes := &learn.Target{Task: learn.Classification, Labels: []int32{0, 2, 2, 0}, Classes: []string{"a", "b", "c"}}
	values := &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3, 10}}
	for _, c := range []struct {
		name    string
		y       *learn.Target
		weights []float64
		want    []float64
	}{
		{"frequencies", classes, nil, []float64{0.5, 0, 0.5}},
		{"weighted frequencies", classes, []float64{1, 3, 3, 1}, []float64{0.25, 0, 0.75}},
		{"mean", values, nil, []float64{4}},
		{"weighted mean", values, []float64{1, 1, 0, 0}, []float64{1.5}},
		{"no overflow", &learn.Target{Task: learn.Regression, Values: []float64{1e308, 1e308, 1e308, 1e308}}, nil, []float64{1e308}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Estimator{}.Fit(context.Background(), x, c.y, &learn.Options{Weights: c.weights})
			if err != nil {
				t.Fatal(err)
			}
			if m.Outputs() != len(c.want) {
				t.Errorf("%d outputs, want %d", m.Outputs(), len(c.want))
			}
			if got := m.Predict(x); !slices.Equal(got, slices.Repeat(c.want, 4)) {
				t.Errorf("predicts %v, want %v for every row", got, c.want)
			}
			again, err := FromState(m.State())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(again.Predict(x), m.Predict(x)) {
				t.Error("the restored model predicts otherwise")
			}
		})
	}
}

func TestFitErrors(t *testing.T) {
	y := &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3, 10}}
	for want, weights := range map[string][]float64{
		"row 1 is -1":                 {1, -1, 1, 1},
		"the sample weights sum to 0": {0, 0, 0, 0},
		"but 1 sample weights":        {1},
		"sample weight of row 0":      {math.NaN(), 1, 1, 1},
	} {
		if _, err := (Estimator{}).Fit(context.Background(), x, y, &learn.Options{Weights: weights}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestFromStateRefuses(t *testing.T) {
	state := func(kind, task string, shape int, data any) learn.State {
		return learn.State{Kind: kind, Params: map[string]any{"task": task}, Tensors: map[string]learn.Tensor{"values": {Shape: []int{shape}, Data: data}}}
	}
	for name, s := range map[string]learn.State{
		"empty":           {},
		"kind":            state("linear", "regression", 1, []float64{1}),
		"task":            state(Kind, "ranking", 1, []float64{1}),
		"shape":           state(Kind, "regression", 2, []float64{1}),
		"type":            state(Kind, "regression", 1, []float32{1}),
		"NaN":             state(Kind, "regression", 1, []float64{math.NaN()}),
		"two values":      state(Kind, "regression", 2, []float64{1, 2}),
		"one class":       state(Kind, "classification", 1, []float64{1}),
		"sum":             state(Kind, "classification", 2, []float64{1, 1}),
		"negative":        state(Kind, "classification", 2, []float64{-1, 2}),
		"no tensor":       {Kind: Kind, Params: map[string]any{"task": "regression"}},
		"task is no text": {Kind: Kind, Params: map[string]any{"task": 1.0}, Tensors: state(Kind, "", 1, []float64{1}).Tensors},
	} {
		if _, err := FromState(s); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
