package boost

import (
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
)

// A Model is a fitted Boosting: a sum of trees, an output of the loss after the
// other in turn.
type Model struct {
	task    learn.Task
	outputs int
	base    []float64
	link    ensemble.Link
	nodes   nodes
	// importance is each feature's share of what all splits took off the loss.
	importance []float64
	walker     *walker
}

// nodes are those of all trees, one after the other, an entry a node. Trees number
// their nodes from 0; the children of a split are next to each other, after it.
type nodes struct {
	trees       []int64   // where each begins, and the end
	feature     []int32   // of a leaf -1
	threshold   []float64 // of leaves and of splits on categories 0
	left        []int32   // of a leaf 0
	missingLeft []uint8
	set         []int32   // of a split on categories, the set of those that go left; else -1
	value       []float64 // of a split 0
	cover       []float64
	sets        [][]int32 // ascending
}

// assemble joins trees to a model.
func assemble(d *data, y *learn.Target, link ensemble.Link, base []float64, trees []*grown) *Model {
	m := &Model{task: y.Task, outputs: max(1, len(y.Classes)), base: base, link: link, importance: make([]float64, d.features)}
	n := &m.nodes
	total := 0.0
	for _, t := range trees {
		n.trees = append(n.trees, int64(len(n.feature)))
		n.feature = append(n.feature, t.feature...)
		n.left = append(n.left, t.left...)
		n.value = append(n.value, t.value...)
		n.cover = append(n.cover, t.cover...)
		for i, f := range t.feature {
			threshold, missing, set := 0.0, uint8(0), int32(-1)
			if f >= 0 {
				s := &t.split[i]
				if s.categorical {
					set = n.addSet(s, d.categories[f])
				} else {
					threshold = d.axes[f].Edge(int(s.cut))
				}
				if s.missingLeft {
					missing = 1
				}
				m.importance[f] += t.gain[i]
				total += t.gain[i]
			}
			n.threshold = append(n.threshold, threshold)
			n.missingLeft = append(n.missingLeft, missing)
			n.set = append(n.set, set)
		}
	}
	n.trees = append(n.trees, int64(len(n.feature)))
	for j := range m.importance {
		if total > 0 {
			m.importance[j] /= total
		}
	}
	m.walker = newWalker(n, d.features)
	return m
}

// addSet adds the categories that go left at a split.
func (n *nodes) addSet(s *split, categories []int32) int32 {
	var set []int32
	for b, c := range categories {
		if s.set.has(uint8(b)) == 1 {
			set = append(set, c)
		}
	}
	n.sets = append(n.sets, set)
	return int32(len(n.sets) - 1)
}

// Outputs is the number of classes, or 1 for regression.
func (m *Model) Outputs() int { return m.outputs }

// Trees is the number of trees.
func (m *Model) Trees() int { return len(m.nodes.trees) - 1 }

// Importances returns, for each feature, its share of what all splits took off the
// loss: not negative, summing to 1 unless there is no split at all.
func (m *Model) Importances() []float64 { return slices.Clone(m.importance) }

// Ensemble is the model as a sum of trees. The features' names are not the model's
// to know. Covers are weights of training rows.
func (m *Model) Ensemble() *ensemble.Ensemble {
	n := &m.nodes
	sets := make([][]uint64, len(n.sets)) // which splits share
	e := &ensemble.Ensemble{Features: make([]string, len(m.importance)), Base: slices.Clone(m.base), Link: m.link}
	for i := range m.Trees() {
		from, to := n.trees[i], n.trees[i+1]
		t := ensemble.Tree{
			Feature: slices.Clone(n.feature[from:to]), Threshold: slices.Clone(n.threshold[from:to]),
			Left: slices.Clone(n.left[from:to]), Right: make([]int32, to-from), MissingLeft: make([]bool, to-from),
			Cover: slices.Clone(n.cover[from:to]), Value: slices.Clone(n.value[from:to]), Output: i % len(m.base),
		}
		for k, f := range t.Feature {
			t.MissingLeft[k] = n.missingLeft[from+int64(k)] == 1
			if f >= 0 {
				t.Right[k] = t.Left[k] + 1
			}
			if s := n.set[from+int64(k)]; s >= 0 {
				if t.Categories == nil {
					t.Categories = make([][]uint64, to-from)
				}
				if sets[s] == nil {
					sets[s] = bitset(n.sets[s])
				}
				t.Categories[k] = sets[s]
			}
		}
		e.Trees = append(e.Trees, t)
	}
	return e
}

// bitset has a bit for each of ascending numbers.
func bitset(members []int32) []uint64 {
	set := make([]uint64, 1)
	if len(members) > 0 {
		set = make([]uint64, members[len(members)-1]/64+1)
	}
	for _, c := range members {
		set[c/64] |= 1 << (c % 64)
	}
	return set
}
