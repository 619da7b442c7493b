package tree

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// KindIsolation names the state of an isolation forest.
const KindIsolation = "isolation_forest"

// deepestIsolation bounds the depth of a tree: none has more than 2^31 rows.
const deepestIsolation = 31

// State takes the forest apart. Nodes of all trees follow each other; trees holds
// where each begins, and the end. A split has its feature, its threshold and its left
// child, numbered from the start of the tree; the right child is the next one. A
// leaf has feature -1, and in left the rows that the tree was grown on and came there.
func (m *IsolationModel) State() learn.State {
	trees := make([]int64, 1, len(m.trees)+1)
	var feature, left []int32
	var threshold []float64
	var missing []uint8
	for i := range m.trees {
		for _, s := range m.trees[i].nodes {
			leaf := s.left == 0
			if leaf {
				s = isolationSplit{feature: -1, left: s.rows}
			}
			feature, left, threshold = append(feature, s.feature), append(left, s.left), append(threshold, s.threshold)
			side := uint8(0)
			if !leaf && !s.missingRight {
				side = 1
			}
			missing = append(missing, side)
		}
		trees = append(trees, int64(len(feature)))
	}
	n := len(feature)
	return learn.State{
		Kind:   KindIsolation,
		Params: map[string]any{"threshold": m.threshold, "features": m.features},
		Tensors: map[string]learn.Tensor{
			"trees":        {Shape: []int{len(trees)}, Data: trees},
			"feature":      {Shape: []int{n}, Data: feature},
			"threshold":    {Shape: []int{n}, Data: threshold},
			"left":         {Shape: []int{n}, Data: left},
			"missing_left": {Shape: []int{n}, Data: missing},
		},
	}
}

// IsolationFromState makes an isolation forest from its state. It checks that a score
// cannot fail: there is one way to every node of a tree, every feature exists.
func IsolationFromState(s learn.State) (*IsolationModel, error) {
	m, err := isolationFromState(s)
	if err != nil {
		return nil, fmt.Errorf("isolation forest: the state is damaged: %w", err)
	}
	return m, nil
}

func isolationFromState(s learn.State) (*IsolationModel, error) {
	if s.Kind != KindIsolation {
		return nil, fmt.Errorf("its kind is %q, want %q", s.Kind, KindIsolation)
	}
	m := &IsolationModel{}
	var ok bool
	if m.threshold, ok = s.Params["threshold"].(float64); !ok || !(m.threshold >= 0 && m.threshold <= 1) {
		return nil, fmt.Errorf("its threshold is %v, want a score from 0 to 1", s.Params["threshold"])
	}
	switch n := s.Params["features"].(type) {
	case int:
		m.features = n
	case float64: // as JSON has it
		m.features = int(n)
	}
	f, err := flatFromState(s)
	if err != nil {
		return nil, err
	}
	if m.features < 1 {
		return nil, fmt.Errorf("its features are %v", s.Params["features"])
	}
	var samples int64
	for t, from := range f.trees[:len(f.trees)-1] {
		nodes := make([]isolationSplit, f.trees[t+1]-from)
		for i := range nodes {
			at := from + int64(i)
			nodes[i] = isolationSplit{feature: f.feature[at], threshold: f.threshold[at], left: f.left[at], missingRight: f.missing[at] == 0}
		}
		tree, rows, err := m.restored(nodes, f.depth[from:])
		if err == nil && t > 0 && rows != samples {
			err = fmt.Errorf("it was grown on %d rows, the first on %d", rows, samples)
		}
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", t, err)
		}
		m.trees, samples = append(m.trees, tree), rows
	}
	m.scale = float64(len(m.trees)) * averagePath(int(samples))
	return m, nil
}

// restored is a tree of nodes as the state has them, which are so deep, and the rows
// that it was grown on.
func (m *IsolationModel) restored(nodes []isolationSplit, depth []int32) (isolationTree, int64, error) {
	t := isolationTree{nodes: nodes, length: make([]float64, len(nodes))}
	rows := int64(0)
	for i := range nodes {
		s := &nodes[i]
		if s.feature == -1 {
			if s.left < 1 || s.threshold != 0 {
				return t, 0, fmt.Errorf("leaf %d has %d rows and threshold %v", i, s.left, s.threshold)
			}
			rows += int64(s.left)
			n := int(s.left)
			*s = isolationSplit{}
			t.leaf(int32(i), int(depth[i]), n)
			continue
		}
		switch {
		case int(s.feature) >= m.features:
			return t, 0, fmt.Errorf("node %d splits on feature %d of %d", i, s.feature, m.features)
		case math.IsNaN(s.threshold) || math.IsInf(s.threshold, 0):
			return t, 0, fmt.Errorf("node %d has threshold %v", i, s.threshold)
		case depth[i] >= deepestIsolation:
			return t, 0, fmt.Errorf("node %d is deeper than %d", i, deepestIsolation)
		}
	}
	if rows > math.MaxInt32 {
		return t, 0, fmt.Errorf("it was grown on %d rows", rows)
	}
	return t, rows, nil
}
