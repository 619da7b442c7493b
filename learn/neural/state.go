package neural

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
)

// State takes the network apart. Weights and biases of all layers follow each
// other; units says how many each layer has, seen of which classes the last layer's
// are, and target the offset and the unit of a regression.
func (m *Model) State() learn.State {
	var units []int64
	var weights, bias []float32
	for _, l := range m.Layers {
		units = append(units, int64(l.Units))
		weights, bias = append(weights, l.Weights...), append(bias, l.Bias...)
	}
	vector := func(n int, data any) learn.Tensor { return learn.Tensor{Shape: []int{n}, Data: data} }
	s := learn.State{
		Kind:   Kind,
		Params: map[string]any{"task": string(m.Task), "activation": m.Activation},
		Tensors: map[string]learn.Tensor{
			"units": vector(len(units), units), "weights": vector(len(weights), weights), "bias": vector(len(bias), bias),
			"mean": vector(len(m.Mean), m.Mean), "scale": vector(len(m.Scale), m.Scale),
		},
	}
	if m.Task == learn.Classification {
		s.Params["classes"] = float64(m.Classes)
		s.Tensors["seen"] = vector(len(m.Seen), m.Seen)
	} else {
		s.Tensors["target"] = vector(2, []float64{m.Offset, m.Unit})
	}
	return s
}

// FromState makes a *Model from its state. It checks that a prediction cannot fail.
func FromState(s learn.State) (learn.Model, error) {
	m, err := fromState(s)
	if err != nil {
		return nil, fmt.Errorf("neural network: the state is damaged: %w", err)
	}
	return m, nil
}

func fromState(s learn.State) (*Model, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("its kind is %q, want %q", s.Kind, Kind)
	}
	task, _ := s.Params["task"].(string)
	classes, _ := s.Params["classes"].(float64)
	m := &Model{Task: learn.Task(task)}
	m.Activation, _ = s.Params["activation"].(string)
	if !slices.Contains([]string{relu, tanh, gelu}, m.Activation) {
		return nil, fmt.Errorf("its activation is %q", m.Activation)
	}
	units, _ := s.Tensors["units"].Data.([]int64)
	weights, bias := numbers[float32](s, "weights"), numbers[float32](s, "bias")
	m.Mean, m.Scale = numbers[float64](s, "mean"), numbers[float64](s, "scale")
	m.Seen, _ = s.Tensors["seen"].Data.([]int32)
	if len(m.Mean) == 0 || len(m.Scale) != len(m.Mean) || slices.ContainsFunc(m.Scale, func(v float64) bool { return !(v > 0) }) {
		return nil, fmt.Errorf("it has %d means and %d scales of features", len(m.Mean), len(m.Scale))
	}
	if len(units) == 0 || len(units) > maxLayers+1 {
		return nil, fmt.Errorf("it has %d layers", len(units))
	}
	inputs := len(m.Mean)
	for i, u := range units {
		if u < 1 || u > maxUnits || int(u) > len(bias) || int(u)*inputs > len(weights) {
			return nil, fmt.Errorf("layer %d of %d units has too few weights", i, u)
		}
		n := int(u)
		m.Layers = append(m.Layers, Layer{Units: n, Weights: weights[:n*inputs], Bias: bias[:n]})
		weights, bias, inputs = weights[n*inputs:], bias[n:], n
	}
	if len(weights) > 0 || len(bias) > 0 {
		return nil, fmt.Errorf("it has %d weights and %d biases of no layer", len(weights), len(bias))
	}
	switch m.Task {
	case learn.Regression:
		target := numbers[float64](s, "target")
		if inputs != 1 || len(target) != 2 {
			return nil, fmt.Errorf("a regression has one output, it has %d", inputs)
		}
		m.Offset, m.Unit = target[0], target[1]
	case learn.Classification:
		if !(classes >= 2 && classes <= maxUnits) || len(m.Seen) != inputs {
			return nil, fmt.Errorf("it has %d outputs for %d of %v classes", inputs, len(m.Seen), classes)
		}
		m.Classes = int(classes)
		for k, c := range m.Seen {
			if c < 0 || int(c) >= m.Classes || k > 0 && c <= m.Seen[k-1] {
				return nil, fmt.Errorf("output %d is of class %d of %d", k, c, m.Classes)
			}
		}
	default:
		return nil, fmt.Errorf("its task is %q", task)
	}
	return m, nil
}

// numbers is a tensor of numbers, nil where one of them is none.
func numbers[F float](s learn.State, name string) []F {
	v, _ := s.Tensors[name].Data.([]F)
	if slices.ContainsFunc(v, func(v F) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
		return nil
	}
	return v
}
