package clean

import (
	"encoding/binary"
	"slices"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table/sieve"
)

// twins finds equal rows by their sums, of which all are shown to it twice. The
// first time 8 bytes of each pass a sieve, which leaves few but those of equal
// rows; the second time it keeps whole sums of those that are left.
type twins struct {
	sieve  *sieve.Sieve
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
func (w *twins) note(s preprocess.RowSum) { w.sieve.Add(head(s)) }

// sort ends the first reading, and reports whether a second one is needed.
func (w *twins) sort() bool {
	w.shared, _ = w.sieve.Again()
	w.first, w.others = make([]sighting, len(w.shared)), map[preprocess.RowSum]int64{}
	return len(w.shared) > 0
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
