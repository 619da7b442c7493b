package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
)

// A mapping is the probability of a class on its way through a curve.
type mapping struct {
	fit    *fit
	output int
	stage  string
	method string
	maps   string
	clip   float64
	curve  curve
	hinges hinges
}

// The stages of a mapping, each named by what came last.
const (
	clipped = "clipped" // to where the log-odds are finite
	rest    = "rest"    // 1 less that
	odds    = "odds"
	logOdds = "log-odds"
	sloped  = "sloped"
	shifted = "shifted"
	past    = "past" // how far it is past the beginnings of lines
	above   = "above"
	within  = "within"
	summed  = "summed"
	mapped  = "mapped"
	other   = "other" // 1 less what it was mapped to
)

// A mappings is what curves make of all classes, on its way to sum to 1.
type mappings struct {
	of    []*mapping
	stage string // "", total, some, shares
}

// map1 follows the nodes of the curve of a class. It gives nil where a node is not
// one of them.
func (r *reader) map1(op string, in []*value) (*value, error) {
	constant := func(k int) *constant {
		if len(in) > k && in[k].constant != nil && len(in[k].constant.numbers) > 0 {
			return in[k].constant
		}
		return nil
	}
	x := in[0]
	if c := constant(0); op == "Sub" && c != nil && len(in) == 2 && x.scalar() && c.numbers[0] == 1 && in[1].mapping != nil {
		next := *in[1].mapping
		if next.stage = map[string]string{clipped: rest, mapped: other}[next.stage]; next.stage == "" {
			return nil, nil
		}
		return &value{mapping: &next}, nil
	}
	if op == "Div" && x.is(1) && len(in) == 2 && in[1].mapping != nil && in[1].mapping.stage == more {
		next := *in[1].mapping
		next.stage, next.method = mapped, calibrate.Platt
		return &value{mapping: &next}, nil
	}
	if x.part != nil && x.mapping == nil && len(x.columns) == 1 {
		m := &mapping{fit: x.part, output: x.columns[0].output}
		switch c := constant(1); {
		case op == "Clip" && len(in) == 3 && in[1].scalar() && in[2].scalar() && math.Abs(in[1].constant.numbers[0]+in[2].constant.numbers[0]-1) < 1e-12:
			m.stage, m.clip = clipped, in[1].constant.numbers[0]
		case op == "Sub" && c != nil && len(c.shape) == 2:
			m.stage, m.hinges.from, m.hinges.by = past, c.numbers, 1
		case op == "Mul" && c != nil && len(c.numbers) == 1 && c.numbers[0] == 0:
			m.stage, m.curve.Absent = mapped, true
		case op == "Mul" && c != nil && len(c.numbers) == 1:
			m.stage, m.curve.Sigmoid, m.maps = sloped, &calibrate.Sigmoid{A: -c.numbers[0]}, calibrate.Probability
		default:
			return nil, nil
		}
		return &value{mapping: m}, nil
	}
	if x.mapping == nil {
		return nil, nil
	}
	m := *x.mapping
	c := constant(1)
	switch {
	case op == "Div" && m.stage == clipped && len(in) == 2 && in[1].mapping != nil && in[1].mapping.stage == rest && in[1].mapping.fit == m.fit && in[1].mapping.output == m.output && in[1].mapping.clip == m.clip:
		m.stage = odds
	case op == "Log" && m.stage == odds:
		m.stage, m.maps = logOdds, calibrate.LogOdds
	case op == "Add" && m.stage == mapped && m.curve.Absent && c != nil && len(c.numbers) == 1: // a slope of 0
		m.stage, m.maps, m.curve = shifted, calibrate.Probability, curve{Sigmoid: &calibrate.Sigmoid{B: -c.numbers[0]}}
	case op == "Mul" && m.stage == logOdds && c != nil && len(c.numbers) == 1:
		m.stage, m.curve.Sigmoid = sloped, &calibrate.Sigmoid{A: -c.numbers[0]}
	case op == "Add" && m.stage == sloped && c != nil && len(c.numbers) == 1:
		m.stage, m.curve.Sigmoid = shifted, &calibrate.Sigmoid{A: m.curve.Sigmoid.A, B: -c.numbers[0]}
	case op == "Exp" && m.stage == shifted: // what comes is 1 by 1 more than it
		m.stage, m.curve.Sigmoid = grown, &calibrate.Sigmoid{A: -m.curve.Sigmoid.A, B: -m.curve.Sigmoid.B}
	case op == "Add" && m.stage == grown && in[1].is(1):
		m.stage = more
	case op == "Sigmoid" && m.stage == shifted: // in files of before
		m.stage, m.method = mapped, calibrate.Platt
	case op == "Mul" && m.stage == past && in[1].is(longer) && m.hinges.by == 1:
		m.hinges.by = longer
	case op == "Max" && m.stage == past && c != nil && len(c.numbers) == 1 && c.numbers[0] == 0:
		m.stage = above
	case op == "Min" && m.stage == above && c != nil && len(c.numbers) == len(m.hinges.from):
		m.stage, m.hinges.long = within, c.numbers
	case op == "MatMul" && m.stage == within && c != nil && len(c.numbers) == len(m.hinges.from) && len(c.shape) == 2 && c.shape[1] == 1:
		m.stage, m.hinges.slope = summed, c.numbers
	case op == "Add" && m.stage == summed && c != nil && len(c.numbers) == 1:
		if err := r.copies(4 * len(m.hinges.from)); err != nil {
			return nil, err
		}
		m.hinges.first = c.numbers[0]
		m.stage, m.method, m.curve.Isotonic = mapped, calibrate.Stepwise, m.hinges.isotonic()
	default:
		return nil, nil
	}
	return &value{mapping: &m}, nil
}

// isotonic is the function as points; nil where it is none that rises.
func (h hinges) isotonic() *calibrate.Isotonic {
	f := &calibrate.Isotonic{X: []float64{h.from[0]}, Y: []float64{h.first}}
	y := h.first
	for i, from := range h.from {
		if !(h.long[i] > 0 && h.slope[i] >= 0) || i > 0 && from < h.from[i-1] {
			return nil
		}
		if from > f.X[len(f.X)-1] {
			f.X, f.Y = append(f.X, from), append(f.Y, y)
		}
		y = min(1, y+float64(h.slope[i]*h.long[i]))
		long := h.long[i] / h.by
		end := from + long
		if i+1 < len(h.from) && end > h.from[i+1] { // by what is rounded
			if end-h.from[i+1] > 1e-9*long {
				return nil
			}
			end = h.from[i+1]
		}
		if end <= from {
			return nil
		}
		f.X, f.Y = append(f.X, end), append(f.Y, y)
	}
	return f
}

// mapAll follows the nodes by which the mapped probabilities of classes are made
// to sum to 1. It gives nil where a node is not one of them.
func (r *reader) mapAll(op string, a attrs, in []*value) (*value, error) {
	x := in[0]
	if x.mappings != nil {
		if err := r.take(len(x.mappings.of)); err != nil {
			return nil, err
		}
	}
	switch {
	case op == "Concat" && x.mapping != nil:
		var all []*mapping
		for _, v := range in {
			if v.mapping == nil {
				return nil, nil
			}
			all = append(all, v.mapping)
		}
		if len(all) == 2 && all[0].stage == other && all[1].stage == mapped && all[0].fit == all[1].fit && all[0].output == 1 && all[1].output == 1 && all[1].fit.outputs == 2 {
			f, err := calibratedOf(all[1:])
			return &value{fit: f}, err
		}
		return &value{mappings: &mappings{of: all}}, nil
	case op == "ReduceSum" && x.mappings != nil && x.mappings.stage == "" && a.number("keepdims", 1) == 1:
		return &value{mappings: &mappings{x.mappings.of, "total"}}, nil
	case op == "Greater" && x.mappings != nil && x.mappings.stage == "total" && in[1].scalar() && in[1].constant.numbers[0] == 0:
		return &value{mappings: &mappings{x.mappings.of, "some"}}, nil
	case op == "Div" && x.mappings != nil && x.mappings.stage == "" && in[1].mappings != nil && in[1].mappings.stage == "total" && slices.Equal(in[1].mappings.of, x.mappings.of):
		return &value{mappings: &mappings{x.mappings.of, "shares"}}, nil
	case op == "Where" && len(in) == 3 && x.mappings != nil && x.mappings.stage == "some" && in[1].mappings != nil && in[1].mappings.stage == "shares" && slices.Equal(in[1].mappings.of, x.mappings.of) && in[2].fit != nil:
		of := x.mappings.of
		if len(of) != in[2].fit.outputs || len(of) < 3 {
			return nil, fmt.Errorf("it has curves of %d of %d classes", len(of), in[2].fit.outputs)
		}
		for k, m := range of {
			if m.fit != in[2].fit || m.output != k || m.stage != mapped {
				return nil, fmt.Errorf("its curve %d is of another estimator or class", k)
			}
		}
		f, err := calibratedOf(of)
		return &value{fit: f}, err
	}
	return nil, nil
}

// calibratedOf is a fit whose classes, or the second of two, are mapped.
func calibratedOf(of []*mapping) (*fit, error) {
	c := &calibration{Clip: .5} // of isotonic it is not used
	for k, m := range of {
		switch {
		case m.curve.Absent:
		case c.Method != "" && (c.Method != m.method || c.Method == calibrate.Platt && (c.Maps != m.maps || c.Maps == calibrate.LogOdds && c.Clip != m.clip)):
			return nil, fmt.Errorf("the curve of class %d is of another kind than others", k)
		case m.method == calibrate.Stepwise && m.curve.Isotonic == nil:
			return nil, fmt.Errorf("the curve of class %d does not rise", k)
		default:
			if c.Method, c.Maps = m.method, m.maps; m.maps == calibrate.LogOdds {
				c.Clip = m.clip
			}
		}
		c.Curves = append(c.Curves, m.curve)
	}
	if c.Method == "" {
		c.Method = calibrate.Stepwise
	}
	return &fit{task: learn.Classification, outputs: of[0].fit.outputs, of: of[0].fit, by: c}, nil
}
