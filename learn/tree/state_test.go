package tree

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// stump is the state of a tree of one split, on the first of two features.
func stump() learn.State {
	return learn.State{
		Kind:   Kind,
		Params: map[string]any{"task": "classification"},
		Tensors: map[string]learn.Tensor{
			"trees":        {Shape: []int{2}, Data: []int64{0, 3}},
			"feature":      {Shape: []int{3}, Data: []int32{0, -1, -1}},
			"threshold":    {Shape: []int{3}, Data: []float64{1.5, 0, 0}},
			"left":         {Shape: []int{3}, Data: []int32{1, 0, 1}},
			"missing_left": {Shape: []int{3}, Data: []uint8{1, 0, 0}},
			"values":       {Shape: []int{2, 2}, Data: []float64{1, 0, 0.25, 0.75}},
			"importances":  {Shape: []int{2}, Data: []float64{1, 0}},
		},
	}
}

func TestFromState(t *testing.T) {
	m, err := FromState(stump())
	if err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Columns: [][]float64{{1.5, 2, math.NaN(), math.Inf(-1), math.Inf(1)}, make([]float64, 5)}, Rows: 5}
	near(t, "predicted", m.Predict(x), []float64{1, 0, 0.25, 0.75, 1, 0, 1, 0, 0.25, 0.75})
}

func TestFromStateRefuses(t *testing.T) {
	ints := func(name string, at int, v int32) func(learn.State) {
		return func(s learn.State) { s.Tensors[name].Data.([]int32)[at] = v }
	}
	floats := func(name string, at int, v float64) func(learn.State) {
		return func(s learn.State) { s.Tensors[name].Data.([]float64)[at] = v }
	}
	trees := func(at ...int64) func(learn.State) {
		return func(s learn.State) { s.Tensors["trees"] = learn.Tensor{Shape: []int{len(at)}, Data: at} }
	}
	for _, c := range []struct {
		name, want string
		damage     func(learn.State)
	}{
		{"a child before its parent", "left child is 0", ints("left", 0, 0)},
		{"a child that is not there", "left child is 2", ints("left", 0, 2)},
		{"a negative child", "left child is -5", ints("left", 0, -5)},
		{"a feature too many", "feature 2 of 2", ints("feature", 0, 2)},
		{"a negative feature", "of feature -2", ints("feature", 0, -2)},
		{"a value row too many", "value row is 2 of 2", ints("left", 2, 2)},
		{"a negative value row", "value row is -1", ints("left", 1, -1)},
		{"a threshold of NaN", "threshold NaN", floats("threshold", 0, math.NaN())},
		{"a threshold of -Inf", "threshold -Inf", floats("threshold", 0, math.Inf(-1))},
		{"a threshold of a leaf", "threshold 3", floats("threshold", 1, 3)},
		{"missing_left of 2", "missing_left of node 0 is 2", func(s learn.State) { s.Tensors["missing_left"].Data.([]uint8)[0] = 2 }},
		{"probabilities above 1", "sum to 1.5", floats("values", 1, 0.5)},
		{"a negative probability", "has a -1", floats("values", 0, -1)},
		{"an infinite value", "has a +Inf", floats("values", 2, math.Inf(1))},
		{"an importance of 2", "importance of feature 1", floats("importances", 1, 2)},
		{"no trees", "do not begin", trees(0)},
		{"trees that end early", "do not begin", trees(0, 2)},
		{"trees that go back", "tree 0 is of nodes 0 to 5 of 3", trees(0, 5, 3)},
		{"an empty tree", "tree 0 is of nodes 0 to 0", trees(0, 0, 3)},
		{"a tree that is cut", "left child is 1", trees(0, 2, 3)},
		{"children of two parents", "children that another has", func(s learn.State) { doubling(s, 100) }},
		{"a node without a parent", "node 1 of tree 0 is nobody's child", func(s learn.State) { joined(s, []int32{0, -1, -1, -1}, []int32{2, 0, 0, 1}) }},
		{"another task", "task is clustering", func(s learn.State) { s.Params["task"] = "clustering" }},
		{"regression with two outputs", "2 outputs", func(s learn.State) { s.Params["task"] = "regression" }},
		{"another shape", "values", func(s learn.State) {
			s.Tensors["values"] = learn.Tensor{Shape: []int{4}, Data: s.Tensors["values"].Data}
		}},
		{"a huge shape", "values", func(s learn.State) {
			s.Tensors["values"] = learn.Tensor{Shape: []int{1 << 62, 4}, Data: s.Tensors["values"].Data}
		}},
	} {
		s := stump()
		c.damage(s)
		if _, err := FromState(s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one that says %q", c.name, err, c.want)
		}
	}
}

// doubling makes a state one of a tree whose nodes lead to the two after them: there
// are twice as many ways to each as to the one before.
func doubling(s learn.State, splits int) {
	feature, left := make([]int32, splits), make([]int32, splits)
	for i := range left {
		left[i] = int32(i + 1)
	}
	joined(s, append(feature, -1, -1), append(left, 0, 1))
}

// Whatever the state, it is refused or it predicts.
func FuzzFromState(f *testing.F) {
	x, y := learntest.Data(learn.Classification, 40, 1)
	for _, y := range []*learn.Target{y, {Task: learn.Regression, Values: x.Columns[3]}} {
		forest := small()
		forest.Estimators, forest.MaxDepth = 2, 3
		s := fitted(f, forest, x, y, nil).State()
		f.Add(y.Task == learn.Regression, packInts(s.Tensors["trees"].Data.([]int64)), packInts(s.Tensors["feature"].Data.([]int32)),
			packInts(s.Tensors["left"].Data.([]int32)), packFloats(s.Tensors["threshold"].Data.([]float64)), packFloats(s.Tensors["values"].Data.([]float64)), 4)
	}
	double := stump()
	doubling(double, 40)
	f.Add(false, packInts([]int64{0, 42}), packInts(double.Tensors["feature"].Data.([]int32)),
		packInts(double.Tensors["left"].Data.([]int32)), packFloats(make([]float64, 42)), packFloats([]float64{1, 0, 0, 0, 1, 0}), 1)
	f.Fuzz(func(t *testing.T, regression bool, trees, feature, left, threshold, values []byte, features int) {
		if features < 0 || features > 100 {
			return
		}
		s := stump()
		outputs := 3
		if regression {
			s.Params["task"], outputs = "regression", 1
		}
		set := func(name string, data any, shape ...int) { s.Tensors[name] = learn.Tensor{Shape: shape, Data: data} }
		starts := []int64{}
		for _, v := range unpackInts(trees) {
			starts = append(starts, int64(v))
		}
		nodes, children := unpackInts(feature), unpackInts(left)
		thresholds, v := unpackFloats(threshold), unpackFloats(values)
		set("trees", starts, len(starts))
		set("feature", nodes, len(nodes))
		set("left", children, len(children))
		set("threshold", thresholds, len(thresholds))
		set("missing_left", make([]uint8, len(nodes)), len(nodes))
		set("values", v, len(v)/outputs, outputs)
		set("importances", make([]float64, features), features)
		m, err := FromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Rows: 9, Columns: make([][]float64, features)}
		for j := range x.Columns {
			x.Columns[j] = []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300, 0.5}
		}
		m.Predict(x)
		if err := m.(*ForestModel).Ensemble().Check(); err != nil && !strings.Contains(err.Error(), "deeper") {
			t.Fatalf("restored, but its ensemble is not sound: %v", err)
		}
		if again, err := FromState(m.State()); err != nil {
			t.Fatalf("its own state is refused: %v", err)
		} else {
			again.Predict(x)
		}
	})
}

func packInts[T int32 | int64](v []T) (b []byte) {
	for _, i := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	return b
}

func unpackInts(b []byte) (v []int32) {
	for ; len(b) >= 4; b = b[4:] {
		v = append(v, int32(binary.LittleEndian.Uint32(b)))
	}
	return v
}

func packFloats(v []float64) (b []byte) {
	for _, f := range v {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}

func unpackFloats(b []byte) (v []float64) {
	for ; len(b) >= 8; b = b[8:] {
		v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return v
}
