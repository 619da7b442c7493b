package onnx

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
	"github.com/runnel-dev/runnel/table"
)

// combined writes a vote or a stacking. What members say stands side by side; of
// a vote it is then rows x members x outputs, weighted and summed.
func (w *writer) combined(x string, n int, m *combine.Model) (said, error) {
	var all []string
	var weights []float64
	outputs := m.Outputs()
	final, stacks := m.Final()
	for _, p := range m.Parts() {
		out, err := w.part(x, n, p)
		if err != nil {
			return said{}, err
		}
		switch {
		case m.Hard():
			one := make([]float64, outputs*outputs)
			for k := range outputs {
				one[k*outputs+k] = 1
			}
			best := w.op("ArgMax", attributes{"axis": 1, "keepdims": 0}, out)
			out = w.op("Gather", attributes{"axis": 0}, w.constant([]int64{int64(outputs), int64(outputs)}, one), best)
		case stacks && outputs == 2: // one probability says all
			out = w.op("Gather", attributes{"axis": 1}, out, w.constant([]int64{1}, []int64{1}))
		}
		all, weights = append(all, out), append(weights, p.Weight)
	}
	side := w.op("Concat", attributes{"axis": 1}, all...)
	if stacks {
		each := outputs
		if outputs == 2 {
			each = 1
		}
		value, err := w.part(side, each*len(all), final)
		return said{value, onnxpb.TensorProto_DOUBLE}, err
	}
	side = w.op("Reshape", nil, side, w.constant([]int64{3}, []int64{-1, int64(len(all)), int64(outputs)}))
	side = w.op("Mul", nil, side, w.constant([]int64{1, int64(len(all)), 1}, weights))
	return said{w.node("", "ReduceSum", attributes{"keepdims": 0}, []string{side, w.constant([]int64{1}, []int64{1})}), onnxpb.TensorProto_DOUBLE}, nil
}

// part writes a member, of x of rows x n, in double.
func (w *writer) part(x string, n int, p combine.Part) (string, error) {
	columns, names, graph, takes := p.Transforms()
	var err error
	switch {
	case graph != nil:
		if x, err = w.prepared(x, columns, names, graph.State(), takes); err != nil {
			return "", fmt.Errorf("the member %s: %w", p.Name, err)
		}
		n = len(takes)
	case columns != nil:
		at := make([]int64, len(columns))
		for i, j := range columns {
			at[i] = int64(j)
		}
		x, n = w.op("Gather", attributes{"axis": 1}, x, w.constant([]int64{int64(len(at))}, at)), len(columns)
	}
	out, err := w.estimator(x, n, p.Model)
	if err != nil {
		return "", fmt.Errorf("the member %s: %w", p.Name, err)
	}
	return w.double(out), nil
}

// prepared writes a member's own transforms.
func (w *writer) prepared(x string, columns []int, names []string, state learn.State, takes []string) (string, error) {
	steps, err := exchange.StepsOf(state)
	if err != nil {
		return "", err
	}
	outer := w.columns
	defer func() { w.columns = outer }()
	w.columns = map[string]*column{}
	for i, name := range names {
		j := i
		if columns != nil {
			j = columns[i]
		}
		w.columns[name] = &column{value: w.op("Gather", attributes{"axis": 1}, x, w.constant([]int64{1}, []int64{int64(j)})), kind: table.Float64}
	}
	for i := range steps {
		for k := range steps[i].Columns {
			c := &steps[i].Columns[k]
			if w.columns[c.Name] == nil {
				if steps[i].Kind == "drop" {
					continue
				}
				return "", fmt.Errorf("%s is of a column %q that there is none of", steps[i].Name, c.Name)
			}
			if err := w.step(&steps[i], c); err != nil {
				return "", fmt.Errorf("%s of %q: %w", steps[i].Name, c.Name, err)
			}
		}
		err := w.rounds(&steps[i])
		if err == nil {
			err = w.joint(&steps[i], func(int) bool { return true })
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", steps[i].Name, err)
		}
	}
	if slices.Contains(takes, "") {
		return "", fmt.Errorf("it takes a column without a name")
	}
	return w.table(takes)
}
