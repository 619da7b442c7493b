package onnx

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neural"
)

// layers are what a graph computes of columns: each layer's units are sums of what
// comes in, and the activation of all but the last.
type layers struct {
	features   []feature
	weights    [][]float64 // inputs x units, row-major
	bias       [][]float64
	activation string // of the layers before the last; "": there is one layer
	activated  bool   // whether the last layer is
	offset     float64
	unit       float64
}

func (l *layers) units() int { return len(l.bias[len(l.bias)-1]) }

// size is the numbers of all layers.
func (l *layers) size() int {
	n := 0
	for i, w := range l.weights {
		n += len(w) + len(l.bias[i])
	}
	return n
}

// with is a copy with another layer.
func (l *layers) with(weights, bias []float64) *layers {
	out := *l
	out.weights, out.bias = append(append([][]float64(nil), l.weights...), weights), append(append([][]float64(nil), l.bias...), bias)
	out.activated = false
	return &out
}

// maxWeights bounds the weights of a network.
const maxWeights = 1 << 26

func (r *reader) arithmetic(op string, a attrs, in []*value) (*value, error) {
	x := in[0]
	if v := readGelu(op, in); v != nil {
		return v, nil
	}
	switch {
	case op == "ArgMax" && x.fit != nil:
		return &value{best: x.fit}, nil
	case op == "Exp" && x.fit != nil && x.fit.exp != nil:
		x.fit.exp()
		return x, nil
	case op == "Softmax" && x.layers != nil && !x.layers.activated && a.number("axis", 1) != 0:
		return &value{fit: r.softmax(x.layers)}, nil
	case op == "Sigmoid" && x.layers != nil && x.layers.units() == 1 && !x.layers.activated:
		return &value{positive: x.layers}, nil
	case op == "Sub" && len(in) == 2 && x.scalar() && x.constant.numbers[0] == 1 && in[1].positive != nil:
		return &value{negative: in[1].positive}, nil
	case (op == "Relu" || op == "Tanh") && x.layers != nil && !x.layers.activated:
		name := map[string]string{"Relu": "relu", "Tanh": "tanh"}[op]
		if x.layers.activation != "" && x.layers.activation != name {
			return nil, fmt.Errorf("the layers before it have the activation %s: want one for all layers", x.layers.activation)
		}
		out := *x.layers
		out.activation, out.activated = name, true
		return &value{layers: &out}, nil
	}
	if len(in) < 2 || in[1].constant == nil || in[1].constant.numbers == nil {
		return nil, fmt.Errorf("no model here does what it does with these inputs")
	}
	c := in[1].constant
	switch {
	case op == "MatMul":
		return r.dense(x, c, nil, 1, 1, false)
	case op == "Gemm":
		var bias []float64
		if len(in) == 3 && in[2].constant != nil {
			bias = in[2].constant.numbers
		} else if len(in) == 3 {
			return nil, fmt.Errorf("its bias is no tensor of numbers")
		}
		if a.number("transA", 0) != 0 {
			return nil, fmt.Errorf("it transposes the rows")
		}
		return r.dense(x, c, bias, a.number("alpha", 1), a.number("beta", 1), a.number("transB", 0) != 0)
	case x.columns != nil || x.codes != nil:
		columns, err := r.numbers(x)
		if err != nil {
			return nil, err
		}
		if op == "Mul" && len(c.shape) == 3 && c.shape[1] == len(c.numbers) {
			if w := weigh(columns, c.numbers); w != nil {
				return &value{weighted: w}, nil
			}
		}
		return r.affine(op, &value{columns: columns}, c.numbers)
	case x.layers != nil && !x.layers.activated:
		if err := r.copies(x.layers.units() + 8*len(x.layers.weights)); err != nil {
			return nil, err
		}
		return x.layers.affine(op, c.numbers)
	}
	return nil, fmt.Errorf("no model here does what it does with these inputs")
}

// affine scales columns.
func (r *reader) affine(op string, x *value, by []float64) (*value, error) {
	v := append([]float64(nil), by...)
	switch op {
	case "Sub":
		return r.scale(x, v, []float64{1})
	case "Div":
		return r.scale(x, []float64{0}, v)
	case "Add":
		for j := range v {
			v[j] = -v[j]
		}
		return r.scale(x, v, []float64{1})
	case "Mul":
		for j := range v {
			v[j] = 1 / v[j]
		}
		return r.scale(x, []float64{0}, v)
	}
	return nil, fmt.Errorf("it is of columns of the table")
}

// affine adds the bias of the last layer, or scales a value that is predicted.
func (l *layers) affine(op string, by []float64) (*value, error) {
	out := *l
	switch {
	case op == "Add" && len(by) == l.units() && len(by) > 0 && out.unit == 1:
		last := len(l.bias) - 1
		bias := append([]float64(nil), l.bias[last]...)
		for k, v := range by {
			bias[k] += v
		}
		out.bias = append(append([][]float64(nil), l.bias[:last]...), bias)
	case op == "Add" && len(by) == 1 && l.units() == 1:
		out.offset += by[0]
	case op == "Mul" && len(by) == 1 && l.units() == 1:
		out.offset, out.unit = out.offset*by[0], out.unit*by[0]
	default:
		return nil, fmt.Errorf("it is of %d numbers, after a layer of %d units", len(by), l.units())
	}
	return &value{layers: &out}, nil
}

// dense is another layer.
func (r *reader) dense(x *value, w *constant, bias []float64, alpha, beta float64, transposed bool) (*value, error) {
	if len(w.shape) != 2 || len(w.numbers) == 0 || len(w.numbers) > maxWeights {
		return nil, fmt.Errorf("its weights have the shape %v: want inputs x units", w.shape)
	}
	inputs, units := w.shape[0], w.shape[1]
	at := func(i, u int) float64 { return w.numbers[i*units+u] }
	if transposed {
		inputs, units = units, inputs
		at = func(i, u int) float64 { return w.numbers[u*inputs+i] }
	}
	made, before := units, 0
	if x.layers != nil {
		before = len(x.layers.weights)
	}
	weights := w.numbers // of the tensor, where they are as they are there
	if transposed || alpha != 1 {
		made, weights = made+len(w.numbers), nil
	}
	if err := r.copies(made + 8*before); err != nil {
		return nil, err
	}
	if weights == nil {
		weights = make([]float64, 0, len(w.numbers))
		for i := range inputs {
			for u := range units {
				weights = append(weights, alpha*at(i, u))
			}
		}
	}
	all := make([]float64, units)
	for u := range all {
		switch len(bias) {
		case 0:
		case 1:
			all[u] = beta * bias[0]
		case units:
			all[u] = beta * bias[u]
		default:
			return nil, fmt.Errorf("its bias has %d numbers for %d units", len(bias), units)
		}
	}
	if x.layers != nil && !x.layers.projects() {
		if x.layers.units() != inputs || !x.layers.activated || x.layers.unit != 1 || x.layers.offset != 0 {
			return nil, fmt.Errorf("its weights are for %d inputs, after a layer of %d units: want as many, and Relu, Tanh or GELU between layers", inputs, x.layers.units())
		}
		return &value{layers: x.layers.with(weights, all)}, nil
	}
	columns, err := r.numbers(x)
	if err != nil {
		return nil, err
	}
	if len(columns) != inputs {
		return nil, fmt.Errorf("its weights are for %d inputs, and there are %d columns", inputs, len(columns))
	}
	l := &layers{features: columns, unit: 1}
	return &value{layers: l.with(weights, all)}, nil
}

// regression is the one unit of the last layer as a prediction.
func (r *reader) regression(l *layers) *fit {
	return &fit{features: l.features, task: learn.Regression, outputs: 1, estimator: func() (learn.Model, error) {
		if err := r.copies(l.size()); err != nil {
			return nil, err
		}
		if l.units() != 1 || l.activated {
			return nil, fmt.Errorf("its last layer has %d units: a regression has one, without an activation", l.units())
		}
		if len(l.weights) > 1 {
			return l.network(learn.Regression, 0)
		}
		w := make([]float64, len(l.weights[0]))
		for i, v := range l.weights[0] {
			w[i] = v * l.unit
		}
		return linearOf(w, []float64{float64(l.bias[0][0]*l.unit) + l.offset}, 1)
	}}
}

// softmax is the units of the last layer as scores of classes.
func (r *reader) softmax(l *layers) *fit {
	n := l.units()
	return &fit{features: l.features, task: learn.Classification, outputs: n, scores: l, estimator: func() (learn.Model, error) {
		if err := r.copies(l.size()); err != nil {
			return nil, err
		}
		switch {
		case n < 2:
			return nil, fmt.Errorf("it has the scores of %d class: want two or more", n)
		case len(l.weights) > 1:
			return l.network(learn.Classification, n)
		}
		inputs := len(l.weights[0]) / n
		rows := make([]float64, 0, len(l.weights[0]))
		for u := range n {
			for i := range inputs {
				rows = append(rows, l.weights[0][i*n+u])
			}
		}
		return linearOf(rows, l.bias[0], n)
	}}
}

// twoClasses is the probability of the second class, and what is left for the first.
func (r *reader) twoClasses(l *layers) (*fit, error) {
	last := len(l.weights) - 1
	if err := r.copies(2*len(l.weights[last]) + 8*last); err != nil {
		return nil, err
	}
	two := *l
	two.weights, two.bias = append([][]float64(nil), l.weights...), append([][]float64(nil), l.bias...)
	two.weights[last] = nil
	for _, v := range l.weights[last] { // the score of the first is 0
		two.weights[last] = append(two.weights[last], 0, v)
	}
	two.bias[last] = []float64{0, l.bias[last][0]}
	return r.softmax(&two), nil
}

// linearOf is a linear model of a row of coefficients for each output; of two
// classes it is their difference that counts.
func linearOf(rows, intercepts []float64, outputs int) (learn.Model, error) {
	n := len(rows) / len(intercepts)
	s := learn.State{Kind: linear.KindLinear, Params: map[string]any{}, Tensors: map[string]learn.Tensor{}}
	if outputs > 1 {
		s.Kind = linear.KindLogistic
		s.Params = map[string]any{"classes": float64(outputs), "converged": true, "iterations": 0.0}
		seen := make([]int32, outputs)
		for k := range seen {
			seen[k] = int32(k)
		}
		s.Tensors["seen"] = learn.Tensor{Shape: []int{outputs}, Data: seen}
		if outputs == 2 && len(intercepts) == 2 {
			difference := make([]float64, n)
			for j := range difference {
				difference[j] = rows[n+j] - rows[j]
			}
			rows, intercepts = difference, []float64{intercepts[1] - intercepts[0]}
		}
	}
	s.Tensors["coefficients"] = learn.Tensor{Shape: []int{len(intercepts), n}, Data: rows}
	s.Tensors["intercepts"] = learn.Tensor{Shape: []int{len(intercepts)}, Data: intercepts}
	return linear.FromState(s)
}

func (l *layers) network(task learn.Task, classes int) (learn.Model, error) {
	m := &neural.Model{Task: task, Classes: classes, Activation: l.activation, Mean: make([]float64, len(l.features)), Offset: l.offset, Unit: l.unit}
	for range l.features {
		m.Scale = append(m.Scale, 1)
	}
	for k := range classes {
		m.Seen = append(m.Seen, int32(k))
	}
	for i, w := range l.weights {
		m.Layers = append(m.Layers, neural.Layer{Units: len(l.bias[i]), Weights: singles(w), Bias: singles(l.bias[i])})
	}
	return neural.FromState(m.State())
}

func singles(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}

func (r *reader) linearRegressor(a attrs, columns []feature) ([]*value, error) {
	rows, err := a.numbers("coefficients")
	if err != nil {
		return nil, err
	}
	bias, err := a.numbers("intercepts")
	if err != nil {
		return nil, err
	}
	if bias == nil {
		bias = []float64{0}
	}
	if len(bias) != 1 || len(rows) != len(columns) || a.number("targets", 1) != 1 || a.text("post_transform", "NONE") != "NONE" {
		return nil, fmt.Errorf("it has %d coefficients and %d intercepts for %d columns, targets %v, post_transform %s: want one target, NONE",
			len(rows), len(bias), len(columns), a.number("targets", 1), a.text("post_transform", "NONE"))
	}
	return []*value{{fit: &fit{features: columns, task: learn.Regression, outputs: 1, estimator: func() (learn.Model, error) { return linearOf(rows, bias, 1) }}}}, nil
}

func (r *reader) linearClassifier(a attrs, columns []feature) ([]*value, error) {
	rows, err := a.numbers("coefficients")
	if err != nil {
		return nil, err
	}
	bias, err := a.numbers("intercepts")
	if err != nil {
		return nil, err
	}
	classes, err := r.classLabels(a, "classlabels_ints")
	if err != nil {
		return nil, err
	}
	n := len(columns)
	if bias == nil && n > 0 {
		bias = make([]float64, len(rows)/n)
	}
	post := a.text("post_transform", "NONE")
	if len(bias) == 0 || len(rows) != len(bias)*n || len(bias) != classes && !(classes == 2 && len(bias) == 1) {
		return nil, fmt.Errorf("it has %d coefficients and %d intercepts for %d columns and %d classes", len(rows), len(bias), n, classes)
	}
	switch {
	case post == "SOFTMAX" && len(bias) == classes:
	case post == "LOGISTIC" && len(bias) == 1:
	case post == "LOGISTIC" && classes == 2: // the second row is the first's opposite
		for j := range n {
			if math.Abs(rows[j]+rows[n+j]) > 1e-6*math.Abs(rows[j]) {
				return nil, fmt.Errorf("it has a score of its own for each of two classes (LOGISTIC), whose probabilities do not sum to 1")
			}
		}
		rows, bias = rows[n:], bias[1:]
	default:
		return nil, fmt.Errorf("post_transform is %s for %d classes: SOFTMAX, or LOGISTIC for two, give the probabilities that a model here has; train with multi_class='multinomial'", post, classes)
	}
	f := &fit{features: columns, task: learn.Classification, outputs: classes, estimator: func() (learn.Model, error) { return linearOf(rows, bias, classes) }}
	return []*value{{label: f}, {fit: f}}, nil
}

// classLabels takes the classes of a node, and gives their number.
func (r *reader) classLabels(a attrs, whole string) (int, error) {
	numbers, err := a.numbers(whole)
	if err != nil {
		return 0, err
	}
	if err := r.setClasses(a.texts("classlabels_strings"), numbers); err != nil {
		return 0, err
	}
	return len(r.classes), nil
}
