// Package baseline predicts without looking at the features: what a model must
// beat to be worth anything.
package baseline

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// Kind is the kind of the models' State.
const Kind = "baseline"

// An Estimator learns the weighted frequency of each class, so that its
// predicted class is the most frequent one, or the weighted mean of a regression
// target (scikit-learn's DummyClassifier with strategy "prior", and
// DummyRegressor). It has no parameters; features may be missing.
type Estimator struct{}

// Model is a fitted baseline: the same values for every row.
type Model struct {
	task   learn.Task
	values []float64
}

// Fit implements learn.Estimator.
func (Estimator) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	if opts != nil {
		if err := learn.CheckWeights(opts.Weights); err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := &Model{task: y.Task, values: make([]float64, 1)}
	if y.Task == learn.Classification {
		m.values = make([]float64, len(y.Classes))
	}
	total := 0.0
	for i := range y.Len() {
		w := 1.0
		if opts != nil && opts.Weights != nil {
			w = opts.Weights[i]
		}
		total += w
		if y.Task == learn.Classification {
			m.values[y.Labels[i]] += w
		} else if w > 0 {
			// A running mean does not overflow where a sum would.
			m.values[0] += float64((y.Values[i] - m.values[0]) * (w / total))
		}
	}
	if y.Task == learn.Classification {
		for k := range m.values {
			m.values[k] /= total
		}
	}
	return m, nil
}

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return len(m.values) }

// Predict implements learn.Model.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, 0, x.Rows*len(m.values))
	for range x.Rows {
		out = append(out, m.values...)
	}
	return out
}

// State implements learn.Model.
func (m *Model) State() learn.State {
	return learn.State{
		Kind:    Kind,
		Params:  map[string]any{"task": string(m.task)},
		Tensors: map[string]learn.Tensor{"values": {Shape: []int{len(m.values)}, Data: append([]float64(nil), m.values...)}},
	}
}

// FromState restores a model, and refuses a state that Fit cannot have made.
func FromState(s learn.State) (learn.Model, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("baseline: a state of kind %q, want %q", s.Kind, Kind)
	}
	task, _ := s.Params["task"].(string)
	t := s.Tensors["values"]
	values, ok := t.Data.([]float64)
	if !ok || len(t.Shape) != 1 || t.Shape[0] != len(values) {
		return nil, fmt.Errorf("baseline: the tensor values is missing or no list of float64")
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("baseline: value %d is %v", i, v)
		}
	}
	switch learn.Task(task) {
	case learn.Classification:
		total := 0.0
		for i, v := range values {
			if v < 0 {
				return nil, fmt.Errorf("baseline: class %d has the probability %v", i, v)
			}
			total += v
		}
		if len(values) < 2 || math.Abs(total-1) > 1e-6 {
			return nil, fmt.Errorf("baseline: %d class probabilities that sum to %v", len(values), total)
		}
	case learn.Regression:
		if len(values) != 1 {
			return nil, fmt.Errorf("baseline: %d values, a regression has 1", len(values))
		}
	default:
		return nil, fmt.Errorf("baseline: unknown task %q", task)
	}
	return &Model{task: learn.Task(task), values: append([]float64(nil), values...)}, nil
}
