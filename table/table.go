// Package table holds data in typed columns laid out for the algorithms: one
// contiguous slice a column, strings by dictionary, and a validity bitmap where
// values are missing.
//
// The package reads and writes CSV, JSON lines and Parquet, and computes
// mergeable statistics. It knows nothing of machine learning, events or storage.
package table

import (
	"fmt"
	"slices"
	"sync"
)

// A Kind is the type of a column's values.
type Kind uint8

// The kinds of column.
const (
	Float64 Kind = iota
	Int64
	Bool
	String // by dictionary: Codes index Dict
	Time   // microseconds since 1970-01-01T00:00:00Z, in Ints
)

var kindNames = [...]string{"float64", "int64", "bool", "string", "time"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(b []byte) error {
	i := slices.Index(kindNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("unknown column type %q: want one of %v", b, kindNames)
	}
	*k = Kind(i)
	return nil
}

// Numeric reports whether values of the kind are numbers (float64 or int64).
func (k Kind) Numeric() bool { return k == Float64 || k == Int64 }

// A Column is a named sequence of values of one kind.
//
// Exactly one of Floats, Ints, Bools and Codes holds the values, by Kind. Valid
// says which rows have a value; nil means all do. The slot of a row without a
// value is zero (NaN for Float64), and a Float64 that is NaN is always marked
// as missing too. Columns are immutable once shared: steps make new ones.
type Column struct {
	Name   string
	Kind   Kind
	Floats []float64
	Ints   []int64 // Int64, and Time in microseconds
	Bools  []bool
	Codes  []uint32
	Dict   []string // distinct values in order of first appearance
	Valid  Bitmap
}

// Len is the number of rows.
func (c *Column) Len() int {
	switch c.Kind {
	case Float64:
		return len(c.Floats)
	case Bool:
		return len(c.Bools)
	case String:
		return len(c.Codes)
	default:
		return len(c.Ints)
	}
}

// Missing reports whether row i has no value.
func (c *Column) Missing(i int) bool { return c.Valid != nil && !c.Valid.Get(i) }

// Nulls is the number of rows without a value.
func (c *Column) Nulls() int {
	if c.Valid == nil {
		return 0
	}
	return c.Len() - c.Valid.Count(c.Len())
}

// A Table is a set of columns of equal length.
type Table struct {
	Columns []*Column
}

// New makes a table of columns, which must have equal lengths and distinct names.
func New(columns ...*Column) (*Table, error) {
	t := &Table{Columns: columns}
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if c.Len() != t.Rows() {
			return nil, fmt.Errorf("column %q has %d rows, column %q has %d: a table's columns have equal lengths",
				c.Name, c.Len(), columns[0].Name, t.Rows())
		}
		if seen[c.Name] {
			return nil, fmt.Errorf("column %q appears twice: a table's columns have distinct names", c.Name)
		}
		seen[c.Name] = true
	}
	return t, nil
}

// Rows is the number of rows.
func (t *Table) Rows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Columns[0].Len()
}

// Column finds a column by name; nil when there is none.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Names lists the columns' names in order.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// A Field is the name and kind of a column.
type Field struct {
	Name string `json:"name"`
	Kind Kind   `json:"type"`
}

// A Schema lists a table's fields in order.
type Schema []Field

// Names are those of the fields.
func (s Schema) Names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.Name
	}
	return names
}

// Schema describes the table's columns.
func (t *Table) Schema() Schema {
	s := make(Schema, len(t.Columns))
	for i, c := range t.Columns {
		s[i] = Field{c.Name, c.Kind}
	}
	return s
}

// With returns a table in which each given column replaces the one of its name
// or, where there is none, is added at the end. The receiver is unchanged.
func (t *Table) With(columns ...*Column) (*Table, error) {
	out := slices.Clone(t.Columns)
	for _, c := range columns {
		if i := slices.IndexFunc(out, func(o *Column) bool { return o.Name == c.Name }); i >= 0 {
			out[i] = c
		} else {
			out = append(out, c)
		}
	}
	return New(out...)
}

// Without returns a table that lacks the named columns.
func (t *Table) Without(names ...string) *Table {
	out := make([]*Column, 0, len(t.Columns))
	for _, c := range t.Columns {
		if !slices.Contains(names, c.Name) {
			out = append(out, c)
		}
	}
	return &Table{Columns: out}
}

// Select returns a table of the named columns in the order given.
func (t *Table) Select(names ...string) (*Table, error) {
	out := make([]*Column, len(names))
	for i, n := range names {
		if out[i] = t.Column(n); out[i] == nil {
			return nil, fmt.Errorf("no column %q: the table has %v", n, t.Names())
		}
	}
	return New(out...)
}

// Take returns a table of the rows at the given indices, in that order.
// Dictionaries are shared with the receiver. It panics where there is no such row.
func (t *Table) Take(rows []int) *Table {
	out := make([]*Column, len(t.Columns))
	if len(rows)*len(out) < takenAlone {
		for i, c := range t.Columns {
			out[i] = c.Take(rows)
		}
		return &Table{Columns: out}
	}
	// A panic belongs to the caller, so no other goroutine may come to it.
	if low, high := slices.Min(rows), slices.Max(rows); low < 0 || high >= t.Rows() {
		panic(fmt.Sprintf("rows %d to %d are taken of a table of %d", low, high, t.Rows()))
	}
	var wg sync.WaitGroup
	for i, c := range t.Columns {
		wg.Go(func() { out[i] = c.Take(rows) })
	}
	wg.Wait()
	return &Table{Columns: out}
}

// takenAlone is up to how many values are taken by one goroutine.
const takenAlone = 1 << 16

// Take returns a column of the rows at the given indices, in that order.
func (c *Column) Take(rows []int) *Column {
	out := &Column{Name: c.Name, Kind: c.Kind, Dict: c.Dict}
	switch c.Kind {
	case Float64:
		out.Floats = gather(c.Floats, rows)
	case Bool:
		out.Bools = gather(c.Bools, rows)
	case String:
		out.Codes = gather(c.Codes, rows)
	default:
		out.Ints = gather(c.Ints, rows)
	}
	if c.Valid != nil {
		out.Valid = NewBitmap(len(rows))
		for i, r := range rows {
			out.Valid[i>>6] |= c.Valid[r>>6] >> (uint(r) & 63) & 1 << (uint(i) & 63)
		}
		if out.Valid.Count(len(rows)) == len(rows) {
			out.Valid = nil
		}
	}
	return out
}

func gather[T any](v []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = v[r]
	}
	return out
}

// Renamed returns the column under another name; values are shared.
func (c *Column) Renamed(name string) *Column {
	d := *c
	d.Name = name
	return &d
}

// Bytes is about how much memory the table's values take.
func (t *Table) Bytes() int64 {
	var n int64
	for _, c := range t.Columns {
		n += int64(len(c.Floats)+len(c.Ints)+len(c.Valid))*8 + int64(len(c.Bools)) + int64(len(c.Codes))*4
		for _, s := range c.Dict {
			n += int64(len(s)) + 16
		}
	}
	return n
}
