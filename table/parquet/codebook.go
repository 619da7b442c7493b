package parquet

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/table"
)

const (
	codebookMax = 1 << 13 // numbers in a dictionary at most: more take about as much room as the values
	codebookTry = 1 << 9  // so many are taken before more than every other value may be a new one
)

// A codebook numbers the distinct numbers of a chunk, by their bits, in the order
// in which they come. It is a hash table without deletion (Knuth 6.4, algorithm L).
type codebook struct {
	values []uint64 // by code
	slots  []uint32 // code + 1; 0: free. Their number is a power of two, at least twice that of values
	shift  int
}

// code finds a number's code, or gives it the next one.
func (b *codebook) code(v uint64) uint32 {
	if 2*len(b.values) >= len(b.slots) {
		b.grow()
	}
	for at := v * 0x9e3779b97f4a7c15 >> b.shift; ; at++ {
		slot := &b.slots[at&uint64(len(b.slots)-1)]
		if *slot == 0 {
			b.values = append(b.values, v)
			*slot = uint32(len(b.values))
		}
		if c := *slot - 1; b.values[c] == v {
			return c
		}
	}
}

func (b *codebook) grow() {
	b.slots = make([]uint32, max(256, 2*len(b.slots)))
	b.shift = 64
	for n := len(b.slots); n > 1; n /= 2 {
		b.shift--
	}
	values := b.values
	b.values = b.values[:0]
	for _, v := range values {
		b.code(v)
	}
}

// reset empties the codebook.
func (b *codebook) reset() {
	clear(b.slots)
	b.values = b.values[:0]
}

// words appends the bits of the numbers of rows [from, to) that have one.
func words(dst []uint64, col *table.Column, from, to int) []uint64 {
	dst = slices.Grow(dst, to-from)
	if col.Kind == table.Float64 {
		for i, v := range col.Floats[from:to] {
			if !col.Missing(from + i) {
				dst = append(dst, math.Float64bits(v))
			}
		}
		return dst
	}
	for i, v := range col.Ints[from:to] {
		if !col.Missing(from + i) {
			dst = append(dst, uint64(v))
		}
	}
	return dst
}

// lookNumbers is look for numbers. A chunk of which about every other number is a
// new one is full.
func (c *chunk) lookNumbers(col *table.Column, from, to int) int {
	c.indices, c.words = c.indices[:0], words(c.words[:0], col, from, to)
	book, seen := &c.book, c.values-c.nulls
	known := len(book.values)
	last, at := uint64(0), uint32(0)
	for i, v := range c.words {
		if v != last || i == 0 {
			at, last = book.code(v), v
			if n := int64(len(book.values)); n > codebookMax || n > codebookTry && 2*n > seen+int64(i) {
				book.values = book.values[:n-1] // there is no more looking up
				c.full = true
				to = nthPresent(col, from, i)
				break
			}
		}
		c.indices = append(c.indices, at)
	}
	for _, v := range book.values[known:] {
		c.dictionary = binary.LittleEndian.AppendUint64(c.dictionary, v)
		c.include(col.Kind, v)
	}
	return to
}

// nthPresent is the row, at or after from, that has a value and n such before it.
func nthPresent(col *table.Column, from, n int) int {
	for ; col.Missing(from) || n > 0; from++ {
		if !col.Missing(from) {
			n--
		}
	}
	return from
}
