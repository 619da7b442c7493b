package boost

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// State takes the model apart. Nodes of all trees follow each other; trees holds
// where each begins, and the end; tree i adds to margin i modulo their number. A
// split has its feature, its threshold and its left child, numbered from the start
// of the tree; the right child is the next one. A split on categories has a set,
// whose members go left: sets holds where each begins, and the end. A leaf has
// feature -1. All are the model's own, to be read only.
func (m *Model) State() learn.State {
	n := &m.nodes
	sets, members := []int64{0}, []int32{}
	for _, set := range n.sets {
		members = append(members, set...)
		sets = append(sets, int64(len(members)))
	}
	return learn.State{
		Kind:   Kind,
		Params: map[string]any{"task": string(m.task), "link": string(m.link), "outputs": m.outputs},
		Tensors: map[string]learn.Tensor{
			"base":         {Shape: []int{len(m.base)}, Data: m.base},
			"trees":        {Shape: []int{len(n.trees)}, Data: n.trees},
			"feature":      {Shape: []int{len(n.feature)}, Data: n.feature},
			"threshold":    {Shape: []int{len(n.threshold)}, Data: n.threshold},
			"left":         {Shape: []int{len(n.left)}, Data: n.left},
			"missing_left": {Shape: []int{len(n.missingLeft)}, Data: n.missingLeft},
			"set":          {Shape: []int{len(n.set)}, Data: n.set},
			"value":        {Shape: []int{len(n.value)}, Data: n.value},
			"cover":        {Shape: []int{len(n.cover)}, Data: n.cover},
			"sets":         {Shape: []int{len(sets)}, Data: sets},
			"members":      {Shape: []int{len(members)}, Data: members},
			"importances":  {Shape: []int{len(m.importance)}, Data: m.importance},
		},
	}
}

// FromState makes a *Model from its state. It checks that a prediction cannot
// fail: there is one way to every node of a tree, every feature and set exists.
func FromState(s learn.State) (learn.Model, error) {
	m, err := fromState(s)
	if err != nil {
		return nil, fmt.Errorf("gradient boosting: the state is damaged: %w", err)
	}
	return m, nil
}

func fromState(s learn.State) (*Model, error) {
	if s.Kind != Kind {
		return nil, fmt.Errorf("its kind is %q, want %q", s.Kind, Kind)
	}
	m := &Model{}
	n := &m.nodes
	var sets []int64
	var members []int32
	take := taker{state: s}
	m.base = numbers[float64](&take, "base", -1)
	m.importance = numbers[float64](&take, "importances", -1)
	n.trees = numbers[int64](&take, "trees", -1)
	n.feature = numbers[int32](&take, "feature", -1)
	n.threshold = numbers[float64](&take, "threshold", len(n.feature))
	n.left = numbers[int32](&take, "left", len(n.feature))
	n.missingLeft = numbers[uint8](&take, "missing_left", len(n.feature))
	n.set = numbers[int32](&take, "set", len(n.feature))
	n.value = numbers[float64](&take, "value", len(n.feature))
	n.cover = numbers[float64](&take, "cover", len(n.feature))
	sets = numbers[int64](&take, "sets", -1)
	members = numbers[int32](&take, "members", -1)
	if take.err != nil {
		return nil, take.err
	}
	if len(m.importance) == 0 {
		return nil, fmt.Errorf("it has no features")
	}
	if err := m.setLink(s.Params); err != nil {
		return nil, err
	}
	for _, check := range []func() error{
		func() error { return finite("base", m.base) },
		func() error { return finite("value", n.value) },
		func() error { return finite("cover", n.cover) },
		func() error { return finite("importances", m.importance) },
		func() error { return n.setSets(sets, members) },
		func() error { return n.check(len(m.importance), len(m.base)) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	m.walker = newWalker(n, len(m.importance))
	if c := len(m.walker.columns); c > mostColumns {
		return nil, fmt.Errorf("its splits look at %d features and sets, at most %d are held", c, mostColumns)
	}
	for _, c := range m.walker.columns {
		if e := len(c.axis.Edges()); e > mostEdges {
			return nil, fmt.Errorf("feature %d is split at %d thresholds, at most %d are held", c.feature, e, mostEdges)
		}
	}
	return m, nil
}

// setLink takes the task, the link and the number of outputs, which go together.
func (m *Model) setLink(params map[string]any) error {
	task, _ := params["task"].(string)
	link, _ := params["link"].(string)
	switch outputs := params["outputs"].(type) {
	case int:
		m.outputs = outputs
	case float64:
		m.outputs = int(outputs)
	}
	m.task, m.link = learn.Task(task), ensemble.Link(link)
	fits := false
	switch m.link {
	case ensemble.Identity, ensemble.Log:
		fits = m.task == learn.Regression && m.outputs == 1 && len(m.base) == 1
	case ensemble.Logistic:
		fits = m.task == learn.Classification && m.outputs == 2 && len(m.base) == 1
	case ensemble.Softmax:
		fits = m.task == learn.Classification && m.outputs > 2 && len(m.base) == m.outputs
	}
	if !fits {
		return fmt.Errorf("it has task %q, link %q, %d outputs and %d margins, which do not go together", task, link, m.outputs, len(m.base))
	}
	return nil
}

// setSets takes the sets of categories.
func (n *nodes) setSets(at []int64, members []int32) error {
	if len(at) == 0 || at[0] != 0 || at[len(at)-1] != int64(len(members)) {
		return fmt.Errorf("its sets do not begin at 0 and end at %d", len(members))
	}
	for i := range len(at) - 1 {
		from, to := at[i], at[i+1]
		if from < 0 || to < from || to > int64(len(members)) {
			return fmt.Errorf("set %d is of members %d to %d of %d", i, from, to, len(members))
		}
		set := members[from:to]
		for k, c := range set {
			if c < 0 || c > bins.MostCategory || k > 0 && c <= set[k-1] {
				return fmt.Errorf("set %d has the category %d as its member %d: they ascend from 0 to %d at most", i, c, k, bins.MostCategory)
			}
		}
		n.sets = append(n.sets, set)
	}
	return nil
}

// check reports nodes that no row can walk down.
func (n *nodes) check(features, margins int) error {
	if _, err := ensemble.Depths(n.trees, n.feature, n.left); err != nil {
		return err
	}
	last := len(n.trees) - 1
	if last%margins != 0 {
		return fmt.Errorf("it has %d trees for %d margins", last, margins)
	}
	of := make([]int32, len(n.sets)) // of each set, 1 more than the feature whose it is
	for t := range last {
		from, to := n.trees[t], n.trees[t+1]
		if to-from > mostNodes {
			return fmt.Errorf("tree %d has %d nodes, at most %d are held", t, to-from, mostNodes)
		}
		for i := from; i < to; i++ {
			if err := n.checkNode(int(i), features, of); err != nil {
				return fmt.Errorf("node %d of tree %d: %w", i-from, t, err)
			}
		}
	}
	return nil
}

// checkNode checks node i; of has the features of sets so far, from 1.
func (n *nodes) checkNode(i, features int, of []int32) error {
	feature, threshold, left, set := n.feature[i], n.threshold[i], n.left[i], n.set[i]
	switch {
	case feature < -1 || int(feature) >= features:
		return fmt.Errorf("it splits on feature %d of %d", feature, features)
	case n.missingLeft[i] > 1:
		return fmt.Errorf("missing_left is %d, want 0 or 1", n.missingLeft[i])
	case set < -1 || int(set) >= len(n.sets):
		return fmt.Errorf("its set is %d of %d", set, len(n.sets))
	case math.IsNaN(threshold) || math.IsInf(threshold, -1) || (feature < 0 || set >= 0) && threshold != 0:
		return fmt.Errorf("its threshold is %v", threshold)
	case feature < 0 && (left != 0 || set >= 0 || n.missingLeft[i] != 0):
		return fmt.Errorf("it is a leaf that has a child or a set")
	case feature >= 0 && n.value[i] != 0:
		return fmt.Errorf("it is a split that has the value %v", n.value[i])
	}
	if set >= 0 {
		if of[set] > 0 && of[set] != feature+1 {
			return fmt.Errorf("its set %d is of the features %d and %d: want a set for each", set, of[set]-1, feature)
		}
		of[set] = feature + 1
	}
	return nil
}

func finite(name string, values []float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("tensor %s has a %v at %d", name, v, i)
		}
	}
	return nil
}

// A taker takes tensors of a state until one is not as it should be.
type taker struct {
	state learn.State
	err   error
}

// numbers takes a tensor of one dimension; a size of -1 is any.
func numbers[T any](t *taker, name string, size int) []T {
	if t.err != nil {
		return nil
	}
	tensor, ok := t.state.Tensors[name]
	data, is := tensor.Data.([]T)
	switch {
	case !ok:
		t.err = fmt.Errorf("tensor %s is missing", name)
	case !is:
		t.err = fmt.Errorf("tensor %s is a %T, want a %T", name, tensor.Data, data)
	case len(tensor.Shape) != 1 || tensor.Shape[0] != len(data) || size >= 0 && len(data) != size:
		t.err = fmt.Errorf("tensor %s has shape %v and %d values", name, tensor.Shape, len(data))
	}
	return data
}
