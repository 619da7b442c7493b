package tree

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
)

// A ForestModel is a fitted Forest, or fitted ExtraTrees. Its prediction is the mean
// over the trees.
type ForestModel struct {
	kind    string
	task    learn.Task
	outputs int
	axes    []bins.Axis // of each feature: the bins that nodes speak of
	nodes   []node
	leaf    []int32 // for a leaf the row of values, for a split -1
	trees   []tree
	values  []float64 // outputs a row
	// covers is the weight of the training rows in each leaf, in the order of the
	// nodes. It is nil of a model that an older version wrote.
	covers []int32
	// importance is the mean over trees of each feature's share of the
	// decrease in impurity.
	importance []float64
}

// A tree is a range of nodes, which number their children from its start.
type tree struct{ from, to, depth int }

// assemble joins trees to a model. Leaves of equal outputs share them.
func assemble(kind string, trees []grown, y *learn.Target, axes []bins.Axis) *ForestModel {
	m := &ForestModel{kind: kind, task: y.Task, outputs: 1, axes: axes, importance: make([]float64, len(axes))}
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
				m.covers = append(m.covers, t.covers[at])
				value := t.values[int(at)*m.outputs:][:m.outputs]
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
	if x.Rows == 1 && len(m.axes) <= 64 {
		var block [64]uint32
		m.predict(x, 0, 1, block[:], out)
		return out
	}
	blocks := (x.Rows + blockRows - 1) / blockRows
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (blocks+3)/4) {
		all.Go(func() {
			block := make([]uint32, min(blockRows, x.Rows)*len(m.axes))
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

// predict adds up the trees for some rows, whose bins it first puts in block.
func (m *ForestModel) predict(x *learn.Matrix, from, to int, block []uint32, out []float64) {
	rows, features := to-from, len(m.axes)
	var found [blockRows]uint32
	for j, axis := range m.axes {
		axis.Bins(x.Columns[j][from:to], found[:], math.MaxUint32)
		for i, b := range found[:rows] {
			block[i*features+j] = b
		}
	}
	for _, t := range m.trees {
		nodes, leaf := m.nodes[t.from:t.to], m.leaf[t.from:t.to]
		i := 0
		for ; i+4 <= rows; i += 4 {
			ends := walk4(nodes, block[i*features:(i+4)*features], t.depth)
			if m.outputs == 2 {
				m.add2(out[2*i:2*i+8], leaf, &ends)
				continue
			}
			for k, n := range ends {
				m.add(out[(i+k)*m.outputs:], leaf[n])
			}
		}
		for ; i < rows; i++ {
			m.add(out[i*m.outputs:], leaf[walk(nodes, block[i*features:(i+1)*features])])
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

// add2 is add for four rows of two outputs.
func (m *ForestModel) add2(out []float64, leaf []int32, ends *[4]uint32) {
	out = out[:8]
	for k, n := range ends {
		v := (*[2]float64)(m.values[2*int(leaf[n]):])
		out[2*k] += v[0]
		out[2*k+1] += v[1]
	}
}

// walk returns the leaf that a row ends in.
func walk(nodes []node, row []uint32) uint32 {
	at := uint32(0)
	for nodes[at].left > at {
		at = nodes[at].next(row)
	}
	return at
}

// walk4 walks four rows at once, which hides that each step waits for the last.
func walk4(nodes []node, rows []uint32, depth int) [4]uint32 {
	n := len(rows) / 4
	a, b, c, d := rows[:n], rows[n:2*n], rows[2*n:3*n], rows[3*n:]
	var p, q, r, s uint32
	for range depth {
		p = nodes[p].next(a)
		q = nodes[q].next(b)
		r = nodes[r].next(c)
		s = nodes[s].next(d)
	}
	return [4]uint32{p, q, r, s}
}
