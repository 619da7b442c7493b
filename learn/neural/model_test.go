package neural

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// A network by hand: two features, two hidden units, one value.
func small(activation string) *Model {
	return &Model{
		Task: learn.Regression, Activation: activation, Mean: []float64{1, -1}, Scale: []float64{2, 0.5},
		Layers: []Layer{
			{Units: 2, Weights: []float32{1, -1, 0.5, 2}, Bias: []float32{0.25, -0.5}},
			{Units: 1, Weights: []float32{3, -2}, Bias: []float32{0.125}},
		},
		Offset: 10, Unit: 4,
	}
}

func TestPredict(t *testing.T) {
	x := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{{2, -3}, {-1.5, 0}}, Rows: 2}
	for activation, f := range map[string]func(float64) float64{"relu": func(v float64) float64 { return max(v, 0) }, "tanh": math.Tanh,
		"gelu": func(v float64) float64 { return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))) }} {
		got := small(activation).Predict(x)
		for i := range got {
			a, b := (x.Columns[0][i]-1)/2, (x.Columns[1][i]+1)/0.5
			u, v := f(0.25+a+0.5*b), f(-0.5-a+2*b)
			if want := 10 + 4*(0.125+3*u-2*v); math.Abs(got[i]-want) > 1e-5 {
				t.Errorf("%s, row %d: %v, want %v", activation, i, got[i], want)
			}
		}
	}
}

// A class that no unit is of has the probability 0.
func TestUnseen(t *testing.T) {
	m := small("relu")
	m.Task, m.Classes, m.Seen = learn.Classification, 4, []int32{1, 3}
	m.Layers[1] = Layer{Units: 2, Weights: []float32{1, 0, 0, 1}, Bias: []float32{0, 0}}
	p := m.Predict(&learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{{1}, {-1}}, Rows: 1})
	// both hidden units: 0.25 and 0
	want := 1 / (1 + math.Exp(-0.25))
	if p[0] != 0 || p[2] != 0 || math.Abs(p[1]-want) > 1e-7 || math.Abs(p[3]-(1-want)) > 1e-7 {
		t.Errorf("probabilities %v, want 0, %v, 0, %v", p, want, 1-want)
	}
}

func TestCheck(t *testing.T) {
	if err := New().Check(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Network){
		"from 1 to":                   func(n *Network) { n.Hidden = []int{10, 0} },
		"layers: at most":             func(n *Network) { n.Hidden = make([]int, 101) },
		"one of relu, tanh, gelu":     func(n *Network) { n.Activation = "step" },
		"one of adam, sgd":            func(n *Network) { n.Solver = "lbfgs" },
		"one of constant, step":       func(n *Network) { n.Schedule = "no" },
		"max_iter is 0":               func(n *Network) { n.Epochs = 0 },
		"batch_size is -1":            func(n *Network) { n.Batch = -1 },
		"learning_rate_init is NaN":   func(n *Network) { n.Rate = math.NaN() },
		"it must be above 0":          func(n *Network) { n.Rate = 0 },
		"dropout is 1":                func(n *Network) { n.Dropout = 1 },
		"schedule_epochs is 0":        func(n *Network) { n.Every = 0 },
		"validation_fraction is 1: i": func(n *Network) { n.Validation = 1 },
	} {
		n := New()
		spoil(n)
		if err := n.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// FuzzFromState: a state is refused, or its model predicts and has that state.
func FuzzFromState(f *testing.F) {
	f.Add(2, []byte{2, 1}, 6, 3, 0)
	f.Add(3, []byte{5, 2}, 25, 7, 2)
	f.Fuzz(func(t *testing.T, features int, units []byte, weights, bias, classes int) {
		if features < 0 || features > 100 || weights < 0 || weights > 10_000 || bias < 0 || bias > 1000 || classes < -1 || classes > 1000 {
			return
		}
		s := learn.State{Kind: Kind, Params: map[string]any{"activation": "relu", "task": "regression"}, Tensors: map[string]learn.Tensor{}}
		add := func(name string, n int, data any) { s.Tensors[name] = learn.Tensor{Shape: []int{n}, Data: data} }
		var sizes []int64
		var seen []int32
		for i, u := range units {
			sizes, seen = append(sizes, int64(u)), append(seen, int32(i))
		}
		one := make([]float64, features)
		for i := range one {
			one[i] = 1
		}
		add("units", len(sizes), sizes)
		add("weights", weights, make([]float32, weights))
		add("bias", bias, make([]float32, bias))
		add("mean", features, make([]float64, features))
		add("scale", features, one)
		add("target", 2, []float64{0, 1})
		if classes > 0 {
			s.Params["task"], s.Params["classes"] = "classification", float64(classes)
			add("seen", len(seen), seen)
		}
		m, err := FromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Names: make([]string, features), Rows: 3}
		for range features {
			x.Columns = append(x.Columns, []float64{1, 2, math.NaN()})
		}
		if p := m.Predict(x); len(p) != 3*m.Outputs() {
			t.Errorf("%d values of 3 rows and %d outputs", len(p), m.Outputs())
		}
		if _, err := FromState(m.State()); err != nil {
			t.Errorf("its own state is refused: %v", err)
		}
	})
}
