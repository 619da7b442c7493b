package boost

import (
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// masks are trees of few leaves in the form in which many rows are predicted
// fastest (Lucchese et al., "QuickScorer", 2015): a split takes from the rows that
// go right the leaves that are left of it, and the first leaf that is left over is a
// row's. There is nothing to wait for, and nothing to mispredict.
//
// Leaves are numbered from left to right, 32 a word; every tree has as many words.
type masks struct {
	words  int
	splits []maskSplit
	counts []int32    // how many splits each word of each tree has
	alone  []maskTree // of one word, the same splits for a row alone
	values []float64  // 32 a word, of its leaves
}

// maskWords is how many words a tree has at most: of more leaves, a walk is faster.
const maskWords = 4

// maskRows is how many rows are predicted at once.
const maskRows = 32

// A maskSplit keeps leaves of rows whose value is above cut: leaf i of a word is bit 31-i.
// at is the offset of the values, in bytes: of each column those of maskRows rows,
// once with missing values above all others, once below.
type maskSplit struct{ at, cut, keep uint32 }

// A maskTree is the splits of a tree, side by side. at is the number of the value:
// of each column there are two, as of a maskSplit. Places that are left over do
// nothing.
type maskTree struct{ at, cut, keep [32]uint32 }

// newMasks makes them of a walker's trees: nil where one has too many leaves.
func newMasks(w *walker) *masks {
	m := &masks{}
	for _, t := range w.trees {
		m.words = max(m.words, ((t.to-t.from+1)/2+31)/32)
	}
	if m.words > maskWords {
		return nil
	}
	for _, t := range w.trees {
		c := &cutting{walker: w, tree: t, words: make([][]maskSplit, m.words), values: make([]float64, 32*m.words)}
		c.add(0)
		for _, splits := range c.words {
			m.splits, m.counts = append(m.splits, splits...), append(m.counts, int32(len(splits)))
		}
		m.values = append(m.values, c.values...)
		if m.words == 1 {
			m.alone = append(m.alone, newMaskTree(c.words[0]))
		}
	}
	return m
}

func newMaskTree(splits []maskSplit) (t maskTree) {
	for i := range t.cut {
		t.cut[i] = math.MaxUint32
	}
	for i, s := range splits {
		t.at[i], t.cut[i], t.keep[i] = s.at/(4*maskRows), s.cut, s.keep
	}
	return t
}

// A cutting takes a tree apart.
type cutting struct {
	*walker
	tree   walked
	words  [][]maskSplit
	leaves int // so far
	values []float64
}

// add adds a node and what is below it.
func (c *cutting) add(at int) {
	s := c.steps[c.tree.from+at]
	left := int(s.left())
	if left == at {
		c.values[c.leaves] = c.value[c.tree.from+at]
		c.leaves++
		return
	}
	first := c.leaves
	c.add(left)
	column, missing := uint32(s>>41), uint32(s>>40&1)
	split := maskSplit{at: (2*column + missing) * 4 * maskRows, cut: uint32(s >> 24 & missingValue)}
	for word := first / 32; 32*word < c.leaves; word++ {
		from, to := max(first-32*word, 0), min(c.leaves-32*word, 32)
		split.keep = ^uint32(uint64(1)<<(32-from) - uint64(1)<<(32-to))
		c.words[word] = append(c.words[word], split)
	}
	c.add(left + 1)
}

// A scratch is what rows are predicted in, for one goroutine.
type scratch struct {
	row   []uint16  // columns of rows, a row after the other
	keys  []uint64  // of a row for forks
	block []uint32  // of masks: twice the columns x maskRows
	sums  []float64 // of masks: outputs x maskRows
}

// lookAtMany writes the columns' values of at most maskRows rows.
func (w *walker) lookAtMany(x *learn.Matrix, from, to int, block []uint32) {
	for j := range w.columns {
		c := &w.columns[j]
		values := x.Columns[c.feature][from:to]
		high, low := block[2*j*maskRows:][:len(values)], block[(2*j+1)*maskRows:][:len(values)]
		if c.set == nil {
			c.axis.Bins(values, high, missingValue)
		} else {
			for i, v := range values {
				high[i] = c.value(v)
			}
		}
		for i, b := range high {
			low[i] = (b + 1) & missingValue
		}
	}
}
