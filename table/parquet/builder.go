package parquet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/encoding"

	"github.com/runnel-dev/runnel/table"
)

// A builder appends the pages of a column's chunks to one column.
type builder struct {
	decoder
	budget *budget
	column table.Column
	index  map[string]uint32 // of column.Dict
	nulls  bool

	// Of the dictionary of the chunk being read: its values as numbers, and the
	// code that each of its strings has in the column, plus 1.
	numbers any
	codes   []uint32
}

func (b *builder) grow(rows int) {
	c := &b.column
	switch c.Kind {
	case table.Float64:
		c.Floats = make([]float64, 0, rows)
	case table.Bool:
		c.Bools = make([]bool, 0, rows)
	case table.String:
		c.Codes = make([]uint32, 0, rows)
		b.index = make(map[string]uint32)
	default:
		c.Ints = make([]int64, 0, rows)
	}
}

// add appends a page: its values close together first, then moved to their
// rows where some are missing.
func (b *builder) add(p *page, r *pageReader) error {
	start := b.column.Len()
	if p.present > 0 {
		if err := b.values(p, r); err != nil {
			return err
		}
	}
	if got := b.column.Len() - start; got != p.present {
		return fmt.Errorf("%d values in a page of %d: the file is corrupt", got, p.present)
	}
	if p.present == p.rows {
		b.valid(start, start+p.rows)
		return nil
	}
	c := &b.column
	switch c.Kind {
	case table.Float64:
		c.Floats = spread(c.Floats, start, p, math.NaN())
	case table.Bool:
		c.Bools = spread(c.Bools, start, p, false)
	case table.String:
		c.Codes = spread(c.Codes, start, p, 0)
	default:
		c.Ints = spread(c.Ints, start, p, 0)
	}
	b.nulls = true
	b.valid(start, start)
	for i := range p.rows {
		b.column.Valid = appendBit(b.column.Valid, start+i, p.present > 0 && p.levels[i] == 1)
	}
	return nil
}

// spread moves the values from start on to the rows whose level is 1, from the
// last backwards, and fills the others with missing.
func spread[T any](v []T, start int, p *page, missing T) []T {
	from := len(v) - 1
	v = slices.Grow(v, start+p.rows-len(v))[:start+p.rows]
	for i := p.rows - 1; i >= 0; i-- {
		if from >= start && p.levels[i] == 1 {
			v[start+i] = v[from]
			from--
		} else {
			v[start+i] = missing
		}
	}
	return v
}

// valid marks rows up to to as having a value, of which those from on are new.
func (b *builder) valid(from, to int) {
	if !b.nulls {
		return
	}
	v := b.column.Valid
	if v == nil {
		from = 0
	}
	for len(v) < (to+63)/64 {
		v = append(v, 0)
	}
	for ; from < to; from++ {
		v.Set(from)
	}
	b.column.Valid = v
}

func appendBit(v table.Bitmap, i int, set bool) table.Bitmap {
	for len(v) <= i>>6 {
		v = append(v, 0)
	}
	if set {
		v.Set(i)
	}
	return v
}

// values appends the values that a page holds.
func (b *builder) values(p *page, r *pageReader) error {
	switch {
	case p.indices == nil && b.column.Kind == table.String:
		return b.strings(p.values, p.present)
	case p.indices == nil:
		return b.appendNumbers(p.values, p.present, nil)
	case b.column.Kind != table.String:
		return b.appendNumbers(r.dictionary, r.entries, p.indices)
	}
	if b.codes == nil {
		b.codes = make([]uint32, r.entries)
	}
	return b.indexedStrings(r.dictionary, p.indices)
}

// appendNumbers decodes n values and appends them, or those at the indices when
// there are any; a dictionary is decoded once.
func (b *builder) appendNumbers(data encoding.Values, n int, indices []int32) error {
	values := b.numbers
	if indices == nil || values == nil {
		var err error
		if values, err = b.decode(data, n); err != nil {
			return err
		}
		if indices != nil {
			b.numbers = values
		}
	}
	c := &b.column
	switch c.Kind {
	case table.Float64:
		c.Floats = take(c.Floats, values.([]float64), indices)
	case table.Bool:
		c.Bools = take(c.Bools, values.([]bool), indices)
	default:
		c.Ints = take(c.Ints, values.([]int64), indices)
	}
	return nil
}

func take[T any](dst, values []T, indices []int32) []T {
	if indices == nil {
		return append(dst, values...)
	}
	for _, i := range indices {
		dst = append(dst, values[i])
	}
	return dst
}

func (b *builder) indexedStrings(data encoding.Values, indices []int32) error {
	for _, x := range indices {
		code := b.codes[x]
		if code == 0 {
			s, err := b.text(data, int(x))
			if err != nil {
				return err
			}
			if code, err = b.code(s); err != nil {
				return err
			}
			code++
			b.codes[x] = code
		}
		b.column.Codes = append(b.column.Codes, code-1)
	}
	return nil
}

func (b *builder) strings(data encoding.Values, n int) error {
	for i := range n {
		s, err := b.text(data, i)
		if err != nil {
			return err
		}
		code, err := b.code(s)
		if err != nil {
			return err
		}
		b.column.Codes = append(b.column.Codes, code)
	}
	return nil
}

// code finds or adds a string in the column's dictionary.
func (b *builder) code(s []byte) (uint32, error) {
	if code, ok := b.index[string(s)]; ok {
		return code, nil
	}
	if !utf8.Valid(s) {
		return 0, fmt.Errorf("a value is not UTF-8 but binary: leave the column out, or encode it as text first")
	}
	// A string's header in Dict and in the map, the code, and the map's slack.
	if err := b.budget.take(int64(len(s)) + 64); err != nil {
		return 0, err
	}
	code := uint32(len(b.column.Dict))
	text := strings.Clone(string(s))
	b.column.Dict = append(b.column.Dict, text)
	b.index[text] = code
	return code, nil
}

// done marks NaN as missing, and returns the column.
func (b *builder) done() *table.Column {
	c := b.column
	if c.Kind == table.Float64 {
		for i, v := range c.Floats {
			if math.IsNaN(v) {
				c.SetMissing(i)
			}
		}
	}
	return &c
}

func width(k table.Kind) int64 {
	switch k {
	case table.Bool:
		return 1
	case table.String:
		return 4
	default:
		return 8
	}
}
