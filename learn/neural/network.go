// Package neural has dense neural networks as models: their parameters, their
// prediction and their state. Who trains them is somebody else: gpu-runner does.
package neural

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
)

// Kind is the kind of a network's state.
const Kind = "neural_network"

// A Network is a dense network that is trained by mini-batches with Adam (Kingma
// and Ba, 2015). The names and defaults of the parameters are those of
// scikit-learn's MLP. The zero value is not usable: start from New.
type Network struct {
	Hidden     []int   `json:"hidden_layer_sizes" doc:"units of each hidden layer"`
	Activation string  `json:"activation" default:"relu" enum:"relu,tanh" doc:"of the hidden units"`
	Epochs     int     `json:"max_iter" default:"100" min:"1" max:"100000" doc:"passes over the training rows"`
	Batch      int     `json:"batch_size" default:"200" min:"1" max:"1000000" doc:"rows of a step, at most"`
	Rate       float64 `json:"learning_rate_init" default:"0.001" min:"0" doc:"Adam's learning rate"`
}

// New returns a network with the default parameters.
func New() *Network {
	return &Network{Hidden: []int{100}, Activation: "relu", Epochs: 100, Batch: 200, Rate: 0.001}
}

// maxUnits bounds a layer, and maxLayers their number.
const (
	maxUnits  = 1 << 20
	maxLayers = 100
)

// Check reports parameters that no network can be made of.
func (n *Network) Check() error {
	switch {
	case len(n.Hidden) > maxLayers:
		return fmt.Errorf("hidden_layer_sizes has %d layers: at most %d", len(n.Hidden), maxLayers)
	case slices.ContainsFunc(n.Hidden, func(u int) bool { return u < 1 || u > maxUnits }):
		return fmt.Errorf("hidden_layer_sizes is %v: a layer has from 1 to %d units", n.Hidden, maxUnits)
	case n.Activation != "relu" && n.Activation != "tanh":
		return fmt.Errorf("activation is %q: it must be relu or tanh", n.Activation)
	case n.Epochs < 1 || n.Batch < 1:
		return fmt.Errorf("max_iter is %d and batch_size %d: both must be positive", n.Epochs, n.Batch)
	case !(n.Rate > 0 && n.Rate <= 1):
		return fmt.Errorf("learning_rate_init is %v: it must be above 0 and at most 1", n.Rate)
	}
	return nil
}

// A Layer maps values to units: Weights[i*Units+u] is that of input i in unit u.
type Layer struct {
	Units   int
	Weights []float64
	Bias    []float64
}

// A Model is a fitted network. Features are standardised on the way in; a value
// is Offset + Unit times the last layer's output, classes are its softmax.
type Model struct {
	Task         learn.Task
	Classes      int
	Seen         []int32 // the classes that the last layer has units for, rising
	Activation   string
	Mean, Scale  []float64 // of each feature: (x - Mean) / Scale goes in
	Layers       []Layer
	Offset, Unit float64
}

// Outputs is the number of classes, or 1 for regression.
func (m *Model) Outputs() int {
	if m.Task == learn.Classification {
		return m.Classes
	}
	return 1
}

// blockRows is how many rows go through the layers before the next ones do.
const blockRows = 64

// Predict returns the outputs of each row, on all processors where there are
// many rows.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows*m.Outputs())
	blocks := (x.Rows + blockRows - 1) / blockRows
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), blocks) {
		all.Go(func() {
			for {
				from := (int(next.Add(1)) - 1) * blockRows
				if from >= x.Rows {
					return
				}
				m.predict(x, from, min(from+blockRows, x.Rows), out)
			}
		})
	}
	all.Wait()
	return out
}

func (m *Model) predict(x *learn.Matrix, from, to int, out []float64) {
	var values, units []float64
	for r := from; r < to; r++ {
		values = values[:0]
		for j, mean := range m.Mean {
			values = append(values, (x.Columns[j][r]-mean)/m.Scale[j])
		}
		for l, layer := range m.Layers {
			units = layer.apply(values, units[:0])
			if l < len(m.Layers)-1 {
				activate(m.Activation, units)
			}
			values, units = units, values
		}
		if m.Task == learn.Regression {
			out[r] = m.Offset + float64(m.Unit*values[0])
			continue
		}
		portable.Softmax(values)
		for k, class := range m.Seen {
			out[r*m.Classes+int(class)] = values[k]
		}
	}
}

// apply appends the layer's units to out.
func (l *Layer) apply(values, out []float64) []float64 {
	out = append(out, l.Bias...)
	for i, v := range values {
		for u, w := range l.Weights[i*l.Units : (i+1)*l.Units] {
			out[u] += float64(v * w)
		}
	}
	return out
}

func activate(name string, units []float64) {
	for u, v := range units {
		if name == "tanh" {
			t := portable.Exp(-2 * math.Abs(v))
			units[u] = math.Copysign((1-t)/(1+t), v)
		} else if v < 0 {
			units[u] = 0
		}
	}
}
