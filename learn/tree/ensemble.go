package tree

import "github.com/runnel-dev/runnel/learn/ensemble"

// Ensemble is the forest as a sum of trees, whose leaves are divided by the number
// of trees: its margins are the probabilities, or the value. The features' names
// are not the forest's to know. Covers are the training rows that a tree drew, as
// often as it drew them; they are 0 of a model that an older version wrote.
func (m *ForestModel) Ensemble() *ensemble.Ensemble {
	e := &ensemble.Ensemble{
		Features: make([]string, len(m.axes)), Base: make([]float64, m.outputs),
		Trees: make([]ensemble.Tree, len(m.trees)), Link: ensemble.Identity,
	}
	covers := m.covers
	for i, t := range m.trees {
		n := t.to - t.from
		out := ensemble.Tree{
			Feature: make([]int32, n), Threshold: make([]float64, n), MissingLeft: make([]bool, n),
			Left: make([]int32, n), Right: make([]int32, n), Cover: make([]float64, n),
			Value: make([]float64, n*m.outputs), Output: -1,
		}
		for k, node := range m.nodes[t.from:t.to] {
			if row := m.leaf[t.from+k]; row >= 0 {
				out.Feature[k] = -1
				for o, v := range m.values[int(row)*m.outputs:][:m.outputs] {
					out.Value[k*m.outputs+o] = v / float64(len(m.trees))
				}
				if len(covers) > 0 {
					out.Cover[k], covers = float64(covers[0]), covers[1:]
				}
				continue
			}
			bin, j, missingLeft := node.split()
			out.Feature[k], out.Threshold[k], out.MissingLeft[k] = int32(j), m.axes[j].Edge(bin), missingLeft
			out.Left[k], out.Right[k] = int32(node.left), int32(node.left)+1
		}
		for k := n - 1; k >= 0; k-- { // children come after their parents
			if out.Feature[k] >= 0 {
				out.Cover[k] = out.Cover[out.Left[k]] + out.Cover[out.Right[k]]
			}
		}
		e.Trees[i] = out
	}
	return e
}
