package onnx

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/portable"
)

// bayes writes naive Bayes: the logarithm of how probable each class is, and what
// the features say of it, which is a sum of squares or linear. Where a row is
// beyond all numbers it is as probable of a class as the class is.
func (w *writer) bayes(x string, m *bayes.Model) (said, error) {
	t := m.State().Tensors
	numbers := func(name string) []float64 { v, _ := t[name].Data.([]float64); return v }
	priors := numbers("priors")
	k := int64(len(priors))
	var scores string
	if frequencies := numbers("frequencies"); frequencies != nil {
		n := int64(len(frequencies)) / k
		logs := make([]float64, len(frequencies))
		for c := range k {
			for j := range n {
				logs[j*k+c] = portable.Log(frequencies[c*n+j])
			}
		}
		base := make([]float64, k)
		for c, p := range priors {
			base[c] = portable.Log(p)
		}
		scores = w.op("Gemm", nil, x, w.constant([]int64{n, k}, logs), w.constant([]int64{k}, base))
	} else {
		means, variances := numbers("means"), numbers("variances")
		n := int64(len(means)) / k
		squared := w.squares(x, k, n, means)
		sum := w.over(w.op("Div", nil, squared, w.constant([]int64{1, k, n}, variances)))
		scores = w.op("Add", nil, w.op("Mul", nil, sum, w.number(-.5)), w.constant([]int64{k}, bases(priors, variances)))
	}
	attrs, of := attributes{"keepdims": 1}, []string{scores}
	if w.texts { // in these versions the axes are an input
		of = append(of, w.constant([]int64{1}, []int64{1}))
	} else {
		attrs["axes"] = []int64{1}
	}
	top := w.op("ReduceMax", attrs, of...)
	beyond := w.op("IsNaN", nil, w.op("Sub", nil, top, top))
	return said{w.op("Where", nil, beyond, w.constant([]int64{1, k}, priors), w.op("Softmax", attributes{"axis": 1}, scores)), double}, nil
}

// bases are the scores of classes before the features are seen.
func bases(priors, variances []float64) []float64 {
	out := make([]float64, len(priors))
	n := len(variances) / len(priors)
	for c, p := range priors {
		out[c] = portable.Log(p)
		for _, v := range variances[c*n : (c+1)*n] {
			out[c] -= float64(.5 * portable.Log(2*math.Pi*v))
		}
	}
	return out
}

// A scores is the logarithms of how probable classes are, on their way to be
// probabilities.
type scores struct {
	layers *layers // of counts
	apart  *apart  // of normal features
	base   []float64
	stage  string
}

// The stages of scores.
const (
	added   = "added"
	highest = "highest"
	endless = "endless" // NaN where the highest is no number
	beyond  = "beyond"  // whether it is none
	soft    = "soft"    // probabilities
)

// bayes follows the nodes of naive Bayes. It gives nil where a node is not one of
// them.
func (r *reader) bayes(op string, a attrs, in []*value) *value {
	x := in[0]
	if s := x.layers; s != nil && len(s.weights) == 1 && !s.activated && op == "ReduceMax" && a.number("keepdims", 1) == 1 {
		return &value{scores: &scores{layers: s, stage: highest}}
	}
	if x.apart != nil && x.apart.stage == lowered && op == "Add" && in[1].constant != nil && len(in[1].constant.numbers) == x.apart.points {
		return &value{scores: &scores{apart: x.apart, base: in[1].constant.numbers, stage: added}}
	}
	if x.scores == nil {
		return nil
	}
	s := *x.scores
	switch {
	case op == "ReduceMax" && s.stage == added && a.number("keepdims", 1) == 1:
		s.stage = highest
	case op == "Sub" && s.stage == highest && in[1] == x:
		s.stage = endless
	case op == "IsNaN" && s.stage == endless:
		s.stage = beyond
	case op == "Softmax" && s.stage == added && a.number("axis", 1) != 0:
		s.stage = soft
	case op == "Where" && s.stage == beyond && len(in) == 3 && in[1].constant != nil:
		priors := in[1].constant.numbers
		switch {
		case s.apart != nil && in[2].scores != nil && in[2].scores.stage == soft && in[2].scores.apart == s.apart:
			return &value{fit: r.normal(&s, priors)}
		case s.layers != nil && in[2].fit != nil && in[2].fit.scores == s.layers:
			return &value{fit: r.counts(&s, priors)}
		}
		return nil
	default:
		return nil
	}
	return &value{scores: &s}
}

// normal is naive Bayes of normal features.
func (r *reader) normal(s *scores, priors []float64) *fit {
	a := s.apart
	return &fit{features: a.columns, task: learn.Classification, outputs: a.points, estimator: func() (learn.Model, error) {
		if len(priors) != a.points {
			return nil, fmt.Errorf("it has %d shares of %d classes", len(priors), a.points)
		}
		if err := r.copies(2 * len(a.from)); err != nil {
			return nil, err
		}
		if err := same(s.base, bases(priors, a.spread)); err != nil {
			return nil, err
		}
		shape := []int{a.points, len(a.columns)}
		return bayes.FromState(learn.State{Kind: bayes.Kind, Params: map[string]any{"distribution": "gaussian"}, Tensors: map[string]learn.Tensor{
			"priors": {Shape: shape[:1], Data: priors}, "means": {Shape: shape, Data: a.from}, "variances": {Shape: shape, Data: a.spread}}})
	}}
}

// counts is naive Bayes of counts.
func (r *reader) counts(s *scores, priors []float64) *fit {
	l := s.layers
	return &fit{features: l.features, task: learn.Classification, outputs: l.units(), estimator: func() (learn.Model, error) {
		n, k := len(l.features), l.units()
		if len(priors) != k {
			return nil, fmt.Errorf("it has %d shares of %d classes", len(priors), k)
		}
		if err := r.copies(n * k); err != nil {
			return nil, err
		}
		if err := same(l.bias[0], bases(priors, nil)); err != nil {
			return nil, err
		}
		frequencies := make([]float64, n*k)
		for c := range k {
			for j := range n {
				frequencies[c*n+j] = max(portable.Exp(l.weights[0][j*k+c]), math.SmallestNonzeroFloat64)
			}
		}
		return bayes.FromState(learn.State{Kind: bayes.Kind, Params: map[string]any{"distribution": "multinomial"}, Tensors: map[string]learn.Tensor{
			"priors": {Shape: []int{k}, Data: priors}, "frequencies": {Shape: []int{k, n}, Data: frequencies}}})
	}}
}

// same reports scores that are not those that follow from the rest of a model.
func same(got, want []float64) error {
	for c, v := range got {
		if v != want[c] && !(math.Abs(v-want[c]) <= 1e-6*(1+math.Abs(v))) {
			return fmt.Errorf("class %d begins with the score %v, and its share and variances make %v", c, v, want[c])
		}
	}
	return nil
}
