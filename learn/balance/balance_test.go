package balance_test

import (
	"context"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/balance"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/tree"
)

func TestConformance(t *testing.T) {
	for _, method := range []string{balance.Weights, balance.Over, balance.Under} {
		t.Run(method, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				f := tree.NewForest()
				f.Estimators = 5
				return balance.Estimator{Of: f, Method: method}
			}, learntest.Config{Tasks: []learn.Task{learn.Classification}, Missing: true, Restore: tree.FromState})
		})
	}
}

// seen remembers what it was fitted on.
type seen struct {
	rows    *int
	classes *map[int32]float64
}

func (s seen) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	*s.rows, *s.classes = x.Rows, map[int32]float64{}
	for i, l := range y.Labels {
		w := 1.0
		if opts.Weights != nil {
			w = opts.Weights[i]
		}
		(*s.classes)[l] += w
	}
	return baseline.Estimator{}.Fit(ctx, x, y, opts)
}

// TestEqual gives the estimator classes that weigh the same, whatever they had.
func TestEqual(t *testing.T) {
	n := 100
	x := &learn.Matrix{Names: []string{"x"}, Columns: [][]float64{make([]float64, n)}, Rows: n}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c", "none"}, Labels: make([]int32, n)}
	for i := range n {
		x.Columns[0][i] = float64(i)
		switch {
		case i < 7:
			y.Labels[i] = 1
		case i < 30:
			y.Labels[i] = 2
		}
	}
	for method, want := range map[string]int{balance.Weights: 100, balance.Over: 210, balance.Under: 21} {
		var rows int
		var classes map[int32]float64
		m, err := balance.Estimator{Of: seen{&rows, &classes}, Method: method}.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rows != want || len(classes) != 3 || math.Abs(classes[0]-classes[1]) > 1e-9 || math.Abs(classes[1]-classes[2]) > 1e-9 {
			t.Errorf("%s: %d rows of %v", method, rows, classes)
		}
		if p := m.Predict(x.Take([]int{0})); p[3] != 0 || math.Abs(p[0]-p[1]) > 1e-9 {
			t.Errorf("%s: predicts %v", method, p)
		}
	}
	if _, err := (balance.Estimator{Of: baseline.Estimator{}, Method: "smote"}).Fit(t.Context(), x, y, nil); err == nil {
		t.Error("there is a method smote")
	}
}
