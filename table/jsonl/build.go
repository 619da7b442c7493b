package jsonl

import (
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/table"
)

// A builder makes a column from the values of its rows.
type builder struct {
	name    string
	kind    table.Kind
	lenient bool // a value that does not fit is missing

	out     table.Column
	index   map[string]uint32
	missing []int
}

func (b *builder) reset() {
	b.out = table.Column{Name: b.name, Kind: b.kind}
	b.index, b.missing = nil, nil
	if b.kind == table.String {
		b.index = make(map[string]uint32)
	}
}

// pad makes the rows missing that come before a row.
func (b *builder) pad(row int) {
	for b.out.Len() < row {
		b.skip()
	}
}

// skip adds a row without a value.
func (b *builder) skip() {
	c := &b.out
	b.missing = append(b.missing, c.Len())
	switch c.Kind {
	case table.Float64:
		c.Floats = append(c.Floats, math.NaN())
	case table.Bool:
		c.Bools = append(c.Bools, false)
	case table.String:
		c.Codes = append(c.Codes, 0)
	default:
		c.Ints = append(c.Ints, 0)
	}
}

// add adds a value that is not null, and reports whether it fits. One that does
// not, or is beyond float64, is missing.
func (b *builder) add(v value) (fits bool) {
	switch b.out.Kind = b.kind; b.kind {
	case table.Float64:
		if f, ok := v.float(); ok {
			if math.IsInf(f, 0) && v.raw[len(v.raw)-1] != 'y' { // not Infinity, but 1e400
				b.skip()
				return true
			}
			b.out.Floats = append(b.out.Floats, f)
			return true
		}
	case table.Int64:
		if v.form == integer || v.form == text {
			if n, err := strconv.ParseInt(string(v.raw), 10, 64); err == nil {
				b.out.Ints = append(b.out.Ints, n)
				return true
			}
		}
	case table.Bool:
		if s := string(v.raw); (v.form == boolean || v.form == text) && (s == "true" || s == "false") {
			b.out.Bools = append(b.out.Bools, s == "true")
			return true
		}
	case table.Time:
		if v.form == text {
			if t, _, ok := parseTime(v.raw); ok {
				b.out.Ints = append(b.out.Ints, t)
				return true
			}
		}
	default:
		b.text(v.raw)
		return true
	}
	b.skip()
	return false
}

// float is a number, also one beyond float64, which is infinite.
func (v value) float() (float64, bool) {
	switch v.form {
	case integer, fraction:
	case text: // of a column whose kind was fixed: what JSON would have as a number
		var p parser
		p.b = v.raw
		if n, f := p.number(); f != nil || n.form == null || p.i != len(p.b) {
			return 0, false
		}
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.raw), 64)
	return f, err == nil || math.IsInf(f, 0)
}

func (b *builder) text(s []byte) {
	if b.index == nil {
		b.index = make(map[string]uint32)
	}
	code, ok := b.index[string(s)]
	if !ok {
		code = uint32(len(b.out.Dict))
		t := string(s)
		b.index[t] = code
		b.out.Dict = append(b.out.Dict, t)
	}
	b.out.Codes = append(b.out.Codes, code)
}

// column is the column of a number of rows; the builder begins anew.
func (b *builder) column(rows int) *table.Column {
	b.pad(rows)
	c := b.out
	if len(b.missing) > 0 {
		c.Valid = table.NewBitmap(rows)
		c.Valid.SetAll(rows)
		for _, i := range b.missing {
			c.Valid.Clear(i)
		}
	}
	b.reset()
	return &c
}
