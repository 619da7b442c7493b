package tree

import (
	"context"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// A node is a split, or a leaf. The children of a split are next to each other,
// after it: left and left+1. What is in bins up to cut goes left.
type node struct {
	// cut is one more where missing values go left: bins are compared with it
	// after adding what bit missingLeft of feature says, by which the bin of a
	// missing value wraps around to 0.
	cut     uint32
	feature uint32
	// left of a leaf is the leaf itself: a row that reached it stays there.
	left uint32
}

const missingLeft = 1 << 31

func splitNode(bin, feature, left int, missing bool) node {
	if missing {
		return node{uint32(bin + 1), uint32(feature) | missingLeft, uint32(left)}
	}
	return node{uint32(bin), uint32(feature), uint32(left)}
}

func leafNode(self int) node { return node{math.MaxUint32, missingLeft, uint32(self)} }

// split takes a node apart that is no leaf.
func (n node) split() (bin, feature int, missing bool) {
	shift := n.feature >> 31
	return int(n.cut - shift), int(n.feature &^ missingLeft), shift == 1
}

// next is the child that a row goes to, without a branch.
func (n node) next(row []uint32) uint32 {
	bin := row[n.feature&^missingLeft] + n.feature>>31
	return n.left + uint32(uint64(int64(n.cut)-int64(bin))>>63)
}

// grown is one tree: its nodes, which row of values each leaf has (-1 for a
// split), the outputs of the leaves and their weight of training rows, and the
// impurity that each feature removed.
type grown struct {
	nodes      []node
	leaf       []int32
	values     []float64
	covers     []int32
	importance []float64
}

// A growth is what all trees are grown from.
type growth struct {
	*Forest
	data   *bins.Matrix
	sparse *presence // nil where most bins are unusual ones
	byRow  []uint8   // the same bins, row after row, where not sparse
	target *target
	tried  int         // features at each split
	places [][]float64 // of extra trees: see cutter
}

// A grower grows trees, one after the other, on one goroutine.
type grower struct {
	growth
	criterion criterion
	rng       splitmix.Source

	weight      []uint32 // of each row, in this tree
	rows, spare []uint32 // the rows of positive weight, by node, in ascending order
	unpacked    []uint8  // room for a column, where sparse
	features    []int32  // a permutation, for drawing without replacement
	varying     []int32  // those drawn that are not known to be constant in a node
	stack       []branch
	room        grown    // of the tree that grows
	words       []uint64 // room for the constant features of its branches
}

// A branch is a node still to be grown, from rows[from:to].
type branch struct {
	from, to    int
	node, depth int
	total       sum
	constant    []uint64 // a bit for each feature that is known to be constant; shared
}

func newGrower(of growth) *grower {
	data := of.data
	g := &grower{
		growth:   of,
		weight:   make([]uint32, data.Rows),
		rows:     make([]uint32, data.Rows+1),
		spare:    make([]uint32, data.Rows),
		features: make([]int32, len(data.Columns)),
	}
	if of.sparse != nil {
		g.unpacked = make([]uint8, data.Rows)
	}
	var cuts *cutter
	if of.places != nil {
		cuts = &cutter{of.places, &g.rng}
	}
	g.criterion = newCriterion(of, cuts)
	return g
}

// grow grows a tree on the rows that have a weight, depth first. It returns
// early, with half a tree, when ctx ends.
func (g *grower) grow(ctx context.Context) grown {
	n := 0
	g.rows = g.rows[:cap(g.rows)]
	for i, w := range g.weight {
		g.rows[n] = uint32(i)
		n += int((w | -w) >> 31) // 1 where w > 0
	}
	g.rows = g.rows[:n]
	for j := range g.features {
		g.features[j] = int32(j)
	}
	g.criterion.load(g.weight)
	t, importance := &g.room, make([]float64, len(g.features))
	t.nodes, t.leaf = append(t.nodes[:0], leafNode(0)), append(t.leaf[:0], -1)
	t.values, t.covers, g.words = t.values[:0], t.covers[:0], g.words[:0]
	g.stack = append(g.stack[:0], branch{to: len(g.rows)})
	rootWeight, leaves := 0.0, int32(0)
	for work := 0; len(g.stack) > 0; {
		b := g.stack[len(g.stack)-1]
		g.stack = g.stack[:len(g.stack)-1]
		rows := g.rows[b.from:b.to]
		if work += 100 + len(rows)*g.tried; work > 1<<20 {
			if work = 0; ctx.Err() != nil {
				break
			}
		}
		s := split{gain: -1}
		if atDepth := b.depth > 0 && b.depth == g.MaxDepth; !atDepth || !g.criterion.summed() {
			var pure bool
			b.total, pure = g.criterion.open(rows, b.total)
			if b.depth == 0 {
				rootWeight = float64(b.total.weight)
			}
			if !pure && !atDepth && len(rows) >= max(g.MinSplit, 2*g.MinLeaf) {
				s = g.bestSplit(ctx, rows, &b)
			}
		}
		decrease := float64(s.gain * (float64(b.total.weight) / rootWeight))
		if s.gain < 0 || decrease*g.criterion.unit() < g.MinCut {
			t.leaf[b.node] = leaves
			leaves++
			t.values = g.criterion.leaf(t.values, b.total)
			t.covers = append(t.covers, int32(b.total.weight))
			continue
		}
		importance[s.feature] += decrease
		left := len(t.nodes)
		t.nodes[b.node] = splitNode(int(s.bin), int(s.feature), left, s.missingLeft)
		t.nodes = append(t.nodes, leafNode(left), leafNode(left+1))
		t.leaf = append(t.leaf, -1, -1)
		middle := b.from
		if b.depth+1 != g.MaxDepth || !g.criterion.summed() {
			col, stride := g.column(s.feature, len(rows), false)
			if g.byRecords(len(rows)) {
				col = g.unpacked
				g.sparse.column(rows, s.feature, col)
			}
			middle += divide(rows, g.spare, col, stride, &s)
		}
		right := sum{b.total.weight - s.left.weight, b.total.target - s.left.target}
		g.stack = append(g.stack,
			branch{middle, b.to, left + 1, b.depth + 1, right, b.constant},
			branch{b.from, middle, left, b.depth + 1, s.left, b.constant})
	}
	return grown{slices.Clone(t.nodes), slices.Clone(t.leaf), slices.Clone(t.values), slices.Clone(t.covers), importance}
}

// bestSplit searches a few random features for the best split of the opened
// node; and further ones, as scikit-learn does, as long as none of them varies.
// What is constant stays so further down, and is looked at no more.
func (g *grower) bestSplit(ctx context.Context, rows []uint32, b *branch) split {
	best, copied := split{gain: -1}, false
	for from, to := 0, g.tried; from < len(g.features); from, to = to, to+1 {
		g.varying = g.varying[:0]
		for i := from; i < to; i++ {
			j := i + int(g.rng.Below(uint32(len(g.features)-i)))
			g.features[i], g.features[j] = g.features[j], g.features[i]
			if f := g.features[i]; b.constant == nil || b.constant[f>>6]>>(f&63)&1 == 0 {
				g.varying = append(g.varying, f)
			}
		}
		constant := g.criterion.search(rows, g.varying, &best)
		for _, f := range constant {
			if !copied {
				b.constant, copied = g.copyWords(b.constant), true
			}
			b.constant[f>>6] |= 1 << (f & 63)
		}
		if len(constant) < len(g.varying) || ctx.Err() != nil {
			break
		}
	}
	return best
}

// copyWords copies the constant features of a branch, of which there may be none yet.
func (g *grower) copyWords(of []uint64) []uint64 {
	from, n := len(g.words), len(g.features)/64+1
	if from+n > cap(g.words) {
		from, g.words = 0, make([]uint64, 0, 1024+n) // branches keep what is full
	}
	g.words = g.words[:from+n]
	out := g.words[from:]
	clear(out[copy(out, of):])
	return out
}

// nearBytes is how much of the bins stays in a near cache.
const nearBytes = 1 << 20

// recordRows is how many rows are divided by what their records say: those of fewer
// are in a near cache, where the lines of a column are not, unless all columns are.
const recordRows = 1024

// byRecords tells whether so many rows are divided by what their records say.
func (g *growth) byRecords(rows int) bool {
	return g.sparse != nil && rows < recordRows && len(g.data.Columns)*g.data.Rows > nearBytes
}

// column is where the bins of a feature are for so many rows, and how far apart. Of
// few rows they are looked at row by row, so that they stay in cache for what is
// below a node; not where dense, if all are looked at column by column.
func (g *growth) column(feature int32, rows int, dense bool) ([]uint8, int) {
	if features := len(g.data.Columns); g.byRow != nil && (rows < denseRows || !dense && rows*features <= nearBytes) {
		return g.byRow[feature:], features
	}
	return g.data.Columns[feature], 1
}
