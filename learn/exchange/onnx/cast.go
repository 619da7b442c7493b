package onnx

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// cast is a value in another type. Numbers that are cut to whole ones are none
// that a model here takes, but for categories.
func cast(to onnxpb.TensorProto_DataType, x *value) (*value, error) {
	real := to == onnxpb.TensorProto_FLOAT || to == onnxpb.TensorProto_DOUBLE
	switch {
	case x.columns != nil && x.part == nil:
		out := &value{columns: slices.Clone(x.columns)}
		for j := range out.columns {
			c := &out.columns[j]
			if c.text != (to == onnxpb.TensorProto_STRING) {
				return nil, fmt.Errorf("it makes %s of the column %q: numbers stay numbers here, and texts texts", to, c.name)
			}
			c.cut = c.cut || !c.text && !real
		}
		return out, nil
	case !real && (x.part != nil || x.fit != nil || x.layers != nil || x.mapping != nil || x.mappings != nil || x.weighted != nil):
		return nil, fmt.Errorf("it makes %s of a prediction: want float or double", to)
	}
	return x, nil
}

// reshape reports a shape in which the values of a row do not stay together.
func reshape(x *value, to []*value) error {
	n := len(x.columns)
	if x.fit != nil {
		n = x.fit.outputs
	}
	if n == 0 || len(to) == 0 || to[0].constant == nil || len(to[0].constant.numbers) == 0 {
		return nil
	}
	shape, width := to[0].constant.numbers, 1.0
	for _, d := range shape[1:] {
		width *= d
	}
	if (shape[0] != -1 || width != float64(n)) && !(shape[0] == 0 && len(shape) == 2 && shape[1] == -1) {
		return fmt.Errorf("it makes the shape %v of rows of %d values", shape, n)
	}
	return nil
}
