package boost

import (
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// masks are trees of at most 32 leaves in the form in which many rows are
// predicted fastest (Lucchese et al., "QuickScorer", 2015): a split takes from the
// rows that go right the leaves that are left of it, and the first leaf that is
// left over is a row's. There is nothing to wait for, and nothing to mispredict.
type masks struct {
	splits []maskSplit
	trees  []int32    // how many splits each tree has
	alone  []maskTree // the same splits, for a row alone
	values []float64  // 32 a tree, of its leaves from left to right
}

// maskRows is how many rows are predicted at once.
const maskRows = 32

// A maskSplit keeps leaves of rows whose value is above cut: leaf i is bit 31-i.
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
		if t.to-t.from > 63 {
			return nil
		}
		before, leaves := len(m.splits), 0
		values := make([]float64, 32)
		m.add(w, t, 0, &leaves, values)
		alone := maskTree{}
		for i := range alone.cut {
			alone.cut[i] = math.MaxUint32
		}
		for i, s := range m.splits[before:] {
			alone.at[i], alone.cut[i], alone.keep[i] = s.at/(4*maskRows), s.cut, s.keep
		}
		m.alone = append(m.alone, alone)
		m.trees = append(m.trees, int32(len(m.splits)-before))
		m.values = append(m.values, values...)
	}
	return m
}

// add adds a node and what is below it, and counts leaves on.
func (m *masks) add(w *walker, t walked, at int, leaves *int, values []float64) {
	s := w.steps[t.from+at]
	left := int(s.left())
	if left == at {
		values[*leaves] = w.value[t.from+at]
		*leaves++
		return
	}
	before := *leaves
	m.add(w, t, left, leaves, values)
	below := (uint64(1)<<(32-before) - uint64(1)<<(32-*leaves))
	column, missing := uint32(s>>41), uint32(s>>40&1)
	m.splits = append(m.splits, maskSplit{at: (2*column + missing) * 4 * maskRows, cut: uint32(s >> 24 & missingValue), keep: ^uint32(below)})
	m.add(w, t, left+1, leaves, values)
}

// A scratch is what rows are predicted in, for one goroutine.
type scratch struct {
	row   []uint16  // columns of rows, a row after the other
	block []uint32  // of masks: twice the columns x maskRows
	sums  []float64 // of masks: outputs x maskRows
	alone [64]uint32
	leaf  [maskChunk]float64
}

// maskChunk is of how many trees leaves are found before they are added.
const maskChunk = 128

// lookAtMany writes the columns' values of at most maskRows rows.
func (w *walker) lookAtMany(x *learn.Matrix, from, to int, block []uint32) {
	for j := range w.columns {
		c := &w.columns[j]
		high, low := block[2*j*maskRows:(2*j+1)*maskRows], block[(2*j+1)*maskRows:(2*j+2)*maskRows]
		for i, v := range x.Columns[c.feature][from:to] {
			b := c.value(v)
			high[i], low[i] = b, (b+1)&missingValue
		}
	}
}
