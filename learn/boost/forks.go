package boost

import (
	"math"
	"math/bits"

	"github.com/runnel-dev/runnel/learn"
)

// forks are the trees in the form in which a row alone is predicted fastest: it
// walks down eight trees at once, to the depth of the deepest, so that there is
// neither much to wait for nor anything to mispredict.
type forks struct {
	nodes  []fork
	roots  [][forkTrees]uint32 // the last tree stands for those that lack
	depth  []int               // of the deepest of the eight
	levels int                 // sum of depth
}

// forkTrees is down how many trees a row walks at once.
const forkTrees = 8

// A fork is a node. Whatever is above its key goes to the node after left. left of
// a leaf is the leaf itself, where nothing is above the key.
type fork struct {
	key          uint64
	column, left uint32
}

func (f *fork) next(row []uint64) uint32 {
	_, above := bits.Sub64(f.key, row[f.column], 0) // no branch
	return f.left + uint32(above)
}

// key makes an integer of a number, in the same order, between those of missing
// values: the least and the greatest.
func key(v float64) uint64 {
	b := math.Float64bits(v + 0) // -0 becomes 0
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// newForks makes them of a walker's trees.
func newForks(w *walker, n *nodes) *forks {
	f := &forks{nodes: make([]fork, len(w.steps))}
	var depths []int
	for _, t := range w.trees {
		depth := make([]int, t.to-t.from)
		deepest := 0
		for i, s := range w.steps[t.from:t.to] {
			left := int(s.left())
			if left == i {
				f.nodes[t.from+i] = fork{math.MaxUint64, 0, uint32(t.from + i)}
				continue
			}
			depth[left], depth[left+1] = depth[i]+1, depth[i]+1
			deepest = max(deepest, depth[i]+1)
			at := fork{key: 0, column: 2*uint32(s>>41) + uint32(s>>40&1), left: uint32(t.from + left)}
			if w.columns[s>>41].set == nil {
				at.key = key(n.threshold[t.from+i])
			}
			f.nodes[t.from+i] = at
		}
		depths = append(depths, deepest)
	}
	for t := 0; t < len(depths); t += forkTrees {
		var roots [forkTrees]uint32
		deepest := 0
		for k := range roots {
			tree := min(t+k, len(depths)-1)
			roots[k], deepest = uint32(w.trees[tree].from), max(deepest, depths[tree])
		}
		f.roots, f.depth, f.levels = append(f.roots, roots), append(f.depth, deepest), f.levels+deepest
	}
	return f
}

// lookAtOne writes what forks compare of a row: of each column twice, with a missing
// value above all others and below.
func (w *walker) lookAtOne(x *learn.Matrix, row int, keys []uint64) {
	for j := range w.columns {
		c, pair := &w.columns[j], (*[2]uint64)(keys[2*j:])
		switch v := x.Columns[c.feature][row]; {
		case v != v:
			pair[0], pair[1] = math.MaxUint64, 0
		case c.set != nil:
			k := uint64(c.value(v))
			pair[0], pair[1] = k, k
		default:
			k := key(v)
			pair[0], pair[1] = k, k
		}
	}
}

// add adds the trees to the margins of one row, in their order.
func (f *forks) add(row []uint64, w *walker, margins []float64) {
	trees := len(w.trees)
	if len(margins) == 1 { // one sum, which need not be waited for in memory
		sum := margins[0]
		for g := range f.roots {
			leaves := f.leaves(row, g)
			for _, leaf := range leaves[:min(forkTrees, trees-forkTrees*g)] {
				sum += w.value[leaf]
			}
		}
		margins[0] = sum
		return
	}
	output := 0
	for g := range f.roots {
		leaves := f.leaves(row, g)
		for _, leaf := range leaves[:min(forkTrees, trees-forkTrees*g)] {
			margins[output] += w.value[leaf]
			if output++; output == len(margins) {
				output = 0
			}
		}
	}
}

// leaves finds those of eight trees that a row ends in.
func (f *forks) leaves(row []uint64, g int) [forkTrees]uint32 {
	nodes, at := f.nodes, &f.roots[g]
	a, b, c, d := at[0], at[1], at[2], at[3]
	p, q, r, s := at[4], at[5], at[6], at[7]
	for range f.depth[g] {
		a, b, c, d = nodes[a].next(row), nodes[b].next(row), nodes[c].next(row), nodes[d].next(row)
		p, q, r, s = nodes[p].next(row), nodes[q].next(row), nodes[r].next(row), nodes[s].next(row)
	}
	return [forkTrees]uint32{a, b, c, d, p, q, r, s}
}
