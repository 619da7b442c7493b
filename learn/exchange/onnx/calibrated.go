package onnx

import (
	"encoding/json"

	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// A calibration is what the state of a calibrated model says of it.
type calibration struct {
	Method string  `json:"method"`
	Maps   string  `json:"maps"`
	Clip   float64 `json:"clip"`
	Curves []curve `json:"curves"`
}

// A curve maps the probability of a class.
type curve struct {
	Absent   bool                `json:"absent,omitempty"`
	Sigmoid  *calibrate.Sigmoid  `json:"sigmoid,omitempty"`
	Isotonic *calibrate.Isotonic `json:"isotonic,omitempty"`
}

// calibrated writes a model whose probabilities are mapped class by class, and
// divided by their sum; where that is 0 they stay.
func (w *writer) calibrated(x string, n int, m *calibrate.Model) (said, error) {
	var c calibration
	b, err := json.Marshal(m.State().Params)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return said{}, err
	}
	of, err := w.estimator(x, n, m.Of())
	if err != nil {
		return said{}, err
	}
	p, outputs := w.double(of), m.Outputs()
	if outputs == 2 {
		second := w.curve(p, 1, c.Curves[0], &c)
		return said{w.op("Concat", attributes{"axis": 1}, w.op("Sub", nil, w.number(1), second), second), onnxpb.TensorProto_DOUBLE}, nil
	}
	var all []string
	for k := range outputs {
		all = append(all, w.curve(p, k, c.Curves[k], &c))
	}
	mapped := w.op("Concat", attributes{"axis": 1}, all...)
	sum := w.node("", "ReduceSum", attributes{"keepdims": 1}, []string{mapped, w.constant([]int64{1}, []int64{1})})
	any := w.op("Greater", nil, sum, w.number(0))
	return said{w.op("Where", nil, any, w.op("Div", nil, mapped, sum), p), onnxpb.TensorProto_DOUBLE}, nil
}

// curve writes what a curve makes of the probability of class k.
func (w *writer) curve(p string, k int, c curve, of *calibration) string {
	x := w.op("Gather", attributes{"axis": 1}, p, w.constant([]int64{1}, []int64{int64(k)}))
	switch {
	case c.Absent:
		return w.op("Mul", nil, x, w.number(0))
	case c.Sigmoid != nil:
		if of.Maps == calibrate.LogOdds {
			x = w.op("Clip", nil, x, w.constant([]int64{}, []float64{of.Clip}), w.constant([]int64{}, []float64{1 - of.Clip}))
			x = w.op("Log", nil, w.op("Div", nil, x, w.op("Sub", nil, w.number(1), x)))
		}
		return w.sigmoid(w.op("Add", nil, w.op("Mul", nil, x, w.number(c.Sigmoid.A)), w.number(c.Sigmoid.B)))
	}
	// Between its points the curve is a line: it is the sum of how far the score is
	// on each of them, by its slope.
	h := hingesOf(c.Isotonic)
	m := int64(len(h.from))
	x = w.op("Sub", nil, x, w.constant([]int64{1, m}, h.from))
	if h.by != 1 {
		x = w.op("Mul", nil, x, w.number(h.by))
	}
	x = w.op("Min", nil, w.op("Max", nil, x, w.number(0)), w.constant([]int64{1, m}, h.long))
	x = w.op("MatMul", nil, x, w.constant([]int64{m, 1}, h.slope))
	return w.op("Add", nil, x, w.number(h.first))
}

// A hinges is a rising function as a sum of lines that begin and end.
type hinges struct {
	first             float64
	by                float64 // lengths are so many times as long, and slopes are of these
	from, long, slope []float64
}

// Where a line is shorter than shortest its slope has to be of a longer one.
const (
	shortest = 1e-290
	longer   = 0x1p600
)

func hingesOf(f *calibrate.Isotonic) hinges {
	h := hinges{first: f.Y[0], by: 1}
	for i := 1; i < len(f.X); i++ {
		if f.Y[i] > f.Y[i-1] && f.X[i]-f.X[i-1] < shortest {
			h.by = longer
		}
	}
	for i := 1; i < len(f.X); i++ {
		if rise := f.Y[i] - f.Y[i-1]; rise > 0 {
			long := (f.X[i] - f.X[i-1]) * h.by
			h.from, h.long, h.slope = append(h.from, f.X[i-1]), append(h.long, long), append(h.slope, rise/long)
		}
	}
	if h.from == nil { // the same everywhere
		h.from, h.long, h.slope = []float64{0}, []float64{1}, []float64{0}
	}
	return h
}
