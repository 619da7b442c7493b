package onnx_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	pb "github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb"
)

// steps are the numbers from 0 on.
func steps(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}

// standard adds the nodes by which a column is standardised: "scaled" is that.
func (g *graph) standard() {
	g.constant("zero", []int64{1}, []float64{0})
	g.constant("unit", []int64{1}, []float64{1})
	g.node("Sub", "itself", "x", "x")
	g.node("IsNaN", "missing", "itself")
	g.node("Where", "filled", "missing", "zero", "x")
	g.node("Sub", "centred", "filled", "zero")
	g.node("Div", "scaled", "centred", "unit")
}

// classifier adds trees of so many classes: "p" are their probabilities.
func (g *graph) classifier(classes int) {
	n := g.trees("TreeEnsembleClassifier", "label", "x", 2, []int64{0}, []int64{1}, "BRANCH_LEQ")
	n.Output = append(n.Output, "p")
	labels := make([]int64, classes)
	for k := range labels {
		labels[k] = int64(k)
	}
	set(set(weigh(n, "class", 0, 1, 2), "classlabels_int64s", labels), "post_transform", "SOFTMAX")
}

// vote is the mean of estimators as the output y.
func (g *graph) vote(of []string) {
	n := len(of)
	shares := make([]float64, n)
	for k := range shares {
		shares[k] = 1 / float64(n)
	}
	g.constant("shares", []int64{1, int64(n), 1}, shares)
	g.constant("one", []int64{1}, []int64{1})
	set(g.node("Concat", "all", of...), "axis", 1)
	g.node("Mul", "weighted", "all", "shares")
	set(g.node("ReduceSum", "y", "weighted", "one"), "keepdims", 0)
}

// Nodes that share what a file holds once, and would make something of it each, or
// look at all of it each: the file is refused before that takes memory or time.
func TestShared(t *testing.T) {
	const wide, many = 10_000, 1500
	columns, numbers := "take and make more than", "nodes make more than"
	for _, c := range []struct {
		name, want string
		width      int64
		build      func(g *graph)
	}{
		{"components", columns, 1, func(g *graph) {
			g.standard()
			g.constant("edges", []int64{1, wide}, steps(wide))
			for k := range 300 {
				g.node("MatMul", fmt.Sprint("out", k), "scaled", "edges")
			}
		}},
		{"intervals", columns, 1, func(g *graph) {
			places := steps(wide + 2)
			for i := range places {
				places[i] = math.Min(math.Max(float64(i-1), 0), wide-2)
			}
			places[wide+1] = math.NaN()
			g.constant("edges", []int64{1, wide}, steps(wide))
			g.constant("names", []int64{wide + 2}, places)
			g.constant("one", []int64{1}, []int64{1})
			g.constant("last", []int64{1}, []int64{wide + 1})
			g.node("Greater", "above", "x", "edges")
			set(g.node("Cast", "counted", "above"), "to", int(pb.TensorProto_INT64))
			g.node("ReduceSum", "tallied", "counted", "one")
			g.node("IsNaN", "missing", "x")
			g.node("Where", "settled", "missing", "last", "tallied")
			for k := range 300 {
				g.node("Gather", fmt.Sprint("out", k), "names", "settled")
			}
		}},
		{"columns that are picked", columns, 10, func(g *graph) {
			g.constant("at", []int64{wide}, make([]byte, wide))
			for k := range many {
				set(g.node("Gather", fmt.Sprint("out", k), "x", "at"), "axis", 1)
			}
		}},
		{"columns that are cast", columns, wide, func(g *graph) {
			for k := range many {
				set(g.node("Cast", fmt.Sprint("out", k), "x"), "to", int(pb.TensorProto_FLOAT))
			}
		}},
		{"weights", numbers, 1, func(g *graph) {
			g.constant("w", []int64{1, wide}, make([]byte, wide))
			for k := range many {
				g.node("MatMul", fmt.Sprint("out", k), "x", "w")
			}
		}},
		{"a bias", numbers, 1, func(g *graph) {
			g.constant("w", []int64{1, wide}, make([]byte, wide))
			g.node("MatMul", "y", "x", "w")
			for k := range many {
				g.node("Add", fmt.Sprint("out", k), "y", "w")
			}
		}},
		{"layers upon layers", numbers, 1, func(g *graph) {
			g.constant("w", []int64{1, 1}, []float64{1})
			before := "x"
			for k := range many {
				g.node("MatMul", fmt.Sprint("m", k), before, "w")
				before = fmt.Sprint("r", k)
				g.node("Relu", before, fmt.Sprint("m", k))
			}
		}},
		{"two classes of a layer", numbers, 1, func(g *graph) {
			g.constant("w", []int64{1, wide}, make([]byte, wide))
			g.constant("v", []int64{wide, 1}, make([]byte, wide))
			g.constant("one", []int64{1}, []float64{1})
			g.node("MatMul", "m", "x", "w")
			g.node("Relu", "r", "m")
			g.node("MatMul", "n", "r", "v")
			g.node("Sigmoid", "second", "n")
			g.node("Sub", "first", "one", "second")
			for k := range many {
				g.node("Concat", fmt.Sprint("out", k), "first", "second")
			}
		}},
		{"rows of a table", numbers, 1, func(g *graph) {
			var keys []string
			for k := range 1000 {
				keys = append(keys, fmt.Sprint(k))
			}
			g.constant("zero", []int64{1}, []int64{0})
			g.constant("table", []int64{1, wide}, make([]byte, wide))
			n := g.node("LabelEncoder", "codes", "x")
			set(set(set(n, "keys_strings", keys), "values_int64s", make([]int64, len(keys))), "default_int64", 0)
			g.node("Gather", "y", "table", "codes")
		}},
		{"names of classes", columns, 1, func(g *graph) {
			g.classifier(3000)
			g.constant("names", []int64{3000}, steps(3000))
			g.node("ArgMax", "best", "p")
			for k := range many {
				g.node("Gather", fmt.Sprint("out", k), "names", "best")
			}
		}},
		{"too many names of classes", "at most 16384 are read", 1, func(g *graph) {
			g.classifier(3)
			g.constant("names", []int64{50_000}, steps(50_000))
			g.node("ArgMax", "best", "p")
			g.node("Gather", "y", "names", "best")
		}},
		{"the likeliest of many", numbers, 1, func(g *graph) {
			const n = 700
			one := make([]byte, n*n)
			for k := range n {
				one[k*n+k] = 1
			}
			g.classifier(n)
			g.constant("one", []int64{n, n}, one)
			g.node("ArgMax", "best", "p")
			for k := range many {
				g.node("Gather", fmt.Sprint("out", k), "one", "best")
			}
		}},
		{"lengths of centres", numbers, 10, func(g *graph) {
			g.constant("centers", []int64{wide, 10}, make([]byte, 10*wide))
			g.constant("zero", []int64{1}, []float64{0})
			g.constant("lengths", []int64{wide}, make([]byte, wide))
			set(g.node("ReduceSumSquare", "own", "x"), "keepdims", 1)
			g.node("Mul", "none", "own", "zero")
			n := g.node("Gemm", "crossed", "x", "centers", "none")
			alpha := float32(-2)
			name := "alpha"
			n.Attribute = append(n.Attribute, &pb.AttributeProto{Name: &name, F: &alpha})
			set(n, "transB", 1)
			g.node("Add", "partly", "own", "crossed")
			for k := range many {
				g.node("Add", fmt.Sprint("out", k), "lengths", "partly")
			}
		}},
		{"a vote of one", "more than 8 times", 1, func(g *graph) {
			const n = 500
			g.classifier(3)
			all := make([]string, n)
			for k := range all {
				all[k] = "p"
			}
			g.vote(all)
		}},
		{"a table for each branch", numbers, 1, func(g *graph) {
			const many = 1000
			var keys, fits []string
			for k := range wide {
				keys = append(keys, fmt.Sprint(k))
			}
			n := g.node("LabelEncoder", "codes", "x")
			set(set(n, "keys_strings", keys), "values_int64s", make([]int64, len(keys)))
			for k := range many {
				fits = append(fits, fmt.Sprint("fit", k))
				set(g.node("LinearRegressor", fits[k], "codes"), "coefficients", []float32{1})
			}
			g.vote(fits)
		}},
		{"curves of many classes", columns, 1, func(g *graph) {
			const n = 500
			g.classifier(n)
			g.constant("zero", []int64{1}, []float64{0})
			g.constant("one", []int64{1}, []int64{1})
			var curves []string
			for k := range int64(n) {
				g.constant(fmt.Sprint("at", k), []int64{1}, []int64{k})
				set(g.node("Gather", fmt.Sprint("p", k), "p", fmt.Sprint("at", k)), "axis", 1)
				curves = append(curves, fmt.Sprint("c", k))
				g.node("Mul", fmt.Sprint("c", k), fmt.Sprint("p", k), "zero")
			}
			set(g.node("Concat", "all", curves...), "axis", 1)
			set(g.node("ReduceSum", "total", "all", "one"), "keepdims", 1)
			g.node("Greater", "some", "total", "zero")
			g.node("Div", "shares", "all", "total")
			for k := range 6 * many {
				g.node("Where", fmt.Sprint("out", k), "some", "shares", "p")
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGraph(c.width)
			c.build(g)
			if c.name == "rows of a table" || c.name == "a table for each branch" {
				*g.Input[0].Type.GetTensorType().ElemType = int32(pb.TensorProto_STRING)
			}
			exchangetest.Hostile(t, g.file(t, "y"), read, c.want, 400)
		})
	}
}

// Trees whose leaves would have more values than a file gives.
func TestHostileTrees(t *testing.T) {
	const classes = 16_384
	labels, all := make([]int64, classes), make([]int64, 3*classes)
	for k := range labels {
		labels[k] = int64(k)
	}
	trees := func(splits int, mode string) (*graph, *pb.NodeProto) {
		g := newGraph(1)
		thresholds := make([]int64, splits)
		for k := range thresholds {
			thresholds[k] = int64(65_535 - k)
		}
		return g, g.trees("TreeEnsembleClassifier", "y", "x", splits, []int64{0}, thresholds, mode)
	}
	for _, c := range []struct {
		name, want string
		file       func() []byte
	}{
		{"probabilities", "would have 16384 values each", func() []byte {
			g, n := trees(1300, "BRANCH_LEQ")
			set(weigh(n, "class", 0, 1, 2), "classlabels_int64s", labels)
			return g.file(t, "y")
		}},
		{"margins", "many times their 6001 nodes", func() []byte {
			g := newGraph(1)
			n := deep(g, "TreeEnsembleClassifier", "y", 3000)
			set(set(weigh(n, "class", labels...), "classlabels_int64s", labels), "post_transform", "SOFTMAX")
			return g.file(t, "y")
		}},
		{"late categories", "more than 16777216 words", func() []byte {
			g, n := trees(20_000, "BRANCH_EQ")
			*n.OpType = "TreeEnsembleRegressor"
			weigh(n, "target", all[:1]...)
			return g.file(t, "y")
		}},
	} {
		t.Run(c.name, func(t *testing.T) { exchangetest.Hostile(t, c.file(), read, c.want, 500) })
	}
}

// deep adds a tree of so many splits, each below the one before: leaf 1 is a child of
// the first.
func deep(g *graph, op, out string, splits int) *pb.NodeProto {
	var nodes, of, yes, no, values []int64
	var modes []string
	for k := range int64(2*splits + 1) {
		nodes, of, values = append(nodes, k), append(of, 0), append(values, k)
		if k%2 == 0 && k < int64(2*splits) {
			yes, no, modes = append(yes, k+1), append(no, k+2), append(modes, "BRANCH_LEQ")
		} else {
			yes, no, modes = append(yes, 0), append(no, 0), append(modes, "LEAF")
		}
	}
	n := g.node(op, out, "x")
	for name, v := range map[string]any{"treeids": make([]int64, len(nodes)), "nodeids": nodes, "featureids": of, "truenodeids": yes, "falsenodeids": no, "values": values, "modes": modes} {
		set(n, "nodes_"+name, v)
	}
	return n
}

// Messages that take two bytes of a file each, and some hundreds of memory.
func TestEmptyMessages(t *testing.T) {
	for name, field := range map[string]byte{"nodes": 1, "tensors": 5, "inputs": 11} {
		t.Run(name, func(t *testing.T) {
			body := slices.Repeat([]byte{field<<3 | 2, 0}, 1_000_000)
			file := append([]byte{8, 8, 7<<3 | 2, 0x80, 0x89, 0x7a}, body...)
			exchangetest.Hostile(t, file, read, "made of more than 262144 parts", 10)
		})
	}
}
