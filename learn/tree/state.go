package tree

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// State takes the forest apart. Nodes of all trees follow each other; trees
// holds where each begins, and the end. A split has its feature, its threshold
// and its left child, numbered from the start of the tree; the right child is
// the next one. A leaf has feature -1, and as left its row of values. Covers has
// an entry a leaf. Values, covers and importances are the model's own, to be read only.
func (m *ForestModel) State() learn.State {
	n := len(m.nodes)
	feature, left := make([]int32, n), make([]int32, n)
	threshold, missing := make([]float64, n), make([]uint8, n)
	for i, node := range m.nodes {
		if m.leaf[i] >= 0 {
			feature[i], left[i] = -1, m.leaf[i]
			continue
		}
		bin, j, missingLeft := node.split()
		feature[i], threshold[i], left[i] = int32(j), m.axes[j].Edge(bin), int32(node.left)
		if missingLeft {
			missing[i] = 1
		}
	}
	trees := make([]int64, 0, len(m.trees)+1)
	for _, t := range m.trees {
		trees = append(trees, int64(t.from))
	}
	trees = append(trees, int64(n))
	s := learn.State{
		Kind:   m.kind,
		Params: map[string]any{"task": string(m.task)},
		Tensors: map[string]learn.Tensor{
			"trees":        {Shape: []int{len(trees)}, Data: trees},
			"feature":      {Shape: []int{n}, Data: feature},
			"threshold":    {Shape: []int{n}, Data: threshold},
			"left":         {Shape: []int{n}, Data: left},
			"missing_left": {Shape: []int{n}, Data: missing},
			"values":       {Shape: []int{len(m.values) / m.outputs, m.outputs}, Data: m.values},
			"importances":  {Shape: []int{len(m.axes)}, Data: m.importance},
		},
	}
	if m.covers != nil {
		s.Params["covers"] = true
		s.Tensors["covers"] = learn.Tensor{Shape: []int{len(m.covers)}, Data: m.covers}
	}
	return s
}

// FromState makes a *ForestModel from its state, of either kind. It checks that a prediction
// cannot fail: there is one way to every node of a tree, every feature and value exists.
func FromState(s learn.State) (learn.Model, error) {
	m, err := fromState(s)
	if err != nil {
		return nil, fmt.Errorf("random forest: the state is damaged: %w", err)
	}
	return m, nil
}

func fromState(s learn.State) (*ForestModel, error) {
	if s.Kind != Kind && s.Kind != KindExtra {
		return nil, fmt.Errorf("its kind is %q, want %q or %q", s.Kind, Kind, KindExtra)
	}
	task, _ := s.Params["task"].(string)
	m := &ForestModel{kind: s.Kind, task: learn.Task(task)}
	if m.task != learn.Classification && m.task != learn.Regression {
		return nil, fmt.Errorf("its task is %v", s.Params["task"])
	}
	f, err := flatFromState(s)
	if err != nil {
		return nil, err
	}
	if m.importance, err = vector[float64](s, "importances", -1); err != nil {
		return nil, err
	}
	m.axes = make([]bins.Axis, len(m.importance))
	if err := m.setValues(s); err != nil {
		return nil, err
	}
	for j, v := range m.importance {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("the importance of feature %d is %v", j, v)
		}
	}
	if err := m.setAxes(f.feature, f.threshold); err != nil {
		return nil, err
	}
	m.nodes, m.leaf = make([]node, len(f.feature)), make([]int32, len(f.feature))
	for t, from := range f.trees[:len(f.trees)-1] {
		to := f.trees[t+1]
		for i := from; i < to; i++ {
			if err := m.setNode(int(i), int(i-from), f.feature[i], f.threshold[i], f.left[i], f.missing[i]); err != nil {
				return nil, fmt.Errorf("node %d of tree %d: %w", i-from, t, err)
			}
		}
		m.trees = append(m.trees, tree{int(from), int(to), int(slices.Max(f.depth[from:to]))})
	}
	return m, m.setCovers(s)
}

// flat are the nodes of all trees as a state has them, one after the other.
type flat struct {
	trees         []int64 // where each begins, and the end; none is empty
	feature, left []int32
	threshold     []float64
	missing       []uint8
	depth         []int32
}

func flatFromState(s learn.State) (f flat, err error) {
	if f.trees, err = vector[int64](s, "trees", -1); err != nil {
		return f, err
	}
	if f.feature, err = vector[int32](s, "feature", -1); err != nil {
		return f, err
	}
	n := len(f.feature)
	if f.threshold, err = vector[float64](s, "threshold", n); err != nil {
		return f, err
	}
	if f.left, err = vector[int32](s, "left", n); err != nil {
		return f, err
	}
	if f.missing, err = vector[uint8](s, "missing_left", n); err != nil {
		return f, err
	}
	if len(f.trees) < 2 {
		return f, fmt.Errorf("its trees do not begin at 0 and end at %d", n)
	}
	for i, v := range f.missing {
		if v > 1 {
			return f, fmt.Errorf("missing_left of node %d is %d, want 0 or 1", i, v)
		}
	}
	f.depth, err = ensemble.Depths(f.trees, f.feature, f.left)
	return f, err
}

// setCovers takes the leaves' covers, which older versions did not write.
func (m *ForestModel) setCovers(s learn.State) (err error) {
	if s.Params["covers"] != true {
		return nil
	}
	leaves := 0
	for _, row := range m.leaf {
		if row >= 0 {
			leaves++
		}
	}
	if m.covers, err = vector[int32](s, "covers", leaves); err != nil {
		return err
	}
	for i, c := range m.covers {
		if c < 1 {
			return fmt.Errorf("the cover of leaf %d is %d", i, c)
		}
	}
	return nil
}

// setValues takes the leaves' values, a row each.
func (m *ForestModel) setValues(s learn.State) error {
	shape := s.Tensors["values"].Shape
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > math.MaxInt32 || shape[1] > math.MaxInt32 {
		return fmt.Errorf("tensor values has shape %v, want leaves x outputs", shape)
	}
	m.outputs = shape[1]
	if (m.task == learn.Classification) != (m.outputs > 1) {
		return fmt.Errorf("it has %d outputs for %s", m.outputs, m.task)
	}
	data, _ := s.Tensors["values"].Data.([]float64)
	if len(data) != shape[0]*shape[1] {
		return fmt.Errorf("tensor values is no float64 of shape %v", shape)
	}
	for i := 0; i < len(data); i += m.outputs {
		total := 0.0
		for _, v := range data[i : i+m.outputs] {
			if math.IsNaN(v) || math.IsInf(v, 0) || m.task == learn.Classification && v < 0 {
				return fmt.Errorf("value row %d has a %v", i/m.outputs, v)
			}
			total += v
		}
		if m.task == learn.Classification && math.Abs(total-1) > 1e-9 {
			return fmt.Errorf("the probabilities in value row %d sum to %v", i/m.outputs, total)
		}
	}
	m.values = data
	return nil
}

// setAxes makes bins of the thresholds at which each feature is split.
func (m *ForestModel) setAxes(feature []int32, threshold []float64) error {
	edges := make([][]float64, len(m.axes))
	for i, j := range feature {
		switch t := threshold[i]; {
		case j < -1 || int(j) >= len(edges):
			return fmt.Errorf("node %d splits on feature %d of %d", i, j, len(edges))
		case math.IsNaN(t) || math.IsInf(t, -1) || j == -1 && t != 0:
			return fmt.Errorf("node %d has threshold %v", i, t)
		case j >= 0 && !math.IsInf(t, 1):
			edges[j] = append(edges[j], t)
		}
	}
	for j := range edges {
		slices.Sort(edges[j])
		m.axes[j] = bins.NewAxis(slices.Compact(edges[j]))
	}
	return nil
}

// setNode takes node i, which is node self of its tree.
func (m *ForestModel) setNode(i, self int, feature int32, threshold float64, left int32, missing uint8) error {
	if feature == -1 {
		if left < 0 || int(left) >= len(m.values)/m.outputs {
			return fmt.Errorf("the leaf's value row is %d of %d", left, len(m.values)/m.outputs)
		}
		m.nodes[i], m.leaf[i] = leafNode(self), left
		return nil
	}
	axis := m.axes[feature]
	bin := len(axis.Edges())
	if !math.IsInf(threshold, 1) {
		bin, _ = slices.BinarySearch(axis.Edges(), threshold)
	}
	m.nodes[i] = splitNode(bin, int(feature), int(left), missing == 1)
	m.leaf[i] = -1
	return nil
}

// vector takes a tensor of one dimension; a size of -1 is any.
func vector[T any](s learn.State, name string, size int) ([]T, error) {
	tensor, ok := s.Tensors[name]
	if !ok {
		return nil, fmt.Errorf("tensor %s is missing", name)
	}
	data, ok := tensor.Data.([]T)
	if !ok {
		return nil, fmt.Errorf("tensor %s is a %T, want a %T", name, tensor.Data, data)
	}
	if len(tensor.Shape) != 1 || tensor.Shape[0] != len(data) || size >= 0 && len(data) != size {
		return nil, fmt.Errorf("tensor %s has shape %v and %d values", name, tensor.Shape, len(data))
	}
	return data, nil
}
