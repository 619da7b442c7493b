package neural

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Network is a dense network that is trained by mini-batches. The names of the
// parameters, and the defaults of those that it shares, are those of scikit-learn's
// MLP; what that has not is called as in PyTorch. The zero value is not usable:
// start from New.
type Network struct {
	Hidden     []int   `json:"hidden_layer_sizes" default:"100" doc:"units of each hidden layer"`
	Activation string  `json:"activation" default:"relu" enum:"relu,tanh,gelu" doc:"of the hidden units"`
	Dropout    float64 `json:"dropout" default:"0" min:"0" max:"0.99" doc:"how likely a hidden unit is to be left out of a step"`
	BatchNorm  bool    `json:"batch_norm" default:"false" doc:"normalise what goes into the hidden units over each batch"`

	Epochs   int     `json:"max_iter" default:"100" min:"1" max:"100000" doc:"passes over the training rows"`
	Batch    int     `json:"batch_size" default:"200" min:"1" max:"1000000" doc:"rows of a step, at most"`
	Solver   string  `json:"solver" default:"adam" enum:"adam,sgd" doc:"how weights are changed by their gradients"`
	Rate     float64 `json:"learning_rate_init" default:"0.001" min:"0" max:"1" doc:"learning rate of the first pass"`
	Momentum float64 `json:"momentum" default:"0.9" min:"0" max:"0.9999" doc:"of sgd"`
	Nesterov bool    `json:"nesterovs_momentum" default:"true" doc:"whether the momentum of sgd looks ahead"`
	Decay    float64 `json:"weight_decay" default:"0" min:"0" max:"1000" doc:"share of the weights, times the learning rate, that each step takes from them"`

	Schedule string  `json:"learning_rate" default:"constant" enum:"constant,step,cosine,plateau" doc:"how the learning rate goes on: step lowers it at even distances, cosine evenly to 0, plateau where the loss stays as it is"`
	Every    int     `json:"schedule_epochs" default:"10" min:"1" doc:"passes after which step, or without a better loss plateau, lowers the learning rate"`
	Factor   float64 `json:"schedule_factor" default:"0.1" min:"0" max:"1" doc:"what step and plateau multiply it by"`

	EarlyStopping bool    `json:"early_stopping" default:"false" doc:"stop once the loss on a share of the rows, which nothing is learnt from, gets no better, and keep the best weights"`
	Validation    float64 `json:"validation_fraction" default:"0.1" min:"0" max:"0.99" doc:"that share of the rows"`
	Patience      int     `json:"n_iter_no_change" default:"10" min:"1" doc:"passes without a better loss after which early_stopping stops"`
	Tolerance     float64 `json:"tol" default:"0.0001" min:"0" doc:"by how much a better loss is less"`
}

// New returns a network with the default parameters.
func New() *Network {
	return &Network{
		Hidden: []int{100}, Activation: relu, Epochs: 100, Batch: 200, Solver: "adam", Rate: 0.001, Momentum: 0.9, Nesterov: true,
		Schedule: "constant", Every: 10, Factor: 0.1, Validation: 0.1, Patience: 10, Tolerance: 1e-4,
	}
}

// maxUnits bounds a layer, maxLayers their number, and maxWeights what all have.
const (
	maxUnits   = 1 << 20
	maxLayers  = 100
	maxWeights = 1 << 30
)

// Check reports parameters that no network can be made of.
func (n *Network) Check() error {
	switch {
	case len(n.Hidden) > maxLayers:
		return fmt.Errorf("hidden_layer_sizes has %d layers: at most %d", len(n.Hidden), maxLayers)
	case slices.ContainsFunc(n.Hidden, func(u int) bool { return u < 1 || u > maxUnits }):
		return fmt.Errorf("hidden_layer_sizes is %v: a layer has from 1 to %d units", n.Hidden, maxUnits)
	}
	for _, p := range []struct {
		name, value string
		of          []string
	}{
		{"activation", n.Activation, []string{relu, tanh, gelu}},
		{"solver", n.Solver, []string{"adam", "sgd"}},
		{"learning_rate", n.Schedule, []string{"constant", "step", "cosine", "plateau"}},
	} {
		if !slices.Contains(p.of, p.value) {
			return fmt.Errorf("%s is %q: it must be one of %s", p.name, p.value, strings.Join(p.of, ", "))
		}
	}
	const small = math.SmallestNonzeroFloat64
	for _, p := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"dropout", n.Dropout, 0, 0.99},
		{"max_iter", float64(n.Epochs), 1, 100_000},
		{"batch_size", float64(n.Batch), 1, 1_000_000},
		{"learning_rate_init", n.Rate, small, 1},
		{"momentum", n.Momentum, 0, 0.9999},
		{"weight_decay", n.Decay, 0, 1000},
		{"schedule_epochs", float64(n.Every), 1, math.MaxInt32},
		{"schedule_factor", n.Factor, 0, 1},
		{"validation_fraction", n.Validation, small, 0.99},
		{"n_iter_no_change", float64(n.Patience), 1, math.MaxInt32},
		{"tol", n.Tolerance, 0, math.MaxFloat64},
	} {
		if !(p.value >= p.lo && p.value <= p.hi) {
			from := fmt.Sprintf("from %v", p.lo)
			if p.lo == small {
				from = "above 0"
			}
			return fmt.Errorf("%s is %v: it must be %s and at most %v", p.name, p.value, from, p.hi)
		}
	}
	return nil
}
