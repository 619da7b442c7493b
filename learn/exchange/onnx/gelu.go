package onnx

import "math"

// A gelu is a value on the way through GELU by the tangent (Hendrycks and Gimpel,
// 2016), which ONNX has from operators newer than ours on:
// v/2 (1 + tanh(v (a + b v^2))).
type gelu struct {
	layers *layers
	done   int // how many of its nodes
}

// geluNodes are its nodes in their order: an operator, of what came before and of a
// number or, where that is NaN, of v.
var geluNodes = []struct {
	op string
	by float64
}{
	{"Mul", math.NaN()}, {"Mul", 0.044715 * geluInner}, {"Add", geluInner}, {"Mul", math.NaN()}, {"Tanh", 0}, {"Add", 1}, {"Mul", math.NaN()}, {"Mul", 0.5},
}

const geluInner = 0.7978845608028653558798921198687637 // sqrt(2 / pi)

// gelu writes the activation of a layer.
func (w *writer) gelu(v string) string {
	x := v
	for _, n := range geluNodes {
		switch {
		case n.op == "Tanh":
			x = w.op(n.op, nil, x)
		case n.by != n.by:
			x = w.op(n.op, nil, x, v)
		default:
			x = w.op(n.op, nil, x, w.number(n.by))
		}
	}
	return x
}

// readGelu follows the nodes of the activation. It gives nil where a node is
// another.
func readGelu(op string, in []*value) *value {
	var g gelu
	switch x := in[0]; {
	case x.gelu != nil:
		g = *x.gelu
	case x.layers != nil && !x.layers.activated && len(in) == 2 && in[1].layers == x.layers:
		g.layers = x.layers
	default:
		return nil
	}
	n := geluNodes[g.done]
	of := len(in) == 2 && in[1].layers == g.layers
	if n.by == n.by {
		of = len(in) == 2 && in[1].scalar() && math.Abs(in[1].constant.numbers[0]-n.by) < 1e-6
	}
	if n.op == "Tanh" {
		of = len(in) == 1
	}
	if op != n.op || !of {
		return nil
	}
	if g.done++; g.done < len(geluNodes) {
		return &value{gelu: &g}
	}
	if g.layers.activation != "" && g.layers.activation != "gelu" {
		return nil
	}
	out := *g.layers
	out.activation, out.activated = "gelu", true
	return &value{layers: &out}
}
