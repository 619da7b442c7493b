package clean

import (
	"encoding/binary"
	"slices"

	"github.com/runnel-dev/runnel/learn/preprocess"
)

// twins finds equal rows by their sums, of which all are shown to it twice. The
// first time it keeps 8 bytes of each, which almost only equal rows share; the
// second time, whole sums of those that are shared.
type twins struct {
	shared []uint64                    // ascending, once the first reading is over
	first  []sighting                  // of each of shared
	others map[preprocess.RowSum]int64 // first sightings of sums that begin as another one does
}

type sighting struct {
	sum preprocess.RowSum
	row int64 // and 1; 0: none was met
}

func head(s preprocess.RowSum) uint64 { return binary.LittleEndian.Uint64(s[:]) }

// note is the first reading.
func (w *twins) note(s preprocess.RowSum) { w.shared = append(w.shared, head(s)) }

// sort ends the first reading, and reports whether a second one is needed.
func (w *twins) sort() bool {
	slices.Sort(w.shared)
	n := 0
	for i := 1; i < len(w.shared); i++ {
		if h := w.shared[i]; h == w.shared[i-1] && (n == 0 || w.shared[n-1] != h) {
			w.shared[n] = h
			n++
		}
	}
	w.shared = slices.Clone(w.shared[:n])
	w.first, w.others = make([]sighting, n), map[preprocess.RowSum]int64{}
	return n > 0
}

// meet is the second reading: it returns which of a row and an equal one met
// before it is left out, where there is one. before says which row counts as
// the earlier.
func (w *twins) meet(s preprocess.RowSum, row int64, before func(a, b int64) bool) (left int64, ok bool) {
	at, shared := slices.BinarySearch(w.shared, head(s))
	if !shared {
		return 0, false
	}
	f := &w.first[at]
	if f.row == 0 {
		*f = sighting{s, row + 1}
		return 0, false
	}
	if f.sum == s {
		if met := f.row - 1; before(row, met) {
			f.row = row + 1
			row = met
		}
		return row, true
	}
	other, met := w.others[s]
	switch {
	case !met:
		w.others[s] = row
		return 0, false
	case before(row, other):
		w.others[s] = row
		return other, true
	}
	return row, true
}
