package boost

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
)

// A walker is the trees in the form that rows walk down fastest: values are first
// replaced by the numbers of their bins between the thresholds of a feature, and
// sets of categories by 0 and 1.
type walker struct {
	columns []column
	trees   []walked
	steps   []step
	value   []float64 // of each step that is a leaf
	masks   *masks    // the same trees once more, for many rows; nil where there is none
	forks   *forks    // and for a row alone
}

// A column is what steps look at: a feature's bins, or whether it is in a set.
type column struct {
	feature int
	axis    bins.Axis
	set     []uint64 // the first categories of the set, a bit each; nil: it is not one of categories
	far     []int32  // those beyond
}

// walked is a tree: its range of steps.
type walked struct{ from, to int }

// A step is a node in 64 bits. Columns' values are 16 bits, of which the largest
// says that a value is missing.
//
//	0-23   the left child; of a leaf the leaf itself: who reached it stays there
//	24-39  what goes left at most, one more where missing values go left
//	40     1 where missing values go left: added, it makes them wrap around to 0
//	41-63  the column
type step uint64

const (
	missingValue = math.MaxUint16
	mostEdges    = math.MaxUint16 - 2
	mostColumns  = 1<<23 - 1
	mostNodes    = 1<<24 - 1
)

func leafStep(self int) step { return step(self) | math.MaxUint16<<24 }

func splitStep(column, cut, left int, missing uint8) step {
	return step(left) | step(cut+int(missing))<<24 | step(missing)<<40 | step(column)<<41
}

func (s step) left() uint32 { return uint32(s & (1<<24 - 1)) }

// next is the step that a row goes to, without a branch.
func (s step) next(row []uint16) uint32 {
	value := uint32(row[s>>41] + uint16(s>>40&1))
	return s.left() + (uint32(s>>24&math.MaxUint16)-value)>>31
}

// newWalker makes one of nodes that have been checked.
func newWalker(n *nodes, features int) *walker {
	w := &walker{value: n.value}
	edges, used := make([][]float64, features), make([]int, features)
	sets := make([]int, len(n.sets))
	for i, f := range n.feature {
		switch {
		case f < 0:
		case n.set[i] >= 0:
			sets[n.set[i]] = int(f) + 1
		default:
			used[f] = 1
			if t := n.threshold[i]; !math.IsInf(t, 1) {
				edges[f] = append(edges[f], t)
			}
		}
	}
	for f := range used {
		if used[f] > 0 {
			slices.Sort(edges[f])
			used[f] = len(w.columns)
			w.columns = append(w.columns, column{feature: f, axis: bins.NewAxis(slices.Compact(edges[f]))})
		}
	}
	for s, f := range sets {
		if f > 0 {
			sets[s] = len(w.columns)
			near, far := apart(n.sets[s])
			w.columns = append(w.columns, column{feature: f - 1, axis: bins.NewAxis(nil), set: bitset(near), far: far})
		}
	}
	if len(w.columns) == 0 { // leaves look at a column, too
		w.columns = append(w.columns, column{axis: bins.NewAxis(nil)})
	}
	for t := range len(n.trees) - 1 {
		from, to := int(n.trees[t]), int(n.trees[t+1])
		for i := from; i < to; i++ {
			f := n.feature[i]
			if f < 0 {
				w.steps = append(w.steps, leafStep(i-from))
				continue
			}
			at, cut := used[f], 0
			if n.set[i] >= 0 {
				at = sets[n.set[i]]
			} else if axis := w.columns[at].axis; math.IsInf(n.threshold[i], 1) {
				cut = len(axis.Edges())
			} else {
				cut, _ = slices.BinarySearch(axis.Edges(), n.threshold[i])
			}
			w.steps = append(w.steps, splitStep(at, cut, int(n.left[i]), n.missingLeft[i]))
		}
		w.trees = append(w.trees, walked{from, to})
	}
	if hasMasks() {
		w.masks = newMasks(w)
	}
	w.forks = newForks(w, n)
	return w
}

// value is what a column holds for a feature's value.
func (c *column) value(v float64) uint32 {
	switch {
	case v != v:
		return missingValue
	case c.set == nil:
		return uint32(c.axis.Bin(v))
	case v >= 0 && v < float64(64*len(c.set)):
		return uint32(^c.set[int(v)/64] >> (int(v) % 64) & 1)
	case c.far != nil && v >= 0 && v < bins.MostCategory+1:
		if _, is := slices.BinarySearch(c.far, int32(v)); is {
			return 0
		}
	}
	return 1
}

// apart parts a set of categories, which ascend, at the last that are dense enough
// to have a bit each: a few that are far off take no more memory than in the state.
func apart(set []int32) (near, far []int32) {
	for near = set; len(near) > 0; near = near[:len(near)-1] {
		if int(near[len(near)-1]) < 64*(64+16*len(near)) {
			break
		}
	}
	return near, set[len(near):]
}

// look writes the columns' values of some rows, a row after the other.
func (w *walker) look(x *learn.Matrix, from, to int, block []uint16) {
	width := len(w.columns)
	for j := range w.columns {
		c := &w.columns[j]
		for i, v := range x.Columns[c.feature][from:to] {
			block[i*width+j] = uint16(c.value(v))
		}
	}
}

// leaves4 are the leaves that four rows end in: walking at once hides that each
// step waits for the last.
func (w *walker) leaves4(t walked, rows []uint16) (p, q, r, s uint32) {
	steps := w.steps[t.from:t.to]
	n := len(rows) / 4
	a, b, c, d := rows[:n], rows[n:2*n], rows[2*n:3*n], rows[3*n:]
	for {
		p2, q2 := steps[p].next(a), steps[q].next(b)
		r2, s2 := steps[r].next(c), steps[s].next(d)
		if (p2^p)|(q2^q)|(r2^r)|(s2^s) == 0 {
			return p, q, r, s
		}
		p, q, r, s = p2, q2, r2, s2
	}
}

// add adds the trees to the margins of rows, four by four, whose columns are in
// block; margins has outputs a row.
func (w *walker) add(block []uint16, margins []float64, outputs int) {
	width, fours := len(w.columns), len(margins)/outputs
	for t, tree := range w.trees {
		k, value := t%outputs, w.value[tree.from:tree.to]
		for i := 0; i < fours; i += 4 {
			p, q, r, s := w.leaves4(tree, block[i*width:(i+4)*width])
			margins[i*outputs+k] += value[p]
			margins[(i+1)*outputs+k] += value[q]
			margins[(i+2)*outputs+k] += value[r]
			margins[(i+3)*outputs+k] += value[s]
		}
	}
}
