package onnx_test

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/model"
)

func read(file []byte) (*model.Model, error) { return onnx.Read(file, nil) }

// indices are files that name a place beyond what any int holds.
func indices(t testing.TB) map[string][]byte {
	const far = math.MaxInt64
	files := map[string][]byte{}
	add := func(want string, build func(g *graph)) {
		g := newGraph(3)
		build(g)
		files[want] = g.file(t, "y")
	}
	add("is of output 9.223372036854776e+18 of 2", func(g *graph) {
		n := g.trees("TreeEnsembleClassifier", "y", "x", 1, []int64{0}, []int64{1}, "BRANCH_LEQ")
		set(weigh(n, "class", far), "classlabels_int64s", []int64{0, 1})
	})
	add("is of output 9.223372036854776e+18 of 1", func(g *graph) {
		weigh(g.trees("TreeEnsembleRegressor", "y", "x", 1, []int64{0}, []int64{1}, "BRANCH_LEQ"), "target", far)
	})
	add("looks at feature 9.223372036854776e+18 of 3", func(g *graph) {
		weigh(g.trees("TreeEnsembleRegressor", "y", "x", 1, []int64{far}, []int64{1}, "BRANCH_LEQ"), "target", 0)
	})
	add("it picks column 9.223372036854776e+18 of 3", func(g *graph) {
		g.constant("at", []int64{1}, []int64{far})
		set(g.node("Gather", "y", "x", "at"), "axis", 1)
	})
	add("it picks class 9.223372036854776e+18 of 2", func(g *graph) {
		g.constant("at", []int64{1}, []int64{far})
		n := g.trees("TreeEnsembleClassifier", "label", "x", 1, []int64{0}, []int64{1}, "BRANCH_LEQ")
		n.Output = append(n.Output, "p")
		set(set(weigh(n, "class", 0, 1), "classlabels_int64s", []int64{0, 1}), "post_transform", "SOFTMAX")
		set(g.node("Gather", "y", "p", "at"), "axis", 1)
	})
	add("a category's code is 9.223372036854776e+18", func(g *graph) {
		g.constant("table", []int64{2, 1}, []float64{1, 2})
		g.constant("zero", []int64{1}, []int64{0})
		set(g.node("Gather", "one", "x", "zero"), "axis", 1)
		n := g.node("LabelEncoder", "code", "one")
		set(set(n, "keys_strings", []string{"a", "b"}), "values_int64s", []int64{0, far})
		g.node("Gather", "y", "table", "code")
	})
	return files
}

func TestFarIndices(t *testing.T) {
	for want, file := range indices(t) {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if why := recover(); why != nil {
					t.Errorf("it panics: %v", why)
				}
			}()
			exchangetest.Hostile(t, file, read, want, 10)
		})
	}
}

// A constant without inputs is one of the file's tensors.
func TestConstantNode(t *testing.T) {
	g := newGraph(2)
	set(g.node("Constant", "w"), "value", tensor("", []int64{2, 1}, []float64{2, 3}))
	g.node("MatMul", "y", "x", "w")
	exchangetest.Hostile(t, g.file(t, "y"), read, "", 10)
	g = newGraph(2)
	set(g.node("Constant", "w"), "sparse_value", 1)
	g.node("MatMul", "y", "x", "w")
	exchangetest.Hostile(t, g.file(t, "y"), read, "its value is no tensor", 10)
}
