package onnx

import (
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
)

// What sgd makes of a score: a line within its margin, and a little of the sigmoid,
// which tells apart what lies beyond.
const (
	ofSigmoid = 1e-6
	ofLine    = (1 - ofSigmoid) / 2
	noShare   = 1e-300 // a sum of shares below which all classes are as probable
)

// against writes a linear model of sgd whose classes are each told apart from all
// others: their shares are divided by their sum. They are of the scores' opposites,
// and by Exp: the Sigmoid of ONNX Runtime is 0 where a small share may be the largest.
func (w *writer) against(x string, m *linear.Model) said {
	coefficients, intercepts := m.Coefficients(), m.Intercepts()
	for k, row := range coefficients {
		intercepts[k] = -intercepts[k]
		for j, v := range row {
			row[j] = -v
		}
	}
	z := w.dense(x, coefficients, intercepts)
	share := w.sigmoid(z)
	if m.Loss() != "log_loss" {
		line := w.op("Clip", nil, z, w.constant([]int64{}, []float64{-1}), w.constant([]int64{}, []float64{1}))
		line = w.op("Mul", nil, w.op("Sub", nil, w.number(1), line), w.number(ofLine))
		share = w.op("Add", nil, line, w.op("Mul", nil, share, w.number(ofSigmoid)))
	}
	seen, p := m.Seen(), ""
	if len(seen) == 2 {
		p = w.op("Concat", attributes{"axis": 1}, w.op("Sub", nil, w.number(1), share), share)
	} else {
		sum := w.node("", "ReduceSum", attributes{"keepdims": 1}, []string{share, w.constant([]int64{1}, []int64{1})})
		p = w.op("Where", nil, w.op("Less", nil, sum, w.number(noShare)), w.number(1/float64(len(seen))), w.op("Div", nil, share, sum))
	}
	if n := len(w.model.Classes); len(seen) < n { // the others have the probability 0
		place := make([]float64, len(seen)*n)
		for k, class := range seen {
			place[k*n+int(class)] = 1
		}
		p = w.op("MatMul", nil, p, w.constant([]int64{int64(len(seen)), int64(n)}, place))
	}
	return said{p, double}
}

// sigmoid writes 1 / (1 + e^x).
func (w *writer) sigmoid(x string) string {
	return w.op("Div", nil, w.number(1), w.op("Add", nil, w.op("Exp", nil, x), w.number(1)))
}

// A rival is the opposites of the scores of classes, each against all others, on
// their way to be probabilities.
type rival struct {
	layers *layers
	stage  string
	loss   string
}

// The stages of a rival.
const (
	lined    = "lined"  // scores within the margin
	raised   = "raised" // from 0
	grown    = "grown"  // e to their power
	more     = "more"   // 1 more
	halved   = "halved"
	fraction = "fraction" // of the sigmoid
	shares   = "shares"
	shared   = "shared"  // the sum of shares
	nothing  = "nothing" // where that is nothing
	divided  = "divided"
	leftOver = "left over" // 1 less the share of the second of two classes
)

// rivals follows the nodes by which scores of classes each against all others
// become probabilities. It gives nil where a node is not one of them.
func (r *reader) rivals(op string, a attrs, in []*value) (*value, error) {
	x := in[0]
	if l := x.layers; l != nil && len(l.weights) == 1 && !l.activated && l.unit == 1 && l.offset == 0 {
		switch {
		case op == "Clip" && len(in) == 3 && in[1].is(-1) && in[2].is(1):
			return &value{rival: &rival{l, lined, "hinge"}}, nil
		case op == "Exp":
			return &value{rival: &rival{l, grown, "log_loss"}}, nil
		}
	}
	if op == "MatMul" && x.fit != nil && x.fit.rival != nil && in[1].constant != nil {
		return r.placed(x.fit, in[1].constant)
	}
	if (op == "Sub" || op == "Div") && x.is(1) && len(in) == 2 && in[1].rival != nil {
		next := *in[1].rival
		switch stage := next.stage; {
		case op == "Sub" && stage == lined:
			next.stage = raised
		case op == "Div" && stage == more:
			next.stage = shares
		case op == "Sub" && stage == shares && next.layers.units() == 1:
			next.stage = leftOver
		default:
			return nil, nil
		}
		return &value{rival: &next}, nil
	}
	if x.rival == nil {
		return nil, nil
	}
	if err := r.copies(x.rival.layers.units()); err != nil {
		return nil, err
	}
	next := *x.rival
	with := func(k int, stage string) bool {
		return len(in) > k && in[k].rival != nil && in[k].rival.stage == stage && in[k].rival.layers == next.layers
	}
	switch {
	case op == "Add" && next.stage == grown && in[1].is(1):
		next.stage = more
	case op == "Mul" && next.stage == raised && in[1].is(ofLine):
		next.stage = halved
	case op == "Mul" && next.stage == shares && next.loss == "log_loss" && in[1].is(ofSigmoid):
		next.stage = fraction
	case op == "Add" && next.stage == halved && with(1, fraction):
		next.stage = shares
	case op == "ReduceSum" && next.stage == shares && len(in) == 2 && in[1].is(1) && a.number("keepdims", 1) == 1:
		next.stage = shared
	case op == "Less" && next.stage == shared && in[1].is(noShare):
		next.stage = nothing
	case op == "Div" && next.stage == shares && with(1, shared) && in[1].rival.loss == next.loss:
		next.stage = divided
	case op == "Where" && next.stage == nothing && with(2, divided) && in[2].rival.loss == next.loss && next.layers.units() > 2 && in[1].is(1/float64(next.layers.units())):
		return &value{fit: r.rivalFit(&next)}, nil
	case op == "Concat" && len(in) == 2 && next.stage == leftOver && with(1, shares) && in[1].rival.loss == next.loss:
		return &value{fit: r.rivalFit(&next)}, nil
	default:
		return nil, nil
	}
	return &value{rival: &next}, nil
}

// is reports a constant of one number.
func (v *value) is(number float64) bool {
	return v.constant != nil && len(v.constant.numbers) == 1 && v.constant.numbers[0] == number
}

// rivalFit is the classes as a linear model of sgd.
func (r *reader) rivalFit(v *rival) *fit {
	seen := make([]int32, max(2, v.layers.units()))
	for k := range seen {
		seen[k] = int32(k)
	}
	return r.rivalOf(v, seen, len(seen))
}

func (r *reader) rivalOf(v *rival, seen []int32, classes int) *fit {
	l := v.layers
	return &fit{features: l.features, task: learn.Classification, outputs: classes, rival: v, estimator: func() (learn.Model, error) {
		if err := r.copies(l.size()); err != nil {
			return nil, err
		}
		units := l.units()
		inputs := len(l.weights[0]) / units
		rows := make([]float64, 0, len(l.weights[0]))
		for u := range units {
			for i := range inputs {
				rows = append(rows, -l.weights[0][i*units+u])
			}
		}
		intercepts := slices.Clone(l.bias[0])
		for u := range intercepts {
			intercepts[u] = -intercepts[u]
		}
		return linear.FromState(learn.State{Kind: linear.KindSGD,
			Params: map[string]any{"classes": float64(classes), "converged": true, "iterations": 0.0, "loss": v.loss, "steps": 1.0},
			Tensors: map[string]learn.Tensor{
				"seen":         {Shape: []int{len(seen)}, Data: seen},
				"coefficients": {Shape: []int{units, inputs}, Data: rows},
				"intercepts":   {Shape: []int{units}, Data: intercepts},
			}})
	}}
}

// placed puts the classes that a fit had rows of among all; nil where a matrix
// does anything else.
func (r *reader) placed(f *fit, c *constant) (*value, error) {
	if len(c.shape) != 2 || c.shape[0] != f.outputs || c.shape[1] <= f.outputs {
		return nil, nil
	}
	if err := r.copies(len(c.numbers)); err != nil {
		return nil, err
	}
	var seen []int32
	for k := range c.shape[0] {
		row := c.numbers[k*c.shape[1]:][:c.shape[1]]
		at := slices.Index(row, 1)
		if at < 0 || k > 0 && int32(at) <= seen[k-1] || slices.ContainsFunc(slices.Concat(row[:at], row[at+1:]), func(v float64) bool { return v != 0 }) {
			return nil, nil
		}
		seen = append(seen, int32(at))
	}
	return &value{fit: r.rivalOf(f.rival, seen, c.shape[1])}, nil
}
