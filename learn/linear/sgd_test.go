package linear

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

func TestSGDAsScikitLearn(t *testing.T) {
	var data, ref reference
	for name, to := range map[string]*reference{"testdata/sklearn.json": &data, "testdata/sgd.json": &ref} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, to); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range ref.Cases {
		t.Run(fmt.Sprintf("%s %s %v %d", c.Data, c.Params, c.Weighted, c.Batches), func(t *testing.T) {
			in := data.Data[c.Data]
			x, opts := matrix(in.X), &learn.Options{}
			if c.Weighted {
				opts.Weights = in.Weights
			}
			p := params(t, c.Params, NewSGD())
			y := &learn.Target{Task: learn.Regression, Values: in.Values}
			if slices.Contains(losses(true), p.Loss) {
				y = &learn.Target{Task: learn.Classification, Labels: in.Labels, Classes: strings.Split("abcd", "")[:in.Classes]}
			}
			var m *Model
			if c.Batches == 1 {
				fitted, err := p.Fit(t.Context(), x, y, opts)
				if err != nil {
					t.Fatal(err)
				}
				m = fitted.(*Model)
				if m.iterations != c.Rounds {
					t.Errorf("%d rounds, want %d", m.iterations, c.Rounds)
				}
			}
			size := x.Rows / c.Batches
			for b := 0; b < c.Batches && c.Batches > 1; b++ {
				rows := make([]int, size)
				for i := range rows {
					rows[i] = b*size + i
				}
				part := &learn.Options{}
				if c.Weighted {
					part.Weights = in.Weights[b*size:][:size]
				}
				var err error
				if m, err = p.PartialFit(t.Context(), m, x.Take(rows), y.Take(rows), part); err != nil {
					t.Fatal(err)
				}
			}
			for r, want := range c.Coefficients {
				near(t, fmt.Sprintf("coefficient of row %d", r), m.Coefficients()[r], want, 1e-9)
			}
			near(t, "intercept", m.Intercepts(), c.Intercepts, 1e-9)
			near(t, "prediction", m.Predict(x)[:len(c.Predictions)], c.Predictions, 2e-6)
		})
	}
}

// Batch by batch, and each read back from its state, a model becomes what it is
// when it sees them in one go; a class that turns up late is learnt, too.
func TestPartialFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	batch := func(rows int, labels ...int32) (*learn.Matrix, *learn.Target) {
		x := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{make([]float64, rows), make([]float64, rows)}, Rows: rows}
		y := &learn.Target{Task: learn.Classification, Classes: []string{"p", "q", "r"}, Labels: make([]int32, rows)}
		for i := range rows {
			l := labels[r.IntN(len(labels))]
			y.Labels[i] = l
			x.Columns[0][i] = []float64{-2, 2, 0}[l] + r.NormFloat64()/2
			x.Columns[1][i] = []float64{-1, -1, 2}[l] + r.NormFloat64()/2
		}
		return x, y
	}
	p := NewSGD()
	var m *Model
	for i, labels := range [][]int32{{1}, {0, 1}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}, {0, 1, 2}} {
		x, y := batch(200, labels...)
		next, err := p.PartialFit(t.Context(), m, x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		restored, err := FromState(next.State())
		if err != nil {
			t.Fatal(err)
		}
		if m = restored.(*Model); m.steps != float64(200*i+1) {
			t.Errorf("after batch %d the next step is %v", i, m.steps)
		}
	}
	x, y := batch(500, 0, 1, 2)
	right := 0
	for i, l := range learn.Argmax(m.Predict(x), 3) {
		if l == y.Labels[i] {
			right++
		}
	}
	if right < 475 {
		t.Errorf("%d of 500 rows are told", right)
	}

	hinge := p
	hinge.Loss = "hinge"
	if _, err := hinge.PartialFit(t.Context(), m, x, y, nil); err == nil || !strings.Contains(err.Error(), `the model is of kind sgd and loss "log_loss", want sgd and "hinge"`) {
		t.Errorf("a model of another loss gives the error %v", err)
	}
	p.ClassWeight = "balanced"
	if _, err := p.PartialFit(t.Context(), m, x, y, nil); err == nil || !strings.Contains(err.Error(), "give them weights") {
		t.Errorf("balanced classes give the error %v", err)
	}
}

// The order of a round has every row once, and runs of them stay together only
// where they are many.
func TestReorder(t *testing.T) {
	for _, rows := range []int{1, 15, 1000, 3*1<<14 + 5} {
		r := &sgdRows{rows: rows, features: 4, values: make([]float64, 4*rows)}
		rng := splitmix.Stream(1, 0)
		order := make([]int, rows)
		for range 2 {
			r.reorder(order, &rng)
			near := 0
			for n := 1; n < rows; n++ {
				if order[n]/together == order[n-1]/together {
					near++
				}
			}
			if many := rows > 1<<15; many != (near > rows/2) && rows > together {
				t.Errorf("%d of %d rows follow one of their run", near, rows)
			}
		}
		slices.Sort(order)
		for i, at := range order {
			if i != at {
				t.Fatalf("of %d rows, place %d has %d", rows, i, at)
			}
		}
	}
}

// Rows that have no weight are as good as none, in any order.
func TestSGDWithoutWeight(t *testing.T) {
	d, y := problemOf(300, 3, true, 1)
	names := []string{"a", "b", "c"}
	x := &learn.Matrix{Names: names, Columns: d.columns, Rows: d.rows}
	target := &learn.Target{Task: learn.Regression, Values: y}
	var some []int
	var weights []float64
	for i, w := range d.weights {
		if w > 0 {
			some, weights = append(some, i), append(weights, w)
		}
	}
	all, err := NewSGD().Fit(t.Context(), x, target, &learn.Options{Weights: d.weights})
	if err != nil {
		t.Fatal(err)
	}
	few, err := NewSGD().Fit(t.Context(), x.Take(some), target.Take(some), &learn.Options{Weights: weights})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := all.(*Model).Coefficients()[0], few.(*Model).Coefficients()[0]; !slices.Equal(got, want) {
		t.Errorf("coefficients %v, want %v", got, want)
	}
}
