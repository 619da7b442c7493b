package boost

import (
	"golang.org/x/sys/cpu"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/vector"
)

// hasMasks says that the processor can do with masks.
func hasMasks() bool { return vector.Has512() && cpu.X86.HasAVX512CD }

// addMany adds the trees to the margins of as many rows as it returns; margins has
// outputs a row.
func (w *walker) addMany(s *scratch, x *learn.Matrix, from, to int, margins []float64, outputs int) int {
	m := w.masks
	if m == nil || to-from < maskRows/2 || len(w.trees) == 0 || !hasMasks() {
		return 0
	}
	if s.sums == nil {
		s.block, s.sums = make([]uint32, 2*maskRows*len(w.columns)), make([]float64, maskRows*outputs)
	}
	block, sums := s.block, s.sums
	splits := m.splits
	if len(splits) == 0 {
		splits = make([]maskSplit, 1)
	}
	done, rows := 0, 0
	for ; to-from-done >= maskRows/2; done += rows {
		rows = min(maskRows, to-from-done)
		w.lookAtMany(x, from+done, from+done+rows, block)
		into := margins[done*outputs : (done+rows)*outputs]
		for i := range rows {
			for k := range outputs {
				sums[k*maskRows+i] = into[i*outputs+k]
			}
		}
		masks512(&block[0], &splits[0], &m.counts[0], len(w.trees), m.words, &m.values[0], &sums[0], outputs)
		for i := range rows {
			for k := range outputs {
				into[i*outputs+k] = sums[k*maskRows+i]
			}
		}
	}
	return done
}

// maskChunk is of how many trees leaves are found before they are added.
const maskChunk = 128

// addOneFast adds the trees to the margins of a row, and says whether it could.
func (w *walker) addOneFast(s *scratch, x *learn.Matrix, row int, margins []float64) bool {
	m := w.masks
	if m == nil || len(m.alone) == 0 || !hasMasks() || 4*w.forks.levels < 5*len(m.alone) {
		return false // as measured: eight trees go down a level while a tree's masks take four fifths of the time
	}
	var few [64]uint32
	var found [maskChunk]float64
	values := few[:]
	if size := 2 * len(w.columns); size > len(values) {
		if s.block == nil {
			s.block = make([]uint32, 2*maskRows*len(w.columns))
		}
		values = s.block
	}
	for j := range w.columns {
		c := &w.columns[j]
		b := c.value(x.Columns[c.feature][row])
		values[2*j], values[2*j+1] = b, (b+1)&missingValue
	}
	k := 0
	for from := 0; from < len(m.alone); from += maskChunk {
		leaves := found[:min(maskChunk, len(m.alone)-from)]
		masksOfRow512(&values[0], &m.alone[from], len(leaves), &m.values[32*from], &leaves[0])
		for _, v := range leaves { // in the order of the trees
			margins[k] += v
			if k++; k == len(margins) {
				k = 0
			}
		}
	}
	return true
}

//go:noescape
func masksOfRow512(row *uint32, splits *maskTree, n int, values, leaves *float64)

//go:noescape
func masks512(block *uint32, splits *maskSplit, counts *int32, n, words int, values, sums *float64, outputs int)
