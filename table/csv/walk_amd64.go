package csv

import "math/bits"

// A walk finds the ends of fields and records in text that begins with a record,
// 64 bytes at a time, and carries what it has seen from one step to the next.
//
//nolint:unused // some fields are of the assembly alone
type walk struct {
	delimiter, newline, quote, carriage byte

	low, high [64]byte // the least of the bytes at each place of 64; all of them, or-ed
	base      uint64   // position
	inside    uint64   // all ones in a quoted field
	openable  uint64   // 1: a quote would open a field
	closed    uint64   // 1: the byte before was a closing quote
	returned  uint64   // 1: it was CR after a closing quote

	newlines uint64 // also those in fields
	rows     uint64
	last     uint64 // the newlines outside of fields in the last 64 bytes that had any
	lastBase uint64 // where those began
	quotes   uint64 // not zero: there are some
	odd      uint64 // not zero: there are some in other places than around fields and doubled within
}

func newWalk(d *Dialect) *walk {
	w := &walk{delimiter: d.delimiter(), newline: d.newline(), quote: d.quote(), carriage: '\r', openable: 1}
	for i := range w.low {
		w.low[i] = 0xff
	}
	return w
}

// walkAVX512 walks over words times 64 bytes. Where ends is not nil, it
// writes the positions of the delimiters and newlines outside of quoted fields
// there, and says how many; up to 63 that follow are written over.
//
//go:noescape
func walkAVX512(ends *uint32, buf *byte, words int, w *walk) (count int)

// over walks over a text to its end, and appends the positions to ends if they
// are to be kept.
func (w *walk) over(buf []byte, ends []uint32, keep bool) []uint32 {
	const most = 64 // words a call
	var tail [64]byte
	for len(buf) > 0 {
		words := min(len(buf)/64, most)
		at := &buf[0]
		if words == 0 { // the rest, and what changes nothing
			for i := copy(tail[:], buf); i < 64; i++ {
				tail[i] = w.filler()
			}
			words, at = 1, &tail[0]
		}
		var to *uint32
		n := len(ends)
		if keep {
			if cap(ends) < n+64*words+64 {
				ends = append(make([]uint32, 0, 2*n+64*most+64), ends...)
			}
			to = &ends[:n+1][n]
		}
		ends = ends[:n+walkAVX512(to, at, words, w)]
		buf = buf[min(64*words, len(buf)):]
	}
	return ends
}

// filler is a byte that means nothing.
func (w *walk) filler() byte {
	for c := byte('a'); ; c++ {
		if c != w.delimiter && c != w.newline && c != w.quote {
			return c
		}
	}
}

// nul and beyond report whether there are NUL bytes and bytes beyond ASCII.
func (w *walk) nul() bool {
	for _, c := range w.low {
		if c == 0 {
			return true
		}
	}
	return false
}

func (w *walk) beyond() bool {
	all := byte(0)
	for _, c := range w.high {
		all |= c
	}
	return all >= 0x80
}

// end is after the last newline outside of a field; 0: there is none.
func (w *walk) end() int {
	if w.last == 0 {
		return 0
	}
	return int(w.lastBase) + bits.Len64(w.last)
}

// walk finds the ends of t.buf as delimit would, and reports whether it did: the
// processor may not be up to it, or a quote in an odd place.
func (t *tokens) walk(d *Dialect) bool {
	if t.level < avx512 || d.newline() != '\n' {
		return false
	}
	w := newWalk(d)
	t.ends = w.over(t.buf, t.ends[:0], true)
	t.lines, t.records, t.quotes = int64(w.newlines), int(w.rows), w.quotes != 0
	t.nul, t.high = w.nul(), w.beyond()
	return w.odd|w.inside == 0
}

// recordEnd is the end of lastRecordEnd, where it is found at a walk.
func recordEnd(b []byte, d *Dialect, l level) (end int, ok bool) {
	if l < avx512 || d.newline() != '\n' {
		return 0, false
	}
	w := newWalk(d)
	w.over(b, nil, false)
	return w.end(), w.odd == 0
}
