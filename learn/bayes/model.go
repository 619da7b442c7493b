package bayes

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/portable"
)

// Kind is the kind of the models' State.
const Kind = "naive_bayes"

// A Model is a fitted classifier.
type Model struct {
	multinomial bool
	features    int
	priors      []float64 // of the classes; 0 for one that had no rows
	first       []float64 // classes x features: means, or the frequencies of what is counted
	second      []float64 // variances, gaussian
	logs        []float64 // classes x features: of the frequencies, multinomial
	base        []float64 // a class: what its score is before the features are seen
}

func (m *Model) prepare() {
	if m.multinomial {
		m.logs = make([]float64, len(m.first))
		for i, v := range m.first {
			m.logs[i] = portable.Log(v)
		}
	}
	for k, prior := range m.priors {
		score := portable.Log(prior)
		if !m.multinomial {
			for _, v := range m.second[k*m.features:][:m.features] {
				score -= float64(0.5 * portable.Log(v*(2*math.Pi)))
			}
		}
		m.base = append(m.base, score)
	}
}

// Outputs implements learn.Model.
func (m *Model) Outputs() int { return len(m.priors) }

// Predict implements learn.Model.
func (m *Model) Predict(x *learn.Matrix) []float64 {
	const several = 256 // rows a task
	classes := len(m.priors)
	out := make([]float64, x.Rows*classes)
	_ = parallel.Each(context.Background(), runtime.GOMAXPROCS(0), (x.Rows+several-1)/several, func(_, task int) { // nothing cancels it
		start := task * several
		end := min(start+several, x.Rows)
		for i := start; i < end; i++ {
			copy(out[i*classes:], m.base)
		}
		for j, col := range x.Columns {
			for i := start; i < end; i++ {
				m.score(j, col[i], out[i*classes:][:classes])
			}
		}
		for i := start; i < end; i++ {
			m.share(out[i*classes:][:classes])
		}
	})
	return out
}

// score adds what a feature's value says of each class.
func (m *Model) score(j int, v float64, to []float64) {
	for k := range to {
		at := k*m.features + j
		if m.multinomial {
			to[k] += float64(v * m.logs[at])
			continue
		}
		d := v - m.first[at]
		to[k] -= float64(0.5 * (d * d / m.second[at]))
	}
}

// share turns scores into probabilities. Where a row is beyond all numbers it is
// as probable of a class as the class is.
func (m *Model) share(scores []float64) {
	top := math.Inf(-1)
	for k, s := range scores {
		if m.priors[k] == 0 {
			scores[k] = math.Inf(-1)
		}
		top = max(top, s)
	}
	if math.IsNaN(top) || math.IsInf(top, 0) {
		copy(scores, m.priors)
		return
	}
	portable.Softmax(scores)
}

// State implements learn.Model.
func (m *Model) State() learn.State {
	shape := []int{len(m.priors), m.features}
	s := learn.State{Kind: Kind, Params: map[string]any{"distribution": "gaussian"}, Tensors: map[string]learn.Tensor{
		"priors": {Shape: shape[:1], Data: append([]float64{}, m.priors...)},
	}}
	if m.multinomial {
		s.Params["distribution"] = "multinomial"
		s.Tensors["frequencies"] = learn.Tensor{Shape: shape, Data: append([]float64{}, m.first...)}
		return s
	}
	s.Tensors["means"] = learn.Tensor{Shape: shape, Data: append([]float64{}, m.first...)}
	s.Tensors["variances"] = learn.Tensor{Shape: shape, Data: append([]float64{}, m.second...)}
	return s
}

// FromState restores a model, and refuses a state that Fit cannot have made.
func FromState(s learn.State) (learn.Model, error) {
	m, err := fromState(s)
	if err != nil {
		return nil, fmt.Errorf("naive bayes: %w", err)
	}
	return m, nil
}

func fromState(s learn.State) (*Model, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("a state of kind %q, want %q", s.Kind, Kind)
	}
	m := &Model{multinomial: s.Params["distribution"] == "multinomial"}
	if !m.multinomial && s.Params["distribution"] != "gaussian" {
		return nil, fmt.Errorf("unknown distribution %v", s.Params["distribution"])
	}
	priors, ok := s.Tensors["priors"].Data.([]float64)
	if shape := s.Tensors["priors"].Shape; !ok || len(priors) < 2 || len(shape) != 1 || shape[0] != len(priors) {
		return nil, fmt.Errorf("the tensor priors has no float64 for each of at least 2 classes")
	}
	m.priors = append([]float64{}, priors...)
	total := 0.0
	for _, p := range priors {
		if !(p >= 0) {
			return nil, fmt.Errorf("a prior is %v", p)
		}
		total += p
	}
	if !(math.Abs(total-1) < 1e-6) {
		return nil, fmt.Errorf("the priors sum to %v", total)
	}
	var err error
	if m.multinomial {
		m.first, err = m.matrix(s, "frequencies", math.SmallestNonzeroFloat64, 1)
	} else if m.first, err = m.matrix(s, "means", -largest, largest); err == nil {
		m.second, err = m.matrix(s, "variances", least, math.MaxFloat64)
	}
	if err != nil {
		return nil, err
	}
	m.prepare()
	return m, nil
}

// matrix is a tensor of classes x features.
func (m *Model) matrix(s learn.State, name string, low, high float64) ([]float64, error) {
	t := s.Tensors[name]
	v, ok := t.Data.([]float64)
	if !ok || len(t.Shape) != 2 || t.Shape[0] != len(m.priors) || t.Shape[1] < 1 || m.features != 0 && t.Shape[1] != m.features || len(v)%len(m.priors) != 0 || len(v)/len(m.priors) != t.Shape[1] {
		return nil, fmt.Errorf("the tensor %s is no matrix of float64 of %d classes x features", name, len(m.priors))
	}
	m.features = t.Shape[1]
	for _, x := range v {
		if !(x >= low && x <= high) {
			return nil, fmt.Errorf("a number of the tensor %s is %v", name, x)
		}
	}
	return append([]float64{}, v...), nil
}
