package tree

import "golang.org/x/sys/cpu"

// mark has a bit for each bin that is there, and forgets them.
func mark(seen *[4]uint64, there *[256]uint8) {
	if cpu.X86.HasAVX2 {
		markThere(seen, there)
		return
	}
	markPlain(seen, there)
}

// fastTallies says whether the processor has what the functions below take.
func fastTallies() bool { return cpu.X86.HasAVX2 }

//go:noescape
func markThere(seen *[4]uint64, there *[256]uint8)

// sumSides adds n bins of the list up, one after the other by its step of 1 or -1,
// writes what is reached after each, and clears them.
//
//go:noescape
func sumSides(cells *uint32, list *uint8, sides *side, n, step int, totals *[tallied]uint32)

// addEach adds n rows.
//
//go:noescape
func addEach(cells *uint32, there *uint8, rows *uint32, coding *uint32, n int, col *uint8, stride int)
