package main

// This file is what a step in Go needs that has no part of Runnel in it: it
// reads and writes tables, and reads params. Copy it into a program of your own.
// What it does is described in docs/guest-abi.md.

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
)

// A Kind is what a column holds.
type Kind uint32

// The kinds of columns.
const (
	Float64 Kind = iota
	Int64
	Bool
	String
	Time
)

// A Column is a named sequence of values; one of the slices holds them, by Kind.
type Column struct {
	Name    string
	Kind    Kind
	Floats  []float64
	Ints    []int64 // of Int64, and of Time: microseconds since 1970
	Bools   []bool
	Strings []string
	Valid   []bool // the rows that have a value; nil: every row has
}

// Missing reports whether a row has no value.
func (c *Column) Missing(row int) bool { return c.Valid != nil && !c.Valid[row] }

// A Table is a set of columns of equal length.
type Table struct {
	Rows    int
	Columns []*Column
}

// Column finds a column; nil where there is none of that name.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// An Invocation is what a step is told on standard input, as far as most need it.
type Invocation struct {
	Seed   uint64
	Target string // the column to predict, "" where none is known
}

// ReadInvocation reads standard input, and the params into a struct.
func ReadInvocation(params any) (Invocation, error) {
	var in struct {
		Seed   uint64          `json:"seed"`
		Params json.RawMessage `json:"params"`
		Event  struct {
			Data struct {
				Dataset struct {
					Target string `json:"target"`
				} `json:"dataset"`
			} `json:"data"`
		} `json:"event"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return Invocation{}, fmt.Errorf("the invocation: %w", err)
	}
	if err := json.Unmarshal(in.Params, params); err != nil {
		return Invocation{}, fmt.Errorf("the params: %w", err)
	}
	return Invocation{in.Seed, in.Event.Data.Dataset.Target}, nil
}

// Fail ends the step: its input is at fault, and the message says how.
func Fail(format string, args ...any) {
	answer := map[string]any{"error": map[string]string{"class": "permanent", "message": fmt.Sprintf(format, args...)}}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
	os.Exit(1)
}

// ReadTable reads a table from a file such as /in/dataset.columns.
func ReadTable(path string) (*Table, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := file{b: b}
	if string(f.part(0, 8)) != "runnel\x00\x01" {
		return nil, errors.New("not a table in columns, version 1")
	}
	t := &Table{Rows: f.size(16)}
	for i := range int(f.u32(24)) {
		t.Columns = append(t.Columns, f.column(32+64*i, t.Rows))
		if f.err != nil {
			return nil, fmt.Errorf("column %d: %w", i, f.err)
		}
	}
	return t, f.err
}

// A file is the bytes of a table. What is asked for and not inside is zeros, and err says so.
type file struct {
	b   []byte
	err error
}

func (f *file) part(at, n int) []byte {
	if f.err == nil && (at < 0 || n < 0 || at > len(f.b) || n > len(f.b)-at) {
		f.err = fmt.Errorf("the table is broken: %d bytes at %d are not inside it", n, at)
	}
	if f.err != nil {
		return make([]byte, 64)
	}
	return f.b[at : at+n]
}

func (f *file) u32(at int) uint32 { return binary.LittleEndian.Uint32(f.part(at, 4)) }

func (f *file) size(at int) int {
	v := binary.LittleEndian.Uint64(f.part(at, 8))
	if v > uint64(len(f.b))*8 && f.err == nil { // a row may be one bit
		f.err = fmt.Errorf("the table is broken: %d at byte %d", v, at)
	}
	return int(v)
}

func (f *file) column(entry, rows int) *Column {
	c := &Column{Name: string(f.part(f.size(entry), f.size(entry+8))), Kind: Kind(f.u32(entry + 48))}
	values := f.size(entry + 16)
	words := func() []byte { return f.part(values, 8*rows) }
	switch c.Kind {
	case Float64:
		for b := words(); len(b) >= 8 && f.err == nil; b = b[8:] {
			c.Floats = append(c.Floats, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case Int64, Time:
		for b := words(); len(b) >= 8 && f.err == nil; b = b[8:] {
			c.Ints = append(c.Ints, int64(binary.LittleEndian.Uint64(b)))
		}
	case Bool:
		for _, v := range f.part(values, rows) {
			c.Bools = append(c.Bools, v != 0)
		}
	case String:
		f.strings(c, f.part(values, 4*rows), f.size(entry+32), f.size(entry+40))
	default:
		f.err = fmt.Errorf("its kind is %d, which version 1 does not have", c.Kind)
	}
	if at := f.size(entry + 24); at != 0 && f.err == nil {
		bits := f.part(at, (rows+63)/64*8)
		c.Valid = make([]bool, rows)
		for i := range c.Valid {
			c.Valid[i] = f.err == nil && bits[i/8]>>(i%8)&1 == 1
		}
	}
	return c
}

func (f *file) strings(c *Column, codes []byte, at, n int) {
	text := at + 8*(n+1)
	dictionary := make([]string, 0, min(n, len(f.b)))
	for i := 0; i < n && f.err == nil; i++ {
		from, to := f.size(at+8*i), f.size(at+8*i+8)
		dictionary = append(dictionary, string(f.part(text+from, to-from)))
	}
	for ; len(codes) >= 4 && f.err == nil; codes = codes[4:] {
		code, value := binary.LittleEndian.Uint32(codes), ""
		if int(code) < n { // a row without a value holds 0, which is perhaps none
			value = dictionary[code]
		}
		c.Strings = append(c.Strings, value)
	}
}

// Write writes a table to a file such as /out/dataset.columns.
func (t *Table) Write(path string) error {
	at := 32 + 64*len(t.Columns)
	head := make([]byte, at)
	var parts []byte
	place := func(b []byte) uint64 {
		start := at + len(parts)
		parts = append(parts, b...)
		parts = append(parts, make([]byte, (8-len(b)%8)%8)...)
		return uint64(start)
	}
	for i, c := range t.Columns {
		entry := head[32+64*i:]
		put := func(at int, v uint64) { binary.LittleEndian.PutUint64(entry[at:], v) }
		put(0, place([]byte(c.Name)))
		put(8, uint64(len(c.Name)))
		values, dictionary, distinct, rows := c.bytes()
		if rows != t.Rows || c.Valid != nil && len(c.Valid) != rows {
			return fmt.Errorf("column %s has %d rows, the table %d", c.Name, rows, t.Rows)
		}
		put(16, place(values))
		missing := uint64(0)
		bits := make([]byte, (rows+63)/64*8)
		for r := range rows {
			if c.Missing(r) || c.Kind == Float64 && math.IsNaN(c.Floats[r]) {
				missing++
			} else {
				bits[r/8] |= 1 << (r % 8)
			}
		}
		if missing > 0 {
			put(24, place(bits))
		}
		if c.Kind == String {
			put(32, place(dictionary))
			put(40, distinct)
		}
		put(48, uint64(c.Kind))
		put(56, missing)
	}
	copy(head, "runnel\x00\x01")
	binary.LittleEndian.PutUint64(head[8:], uint64(at+len(parts)))
	binary.LittleEndian.PutUint64(head[16:], uint64(t.Rows))
	binary.LittleEndian.PutUint32(head[24:], uint32(len(t.Columns)))
	return os.WriteFile(path, append(head, parts...), 0o600)
}

// bytes lays the values out; rows without one hold zeros, or NaN.
func (c *Column) bytes() (values, dictionary []byte, distinct uint64, rows int) {
	switch c.Kind {
	case Float64:
		for r, v := range c.Floats {
			if c.Missing(r) || math.IsNaN(v) {
				v = math.NaN()
			}
			values = binary.LittleEndian.AppendUint64(values, math.Float64bits(v))
		}
		return values, nil, 0, len(c.Floats)
	case Bool:
		for r, v := range c.Bools {
			values = append(values, 0)
			if v && !c.Missing(r) {
				values[r] = 1
			}
		}
		return values, nil, 0, len(c.Bools)
	case String:
		known := map[string]uint32{}
		ends := make([]byte, 8)
		var text strings.Builder
		for r, v := range c.Strings {
			code := uint32(0)
			if !c.Missing(r) {
				var ok bool
				if code, ok = known[v]; !ok {
					code = uint32(len(known))
					known[v] = code
					text.WriteString(v)
					ends = binary.LittleEndian.AppendUint64(ends, uint64(text.Len()))
				}
			}
			values = binary.LittleEndian.AppendUint32(values, code)
		}
		return values, append(ends, text.String()...), uint64(len(known)), len(c.Strings)
	}
	for r, v := range c.Ints {
		if c.Missing(r) {
			v = 0
		}
		values = binary.LittleEndian.AppendUint64(values, uint64(v))
	}
	return values, nil, 0, len(c.Ints)
}
