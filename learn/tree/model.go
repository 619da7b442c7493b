package tree

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
)

// A ForestModel is a fitted Forest. Its prediction is the mean over the trees.
type ForestModel struct {
	task     learn.Task
	outputs  int
	features int
	nodes    []node
	leaf     []int32 // for a leaf the row of values, for a split -1
	trees    []tree
	values   []float64 // outputs a row
	// importance is the mean over trees of each feature's share of the
	// decrease in impurity.
	importance []float64
}

// A tree is a range of nodes, which number their children from its start.
type tree struct{ from, to, depth int }

// assemble joins trees to a model. Leaves of equal outputs share them.
func assemble(trees []grown, y *learn.Target, features int) *ForestModel {
	m := &ForestModel{task: y.Task, outputs: 1, features: features, importance: make([]float64, features)}
	if y.Task == learn.Classification {
		m.outputs = len(y.Classes)
	}
	rows := map[string]int32{}
	var key []byte
	for _, t := range trees {
		from := len(m.nodes)
		m.nodes = append(m.nodes, t.nodes...)
		for _, at := range t.leaf {
			if at >= 0 {
				value := t.values[at:][:m.outputs]
				key = key[:0]
				for _, v := range value {
					key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v))
				}
				row, known := rows[string(key)]
				if !known {
					row = int32(len(rows))
					rows[string(key)] = row
					m.values = append(m.values, value...)
				}
				at = row
			}
			m.leaf = append(m.leaf, at)
		}
		m.trees = append(m.trees, tree{from, len(m.nodes), depth(t.nodes)})
		total := 0.0
		for _, v := range t.importance {
			total += v
		}
		if total > 0 {
			for j, v := range t.importance {
				m.importance[j] += v / total
			}
		}
	}
	total := 0.0
	for _, v := range m.importance {
		total += v
	}
	if total > 0 {
		for j := range m.importance {
			m.importance[j] /= total
		}
	}
	return m
}

// depth is the number of splits on the longest path of a tree.
func depth(nodes []node) int {
	deep, at := 0, make([]int, len(nodes))
	for i, n := range nodes {
		if n.left > uint32(i) {
			below := at[i] + 1
			at[n.left] = max(at[n.left], below)
			at[n.left+1] = max(at[n.left+1], below)
			deep = max(deep, below)
		}
	}
	return deep
}

// Outputs is the number of classes, or 1 for regression.
func (m *ForestModel) Outputs() int { return m.outputs }

// Trees is the number of trees, and Nodes that of their nodes, leaves included.
func (m *ForestModel) Trees() int { return len(m.trees) }

// Nodes is the number of nodes of all trees, leaves included.
func (m *ForestModel) Nodes() int { return len(m.nodes) }

// Importances returns, for each feature, its share of the decrease in impurity
// over all splits of all trees: not negative, summing to 1 unless there is no
// split at all (Breiman et al., "Classification and regression trees", 1984).
func (m *ForestModel) Importances() []float64 { return slices.Clone(m.importance) }

// blockRows is how many rows walk down a tree before the next tree's turn: the
// rows and the tree stay in the nearest caches.
const blockRows = 64

// Predict returns the outputs of each row, on all processors where there are
// many rows.
func (m *ForestModel) Predict(x *learn.Matrix) []float64 {
	out := make([]float64, x.Rows*m.outputs)
	blocks := (x.Rows + blockRows - 1) / blockRows
	if x.Rows == 1 {
		var one [256]float64
		m.predict(x, 0, 1, one[:0], out)
		return out
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (blocks+3)/4) {
		all.Go(func() {
			block := make([]float64, 0, blockRows*m.features)
			for {
				from := (int(next.Add(1)) - 1) * blockRows
				if from >= x.Rows {
					return
				}
				to := min(from+blockRows, x.Rows)
				m.predict(x, from, to, block, out[from*m.outputs:to*m.outputs])
			}
		})
	}
	all.Wait()
	return out
}

// predict adds up the trees for some rows, which it first copies to block.
func (m *ForestModel) predict(x *learn.Matrix, from, to int, block, out []float64) {
	for i := from; i < to; i++ {
		for _, col := range x.Columns[:m.features] {
			block = append(block, col[i])
		}
	}
	for _, t := range m.trees {
		nodes, leaf := m.nodes[t.from:t.to], m.leaf[t.from:t.to]
		i, at := 0, [4]uint32{}
		for ; i+4 <= to-from; i += 4 {
			walk4(nodes, block[i*m.features:(i+4)*m.features], t.depth, &at)
			for k, n := range at {
				m.add(out[(i+k)*m.outputs:], leaf[n])
			}
		}
		for ; i < to-from; i++ {
			m.add(out[i*m.outputs:], leaf[walk(nodes, block[i*m.features:(i+1)*m.features])])
		}
	}
	for i := range out {
		out[i] /= float64(len(m.trees))
	}
}

func (m *ForestModel) add(out []float64, row int32) {
	for k, v := range m.values[int(row)*m.outputs:][:m.outputs] {
		out[k] += v
	}
}

// goesRight is 1 where x goes right, else 0. A missing x compares as false.
func goesRight(n *node, x float64) uint32 {
	var above, notBelow uint32
	if x > n.threshold {
		above = 1
	}
	notBelow = 1
	if x <= n.threshold {
		notBelow = 0
	}
	// above where missing values go left, notBelow where they go right.
	return above | notBelow&^(n.feature>>31)
}

// walk returns the leaf that a row ends in.
func walk(nodes []node, row []float64) uint32 {
	at := uint32(0)
	for {
		n := &nodes[at]
		if n.left <= at {
			return at
		}
		at = n.left + goesRight(n, row[n.feature&^missingLeft])
	}
}

// walk4 walks four rows at once, which hides that each step waits for the last.
func walk4(nodes []node, rows []float64, depth int, at *[4]uint32) {
	k := len(rows) / 4
	a, b, c, d := rows[:k], rows[k:2*k], rows[2*k:3*k], rows[3*k:]
	var p, q, r, s uint32
	for range depth {
		np, nq, nr, ns := &nodes[p], &nodes[q], &nodes[r], &nodes[s]
		p = np.left + goesRight(np, a[np.feature&^missingLeft])
		q = nq.left + goesRight(nq, b[nq.feature&^missingLeft])
		r = nr.left + goesRight(nr, c[nr.feature&^missingLeft])
		s = ns.left + goesRight(ns, d[ns.feature&^missingLeft])
	}
	*at = [4]uint32{p, q, r, s}
}
