package neural

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// The steps of training are PyTorch's: testdata/make.py made them.
func TestPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/pytorch.json")
	if err != nil {
		t.Fatal(err)
	}
	var of struct {
		X      [][]float64
		Labels []int32
		Values []float64
		Hidden []int
		Rate   float64
		Cases  []struct {
			Activation, Solver, Task string
			BatchNorm                bool `json:"batch_norm"`
			Begin, End               [][2][]float64
			Losses, Predicted        []float64
		}
	}
	if err := json.Unmarshal(b, &of); err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Names: []string{"a", "b", "c"}, Columns: of.X, Rows: len(of.Labels)}
	for _, c := range of.Cases {
		t.Run(fmt.Sprintf("%s, %s, batch norm %v", c.Activation, c.Solver, c.BatchNorm), func(t *testing.T) {
			n := New()
			n.Hidden, n.Activation, n.BatchNorm, n.Batch = of.Hidden, c.Activation, c.BatchNorm, x.Rows
			switch n.Nesterov = false; c.Solver {
			case "adamw":
				n.Decay = 0.3
			case "nesterov":
				n.Nesterov = true
				fallthrough
			case "sgd":
				n.Solver, n.Momentum = "sgd", 0.8
			}
			y := &learn.Target{Task: learn.Task(c.Task), Values: of.Values}
			if y.Task == learn.Classification {
				y = &learn.Target{Task: y.Task, Labels: of.Labels, Classes: []string{"a", "b", "c"}}
			}
			d, err := NewProblem(x, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			random := splitmix.Stream(0, 0)
			if err := d.Begin(n, &random); err != nil {
				t.Fatal(err)
			}
			for k, l := range d.Model.Layers {
				copyTo(l.Weights, c.Begin[k][0])
				copyTo(l.Bias, c.Begin[k][1])
			}
			tr, err := newTrainer[float64](t.Context(), n, d, &learn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for step, want := range c.Losses {
				if got := tr.step(d.Rows, of.Rate) / float64(x.Rows); math.Abs(got-want) > 1e-9 {
					t.Errorf("the loss before step %d is %v, want %v", step+1, got, want)
				}
			}
			for k, l := range tr.layers {
				for i := range l.inputs + 1 {
					want := c.End[k][1]
					if i < l.inputs {
						want = c.End[k][0][i*l.units:][:l.units]
					}
					for u, v := range l.w.row(i) {
						if math.Abs(v-want[u]) > 1e-9 {
							t.Errorf("layer %d: weight %d, %d is %v, want %v", k, i, u, v, want[u])
						}
					}
				}
			}
			tr.fold()
			for i, v := range d.Model.Predict(x) {
				if math.Abs(v-c.Predicted[i]) > 1e-5 {
					t.Errorf("output %d is %v, want %v", i, v, c.Predicted[i])
				}
			}
		})
	}
}
