package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
)

// squares writes the squared difference of each row from each of so many points,
// feature by feature: rows x points x features.
func (w *writer) squares(x string, points, features int64, from []float64) string {
	x = w.op("Reshape", nil, x, w.constant([]int64{3}, []int64{-1, 1, features}))
	apart := w.op("Sub", nil, x, w.constant([]int64{1, points, features}, from))
	return w.op("Mul", nil, apart, apart)
}

// over sums over features.
func (w *writer) over(x string) string {
	return w.node("", "ReduceSum", attributes{"keepdims": 0}, []string{x, w.constant([]int64{1}, []int64{2})})
}

// distances writes how far each row is from each centre: rows x centres, and
// squared.
func (w *writer) distances(x string, centers [][]float64) (far, squared string) {
	squared = w.over(w.squares(x, int64(len(centers)), int64(len(centers[0])), slices.Concat(centers...)))
	return w.op("Sqrt", nil, squared), squared
}

// An apart is how far rows are from points, on the way to be distances or scores.
type apart struct {
	columns []feature
	of      *measured // they are these; nil: as they are
	points  int
	from    []float64 // points x features
	spread  []float64 // what squares are divided by, as many
	stage   string
}

// The stages of an apart.
const (
	differs  = "differs"
	squared  = "squared"
	weighed  = "weighed" // by variances
	nearness = "near"    // squared distances
	nearest  = "nearest" // the number of the nearest point
	scored   = "scored"  // the sum of what was weighed
	lowered  = "lowered" // times -1/2
	lengths  = "lengths" // of rows: as skl2onnx goes about distances
	zeros    = "zeros"   // as many
	crossed  = "crossed" // the products with centres, twice over, taken off that
	partly   = "partly"  // all but the lengths of centres
)

// distances follows the nodes that say how far rows are from points. It gives nil
// where a node is not one of them.
func (r *reader) distances(op string, a attrs, in []*value) (*value, error) {
	x := in[0]
	if c := second(in); op == "Sub" && x.columns != nil && c != nil && len(c.shape) == 3 && c.shape[0] == 1 && c.shape[2] == len(x.columns) && len(c.numbers) > 0 {
		columns, err := r.numbers(x)
		return &value{apart: &apart{columns: columns, points: c.shape[1], from: c.numbers, stage: differs}}, err
	}
	if v, c := x.measured, second(in); op == "Sub" && v != nil && v.stage == scaled && c != nil && len(c.shape) == 3 && c.shape[0] == 1 && c.shape[2] == len(v.columns) && len(c.numbers) > 0 {
		return &value{apart: &apart{columns: v.columns, of: v, points: c.shape[1], from: c.numbers, stage: differs}}, nil
	}
	if op == "ReduceSumSquare" && x.columns != nil && a.number("keepdims", 1) == 1 {
		columns, err := r.numbers(x)
		return &value{apart: &apart{columns: columns, stage: lengths}}, err
	}
	if op == "Gemm" && len(in) == 3 && in[2].apart != nil && in[2].apart.stage == zeros {
		if err := r.take(len(in[2].apart.columns)); err != nil {
			return nil, err
		}
		return products(a, x, in)
	}
	if op == "ArgMin" && x.fit != nil && x.fit.task == learn.Clustering {
		return &value{best: x.fit}, nil
	}
	if op == "Add" && len(in) == 2 && in[1].apart != nil {
		if err := r.copies(len(in[1].apart.from)); err != nil {
			return nil, err
		}
		if in[1].apart.lacks(x.constant) {
			next := *in[1].apart
			next.stage = nearness
			return &value{apart: &next}, nil
		}
	}
	if x.apart == nil {
		return nil, nil
	}
	if err := r.take(len(x.apart.columns)); err != nil {
		return nil, err
	}
	next, c := *x.apart, second(in)
	sums := op == "ReduceSum" && len(in) == 2 && in[1].is(2) && a.number("keepdims", 1) == 0
	switch {
	case op == "Mul" && next.stage == differs && in[1] == x:
		next.stage = squared
	case op == "Div" && next.stage == squared && c != nil && len(c.numbers) == len(next.from) && slices.Equal(c.shape, []int{1, next.points, len(next.columns)}):
		next.stage, next.spread = weighed, c.numbers
	case sums && next.stage == squared:
		next.stage = nearness
	case sums && next.stage == weighed:
		next.stage = scored
	case op == "Mul" && next.stage == scored && in[1].is(-.5):
		next.stage = lowered
	case op == "Mul" && next.stage == lengths && in[1].is(0):
		next.stage = zeros
	case op == "Add" && next.stage == lengths && in[1].apart != nil && in[1].apart.stage == crossed && slices.Equal(in[1].apart.columns, next.columns):
		next = *in[1].apart
		next.stage = partly
	case op == "Sqrt" && next.stage == nearness && next.of != nil:
		return r.groups(&next, "distance")
	case op == "ArgMin" && next.stage == nearness && next.of != nil:
		next.stage = nearest
	case op == "Sqrt" && next.stage == nearness:
		return &value{fit: next.clusters()}, nil
	case op == "ArgMin" && next.stage == nearness:
		return &value{best: next.clusters()}, nil
	default:
		return nil, nil
	}
	return &value{apart: &next}, nil
}

// second is the constant that is the second input.
func second(in []*value) *constant {
	if len(in) < 2 {
		return nil
	}
	return in[1].constant
}

// products reads -2 x c, of which skl2onnx makes squared distances.
func products(a attrs, x *value, in []*value) (*value, error) {
	next, c := *in[2].apart, second(in)
	if !slices.Equal(x.columns, next.columns) || c == nil || len(c.shape) != 2 || c.shape[1] != len(next.columns) || len(c.numbers) == 0 || a.number("alpha", 1) != -2 || a.number("beta", 1) != 1 || a.number("transA", 0) != 0 || a.number("transB", 0) != 1 {
		return nil, fmt.Errorf("it does not multiply the columns by centres, twice")
	}
	next.stage, next.points, next.from = crossed, c.shape[0], c.numbers
	return &value{apart: &next}, nil
}

// lacks reports squared distances that lack the lengths of the centres, which are
// these.
func (v *apart) lacks(lengths *constant) bool {
	if v.stage != partly || lengths == nil || len(lengths.numbers) != v.points {
		return false
	}
	for k, long := range lengths.numbers {
		want := 0.0
		for _, c := range v.from[k*len(v.columns):][:len(v.columns)] {
			want += float64(c * c)
		}
		if !(math.Abs(long-want) <= 1e-4*(1+want)) {
			return false
		}
	}
	return true
}

// clusters are centres that rows are near.
func (v *apart) clusters() *fit {
	return &fit{features: v.columns, task: learn.Clustering, outputs: v.points, estimator: func() (learn.Model, error) {
		return cluster.FromState(learn.State{Kind: cluster.Kind, Params: map[string]any{"inertia": 0.0, "iterations": 0, "features": names(v.columns)},
			Tensors: map[string]learn.Tensor{
				"centers": {Shape: []int{v.points, len(v.columns)}, Data: v.from},
				"sizes":   {Shape: []int{v.points}, Data: make([]float64, v.points)},
			}})
	}}
}
