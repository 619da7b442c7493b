package boost

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// stump is the state of two trees: a split at a number, and one on categories.
func stump() learn.State {
	return learn.State{
		Kind:   Kind,
		Params: map[string]any{"task": "classification", "link": "logistic", "outputs": 2.0},
		Tensors: map[string]learn.Tensor{
			"base":         {Shape: []int{1}, Data: []float64{0.5}},
			"trees":        {Shape: []int{3}, Data: []int64{0, 3, 6}},
			"feature":      {Shape: []int{6}, Data: []int32{0, -1, -1, 1, -1, -1}},
			"threshold":    {Shape: []int{6}, Data: []float64{1.5, 0, 0, 0, 0, 0}},
			"left":         {Shape: []int{6}, Data: []int32{1, 0, 0, 1, 0, 0}},
			"missing_left": {Shape: []int{6}, Data: []uint8{1, 0, 0, 0, 0, 0}},
			"set":          {Shape: []int{6}, Data: []int32{-1, -1, -1, 0, -1, -1}},
			"value":        {Shape: []int{6}, Data: []float64{0, -1, 1, 0, 10, 20}},
			"cover":        {Shape: []int{6}, Data: []float64{5, 2, 3, 5, 4, 1}},
			"sets":         {Shape: []int{2}, Data: []int64{0, 2}},
			"members":      {Shape: []int{2}, Data: []int32{2, 70}},
			"importances":  {Shape: []int{2}, Data: []float64{0.5, 0.5}},
		},
	}
}

func TestFromState(t *testing.T) {
	m, err := FromState(stump())
	if err != nil {
		t.Fatal(err)
	}
	x := &learn.Matrix{Columns: [][]float64{{1.5, 2, math.NaN(), 2}, {2, 70, math.NaN(), 3}}, Rows: 4}
	p := m.Predict(x)
	for i, margin := range []float64{9.5, 11.5, 19.5, 21.5} {
		if want := 1 / (1 + math.Exp(-margin)); math.Abs(p[2*i+1]-want) > 1e-15 {
			t.Errorf("row %d is predicted as %v, want %v", i, p[2*i+1], want)
		}
	}
}

func TestFromStateRefuses(t *testing.T) {
	ints := func(name string, at int, v int32) func(learn.State) {
		return func(s learn.State) { s.Tensors[name].Data.([]int32)[at] = v }
	}
	floats := func(name string, at int, v float64) func(learn.State) {
		return func(s learn.State) { s.Tensors[name].Data.([]float64)[at] = v }
	}
	longs := func(name string, at ...int64) func(learn.State) {
		return func(s learn.State) { s.Tensors[name] = learn.Tensor{Shape: []int{len(at)}, Data: at} }
	}
	param := func(name string, v any) func(learn.State) {
		return func(s learn.State) { s.Params[name] = v }
	}
	for _, c := range []struct {
		name, want string
		damage     func(learn.State)
	}{
		{"a child before its parent", "left child is 0", ints("left", 0, 0)},
		{"a child that is not there", "left child is 2", ints("left", 0, 2)},
		{"a leaf with a child", "leaf that has a child", ints("left", 1, 1)},
		{"a feature too many", "feature 2 of 2", ints("feature", 0, 2)},
		{"a set too many", "set is 1 of 1", ints("set", 3, 1)},
		{"a leaf with a set", "leaf that has a child or a set", ints("set", 1, 0)},
		{"a set of two features", "set 0 is of the features 0 and 1", func(s learn.State) {
			ints("set", 0, 0)(s)
			floats("threshold", 0, 0)(s)
		}},
		{"a negative category", "category -1", ints("members", 0, -1)},
		{"a huge category", "category 1000000", ints("members", 1, 1_000_000)},
		{"categories that do not ascend", "category 2 as its member 1", ints("members", 1, 2)},
		{"a threshold of NaN", "threshold is NaN", floats("threshold", 0, math.NaN())},
		{"a threshold of categories", "threshold is 3", floats("threshold", 3, 3)},
		{"an infinite value", "tensor value has a +Inf", floats("value", 1, math.Inf(1))},
		{"a value of a split", "split that has the value 3", floats("value", 0, 3)},
		{"missing_left of 2", "missing_left is 2", func(s learn.State) { s.Tensors["missing_left"].Data.([]uint8)[0] = 2 }},
		{"children of two parents", "children that another has", func(s learn.State) {
			s.Tensors["trees"] = learn.Tensor{Shape: []int{2}, Data: []int64{0, 6}}
			s.Tensors["feature"] = learn.Tensor{Shape: []int{6}, Data: []int32{0, 0, 0, -1, -1, -1}}
			s.Tensors["left"] = learn.Tensor{Shape: []int{6}, Data: []int32{1, 3, 4, 0, 0, 0}}
			s.Tensors["value"] = learn.Tensor{Shape: []int{6}, Data: []float64{0, 0, 0, 1, 2, 3}}
			ints("set", 3, -1)(s)
		}},
		{"a node without a parent", "nobody's child", func(s learn.State) {
			longs("trees", 0, 6)(s)
			ints("left", 3, 4)(s)
		}},
		{"trees that end early", "do not begin", longs("trees", 0, 3)},
		{"trees that go back", "tree 0 is of nodes 0 to 9", longs("trees", 0, 9, 6)},
		{"sets that go back", "set 0 is of members 0 to 9", longs("sets", 0, 9, 2)},
		{"no features", "no features", func(s learn.State) { s.Tensors["importances"] = learn.Tensor{Shape: []int{0}, Data: []float64{}} }},
		{"another task", "do not go together", param("task", "regression")},
		{"another link", "do not go together", param("link", "softmax")},
		{"other outputs", "do not go together", param("outputs", 3.0)},
	} {
		s := stump()
		c.damage(s)
		if _, err := FromState(s); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "gradient boosting: the state is damaged: ") {
			t.Errorf("%s: the error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// Whatever is restored predicts without a panic.
func FuzzFromState(f *testing.F) {
	f.Add([]byte{}, 2.0, 70.0)
	f.Add([]byte{2, 1, 0, 0, 0, 0, 0, 0, 0, 1}, math.NaN(), math.Inf(-1))
	f.Add([]byte{10, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0}, 2.0, 65535.0)                     // a category far beyond the others
	f.Add([]byte{6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2.0, 70.0) // a set of two features
	names := []string{"base", "trees", "feature", "threshold", "left", "missing_left", "set", "value", "cover", "sets", "members", "importances"}
	f.Fuzz(func(t *testing.T, changes []byte, a, b float64) {
		s := stump()
		for ; len(changes) >= 10; changes = changes[10:] { // a tensor, a place, a value
			at, v := int(changes[1]), binary.LittleEndian.Uint64(changes[2:])
			switch data := s.Tensors[names[int(changes[0])%len(names)]].Data.(type) {
			case []float64:
				data[at%len(data)] = math.Float64frombits(v)
			case []int64:
				data[at%len(data)] = int64(v)
			case []int32:
				data[at%len(data)] = int32(v)
			case []uint8:
				data[at%len(data)] = uint8(v)
			}
		}
		m, err := FromState(s)
		if err != nil {
			return
		}
		const rows = 50 // some by masks
		x := &learn.Matrix{Columns: [][]float64{slices.Repeat([]float64{a}, rows), slices.Repeat([]float64{b}, rows)}, Rows: rows}
		p := m.Predict(x)
		e := m.(*Model).Ensemble()
		if err := e.Check(); err != nil {
			t.Fatalf("restored, but its ensemble is not sound: %v", err)
		}
		if want := e.Predict(e.Margins([]float64{a, b})); math.Float64bits(want[1]) != math.Float64bits(p[1]) || math.Float64bits(want[1]) != math.Float64bits(p[99]) {
			t.Fatalf("predicted as %v, want %v", p[:2], want)
		}
	})
}

// A category that is far beyond the others of a set is of it, and costs no more
// than in the state.
func TestFarCategories(t *testing.T) {
	s := stump()
	s.Tensors["sets"] = learn.Tensor{Shape: []int{2}, Data: []int64{0, 4}}
	s.Tensors["members"] = learn.Tensor{Shape: []int{4}, Data: []int32{2, 70, 50_000, 65_535}}
	m, err := FromState(s)
	if err != nil {
		t.Fatal(err)
	}
	if c := m.(*Model).walker.columns[1]; len(c.set) != 2 || len(c.far) != 2 {
		t.Errorf("a set of %d words and %d categories beyond, want 2 and 2", len(c.set), len(c.far))
	}
	values := []float64{2, 3, 70, 71, 127, 128, 49_999, 50_000, 50_000.5, 65_535, 65_536, 1e300, -1, math.Inf(1), math.Inf(-1), math.NaN()}
	x := &learn.Matrix{Columns: [][]float64{make([]float64, len(values)), values}, Rows: len(values)}
	p, e := m.Predict(x), m.(*Model).Ensemble()
	for i, v := range values {
		if want := e.Predict(e.Margins([]float64{0, v})); p[2*i+1] != want[1] {
			t.Errorf("category %v is predicted as %v, want %v", v, p[2*i+1], want[1])
		}
	}
}
