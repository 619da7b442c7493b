package tree

import "golang.org/x/sys/cpu"

// mark has a bit for each bin that is there, and forgets them.
func (t *tallies) mark(seen *[4]uint64) {
	if cpu.X86.HasAVX2 {
		markThere(seen, &t.there)
		return
	}
	t.markPlain(seen)
}

// fastTallies says whether the processor has what the functions below take.
func fastTallies() bool { return cpu.X86.HasAVX2 && cpu.X86.HasBMI1 }

//go:noescape
func markThere(seen *[4]uint64, there *[256]uint8)

// sumSides adds n bins of the list up, one after the other by its step of 1 or -1,
// writes what is reached after each, and clears them.
//
//go:noescape
func sumSides(cells *[256 * tallied]uint32, list *uint8, sides *side, n, step int, totals *[tallied]uint32)

// addSome adds those of 64 rows a word that it has a bit of, n words.
//
//go:noescape
func addSome(cells *[256 * tallied]uint32, there *[256]uint8, rows *uint32, coding *uint16, words *uint64, n int, col *uint8, stride int)

// addEach adds n rows.
//
//go:noescape
func addEach(cells *[256 * tallied]uint32, there *[256]uint8, rows *uint32, coding *uint16, n int, col *uint8, stride int)
