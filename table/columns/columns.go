// Package columns writes tables in a plain binary format: for handing them to
// WASM guests, which cannot afford a Parquet reader, and for caches. A guest in
// any language reads it with loads at the offsets below, in place.
//
// All numbers are little-endian and unsigned unless said otherwise. Every
// offset counts from the first byte and is a multiple of 8; what lies between
// the end of a part and the next multiple of 8 is zero.
//
//	header, 32 bytes
//	   0  8 bytes  "runnel\x00\x01": the name and the version of the format
//	   8  u64      bytes in all
//	  16  u64      rows
//	  24  u32      columns
//	  28  u32      0
//	directory, 64 bytes a column
//	   0  u64      offset of the name
//	   8  u64      bytes of the name
//	  16  u64      offset of the values
//	  24  u64      offset of the validity; 0: every row has a value
//	  32  u64      offset of the dictionary; 0: not a string column
//	  40  u64      strings in the dictionary
//	  48  u32      kind: 0 float64, 1 int64, 2 bool, 3 string, 4 time
//	  52  u32      0
//	  56  u64      rows without a value
//
// The parts follow, column by column, each where the one before ended:
//
//	name        UTF-8
//	values      rows x 8 bytes   IEEE 754 (float64); signed (int64); signed
//	                             microseconds since 1970-01-01T00:00:00Z (time)
//	            rows x 1 byte    0 or 1 (bool)
//	            rows x u32       index into the dictionary (string)
//	            A row without a value holds 0, and NaN in a float64 column.
//	validity    u64 words        bit i%64 of word i/64 is 1 where row i has a value
//	dictionary  (strings+1) x u64, where string i is the bytes from number i to
//	            number i+1, counted from the end of these numbers; then the bytes
package columns

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/runnel-dev/runnel/table"
)

const (
	magic         = "runnel\x00\x01"
	headerSize    = 32
	directorySize = 64 // of a column
)

// An entry is a column of the directory.
type entry struct {
	name, nameBytes     uint64
	values, validity    uint64
	dictionary, strings uint64
	kind                uint32
	nulls               uint64
	dictionaryBytes     uint64 // not written: the dictionary says it
}

// Size is the number of bytes that Encode writes.
func Size(t *table.Table) int64 {
	_, size := layout(t)
	return int64(size)
}

// layout places every part of a table.
func layout(t *table.Table) ([]entry, uint64) {
	at := headerSize + directorySize*uint64(len(t.Columns))
	place := func(n uint64) uint64 {
		start := at
		at += padded(n)
		return start
	}
	rows := uint64(t.Rows())
	entries := make([]entry, len(t.Columns))
	for j, c := range t.Columns {
		e := &entries[j]
		e.kind = uint32(c.Kind)
		e.nameBytes = uint64(len(c.Name))
		e.name = place(e.nameBytes)
		e.values = place(rows * width(c.Kind))
		if c.Valid != nil {
			e.validity = place((rows + 63) / 64 * 8)
			e.nulls = uint64(c.Nulls())
		}
		if c.Kind == table.String {
			e.strings = uint64(len(c.Dict))
			for _, s := range c.Dict {
				e.dictionaryBytes += uint64(len(s))
			}
			e.dictionary = place(8*(e.strings+1) + e.dictionaryBytes)
		}
	}
	return entries, at
}

func padded(n uint64) uint64 { return (n + 7) &^ 7 }

func width(k table.Kind) uint64 {
	switch k {
	case table.Bool:
		return 1
	case table.String:
		return 4
	default:
		return 8
	}
}

// Encode writes t. The same table gives the same bytes.
func Encode(w io.Writer, t *table.Table) error {
	entries, size := layout(t)
	e := encoder{w: bufio.NewWriterSize(w, 1<<16)}
	e.w.WriteString(magic)
	e.u64(size)
	e.u64(uint64(t.Rows()))
	e.u64(uint64(len(t.Columns)))
	for _, x := range entries {
		for _, v := range []uint64{x.name, x.nameBytes, x.values, x.validity, x.dictionary, x.strings, uint64(x.kind), x.nulls} {
			e.u64(v)
		}
	}
	for j, c := range t.Columns {
		e.column(c, &entries[j])
	}
	if err := e.w.Flush(); err != nil {
		return fmt.Errorf("write columns: %w", err)
	}
	return nil
}

// An encoder's writer remembers its first error until Flush.
type encoder struct{ w *bufio.Writer }

func (e encoder) column(c *table.Column, x *entry) {
	e.text(c.Name)
	e.pad(x.nameBytes)
	switch {
	case littleEndian && c.Kind == table.Float64:
		e.w.Write(bytesOf(c.Floats))
	case littleEndian && c.Kind == table.Bool:
		e.w.Write(bytesOf(c.Bools))
		e.pad(uint64(len(c.Bools)))
	case littleEndian && c.Kind == table.String:
		e.w.Write(bytesOf(c.Codes))
		e.pad(4 * uint64(len(c.Codes)))
	case littleEndian:
		e.w.Write(bytesOf(c.Ints))
	default:
		e.values(c)
	}
	if c.Valid != nil {
		rows := c.Len()
		for i, word := range c.Valid[:(rows+63)/64] {
			if rest := rows - 64*i; rest < 64 {
				word &= 1<<uint(rest) - 1
			}
			e.u64(word)
		}
	}
	if c.Kind != table.String {
		return
	}
	at := uint64(0)
	e.u64(at)
	for _, s := range c.Dict {
		at += uint64(len(s))
		e.u64(at)
	}
	for _, s := range c.Dict {
		e.text(s)
	}
	e.pad(at)
}

// values writes one value after the other.
func (e encoder) values(c *table.Column) {
	switch c.Kind {
	case table.Float64:
		for _, v := range c.Floats {
			e.u64(math.Float64bits(v))
		}
	case table.Bool:
		for _, v := range c.Bools {
			b := byte(0)
			if v {
				b = 1
			}
			e.w.WriteByte(b)
		}
		e.pad(uint64(len(c.Bools)))
	case table.String:
		for _, v := range c.Codes {
			e.w.Write(binary.LittleEndian.AppendUint32(e.w.AvailableBuffer(), v))
		}
		e.pad(4 * uint64(len(c.Codes)))
	default:
		for _, v := range c.Ints {
			e.u64(uint64(v))
		}
	}
}

func (e encoder) u64(v uint64) {
	e.w.Write(binary.LittleEndian.AppendUint64(e.w.AvailableBuffer(), v))
}

func (e encoder) text(s string) { e.w.WriteString(s) }

func (e encoder) pad(n uint64) {
	var zero [8]byte
	e.w.Write(zero[:padded(n)-n])
}
