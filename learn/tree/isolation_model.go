package tree

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/portable"
)

// An IsolationModel is a fitted IsolationForest.
type IsolationModel struct {
	features  int
	trees     []isolationTree
	scale     float64 // what the lengths of a row's paths are divided by, all trees added up
	threshold float64
}

// An isolationTree has its root first; the children of a split are next to each other.
type isolationTree struct {
	nodes []isolationSplit
	// length is, of a leaf, that of the path to it and of those that its rows would
	// have further down.
	length []float64
}

// An isolationSplit sends what is at most its threshold left, to the node of that
// number, and the rest to the one after. left of a leaf is 0.
type isolationSplit struct {
	threshold    float64
	feature      int32
	left         int32
	rows         int32 // of a leaf: that the tree was grown on
	missingRight bool
}

// leaf makes node at of that depth a leaf of so many rows.
func (t *isolationTree) leaf(at int32, depth, rows int) {
	t.nodes[at].rows = int32(rows)
	t.length[at] = float64(depth) + averagePath(rows)
}

// next is the child that a value goes to.
func (s *isolationSplit) next(v float64) int32 {
	if v > s.threshold || v != v && s.missingRight {
		return s.left + 1
	}
	return s.left
}

// Threshold is the score above which a row is an anomaly.
func (m *IsolationModel) Threshold() float64 { return m.threshold }

// Features is the number of features of the fit.
func (m *IsolationModel) Features() int { return m.features }

// many is from how many rows on it pays to make descents of the trees.
const many = 64

// Scores returns the score of each row of x, which has the features of the fit, from
// 1 for what is isolated at once down to 0. It is the paper's; scikit-learn's
// score_samples is the same with the other sign.
func (m *IsolationModel) Scores(x *learn.Matrix, threads int) []float64 {
	out := make([]float64, x.Rows)
	twin := 0
	if anyMissing(x) {
		twin = m.features
	}
	descents := m.descents(x.Rows, twin, threads)
	each((x.Rows+blockRows-1)/blockRows, threads, func(block int) bool {
		from := block * blockRows
		m.scores(x, descents, twin, from, out[from:min(from+blockRows, x.Rows)])
		return true
	})
	return out
}

// descents are those of all trees; none where rows are few or a tree has none.
func (m *IsolationModel) descents(rows, twin, threads int) []*descent {
	if rows < many {
		return nil
	}
	out := make([]*descent, len(m.trees))
	each(len(m.trees), threads, func(t int) bool {
		out[t] = newDescent(&m.trees[t], twin)
		return true
	})
	if slices.Contains(out, nil) {
		return nil
	}
	return out
}

// Outputs implements learn.Model.
func (m *IsolationModel) Outputs() int { return 1 }

// Predict implements learn.Model: it is Scores.
func (m *IsolationModel) Predict(x *learn.Matrix) []float64 {
	return m.Scores(x, new(learn.Options).ThreadCount())
}

func anyMissing(x *learn.Matrix) bool {
	for _, col := range x.Columns {
		for _, v := range col {
			if v != v {
				return true
			}
		}
	}
	return false
}

func (m *IsolationModel) scores(x *learn.Matrix, descents []*descent, twin, from int, out []float64) {
	rows := make([]float64, len(out)*m.features)
	for j, col := range x.Columns {
		for i, v := range col[from : from+len(out)] {
			rows[i*m.features+j] = v
		}
	}
	if descents != nil && twin > 0 {
		rows = withTwins(rows, m.features)
	}
	for t := range m.trees {
		if descents != nil {
			descents[t].add(rows, m.features+twin, out)
		} else {
			m.trees[t].add(rows, m.features, out)
		}
	}
	for i, sum := range out {
		mean := 1.0 // of a single row, which nothing is to part from
		if m.scale > 0 {
			mean = sum / m.scale
		}
		out[i] = portable.Exp(float64(-mean * math.Ln2))
	}
}

// add adds the lengths of rows of so many features.
func (t *isolationTree) add(rows []float64, features int, out []float64) {
	for i := range out {
		row, at := rows[i*features:(i+1)*features], int32(0)
		for t.nodes[at].left > 0 {
			at = t.nodes[at].next(row[t.nodes[at].feature])
		}
		out[i] += t.length[at]
	}
}

// Ensemble is the forest as a sum of trees, whose margin is the logarithm to base 2 of
// the score: by how much shorter a row's paths are than no path at all, in mean
// paths. Covers are the rows that a tree drew.
func (m *IsolationModel) Ensemble() *ensemble.Ensemble {
	e := &ensemble.Ensemble{Features: make([]string, m.features), Base: make([]float64, 1), Trees: make([]ensemble.Tree, len(m.trees)), Link: ensemble.Identity}
	for i := range m.trees {
		t := &m.trees[i]
		n := len(t.nodes)
		out := ensemble.Tree{
			Feature: make([]int32, n), Threshold: make([]float64, n), MissingLeft: make([]bool, n),
			Left: make([]int32, n), Right: make([]int32, n), Cover: make([]float64, n), Value: make([]float64, n),
		}
		for k := n - 1; k >= 0; k-- { // children come after their parents
			s := &t.nodes[k]
			if s.left > 0 {
				out.Feature[k], out.Threshold[k], out.MissingLeft[k] = s.feature, s.threshold, !s.missingRight
				out.Left[k], out.Right[k] = s.left, s.left+1
				out.Cover[k] = out.Cover[s.left] + out.Cover[s.left+1]
				continue
			}
			out.Feature[k], out.Cover[k] = -1, float64(s.rows)
			out.Value[k] = -1 / float64(len(m.trees)) // of a single row, as in scores
			if m.scale > 0 {
				out.Value[k] = -t.length[k] / m.scale
			}
		}
		e.Trees[i] = out
	}
	return e
}
