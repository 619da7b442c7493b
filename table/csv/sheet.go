package csv

import (
	"strings"
	"sync"
	"unsafe"
)

// A sheet is the memory of a table's columns of eight bytes a value. Chunks are
// read into their place in it, so that nothing is copied when the table is put
// together. How many rows there will be is guessed from the first chunk; what
// lies beyond them has memory of its own, as has everything where the size of
// the text is not known before.
type sheet struct {
	rows    int
	columns []sheetColumn
}

type sheetColumn struct {
	once   sync.Once
	values []float64 // or as many int64
}

// guess makes room for cols columns of a text of size bytes, of which rows took
// part bytes. It does so once.
func (s *sheet) guess(cols, rows int, part, size int64) {
	if s.columns == nil && rows > 0 && size > 0 {
		s.columns = make([]sheetColumn, cols)
		s.rows = int(float64(rows)*float64(size)/float64(part)*1.05) + 64
	}
}

// floats is memory for rows first to first+n of a column. A nil sheet has no
// room.
func (s *sheet) floats(col, first, n int) []float64 {
	if s == nil || n == 0 || first+n > s.rows {
		return make([]float64, n)
	}
	c := &s.columns[col]
	c.once.Do(func() { c.values = raw(s.rows) })
	return c.values[first : first+n : first+n]
}

// whole is a column of n rows; nil where the sheet has not all of them, or is
// much too large.
func (s *sheet) whole(col, n int) []float64 {
	if s == nil || n == 0 || n > s.rows || n < s.rows/4*3 {
		return nil
	}
	return s.floats(col, 0, n)
}

// raw is memory for n values that is not cleared, as make would clear it: each
// is written, and what pages a sheet has in reserve are never touched. Of the
// ways to have it, a Builder is the only one that the language promises.
func raw(n int) []float64 {
	var b strings.Builder
	b.Grow(8 * n)
	b.WriteByte(0)
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.StringData(b.String()))), n)
}

// asInts is the memory of floats as integers.
func asInts(f []float64) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(f))), len(f))
}
