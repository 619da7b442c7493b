package csv

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/table"
)

// Write writes a table: a header, then a record a row, ended by LF. Of the
// options it heeds Delimiter (a comma), Quote, Decimal (a point), Header (not
// written with HeaderNo), Dates and Missing, which says what texts are quoted to
// stay text. A missing value is an empty field.
//
// Read makes the same table of it, except that
//   - the empty string reads back as missing;
//   - a string column all of whose values look like another kind reads back as
//     that kind, unless Options.Kinds says String;
//   - a column without any value reads back as float64;
//   - times before year 1 or after 9999 read back as text.
func Write(w io.Writer, t *table.Table, o *Options) error {
	e := newEncoder(w, o)
	if e.delimiter == e.decimal || e.delimiter == e.quote || e.delimiter >= utf8.RuneSelf || e.quote >= utf8.RuneSelf {
		return &Error{File: "csv", Problem: BadOption, Text: fmt.Sprintf("delimiter %q, quote %q and decimal mark %q cannot be told apart", e.delimiter, e.quote, e.decimal),
			Hint: "they differ, for example ; with a decimal comma"}
	}
	if o == nil || o.Header != HeaderNo {
		for i, c := range t.Columns {
			e.separate(i)
			if c.Name == "" || c.Name != strings.Trim(c.Name, " \t") {
				e.quoted(c.Name)
			} else {
				e.text(c.Name)
			}
		}
		e.out.WriteByte('\n')
	}
	columns := make([]func(int), len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = e.column(c)
	}
	for r := range t.Rows() {
		for i, c := range t.Columns {
			e.separate(i)
			switch {
			case !c.Missing(r):
				columns[i](r)
			case len(t.Columns) == 1:
				e.quoted("") // an empty line would be no row
			}
		}
		e.out.WriteByte('\n')
	}
	return e.out.Flush()
}

type encoder struct {
	out                       *bufio.Writer
	delimiter, quote, decimal byte
	dates                     bool
	missing                   *markers
	special                   string // what makes a text need quotes
	buf                       []byte
}

func newEncoder(w io.Writer, o *Options) *encoder {
	if o == nil {
		o = new(Options)
	}
	e := &encoder{out: bufio.NewWriterSize(w, 64<<10), delimiter: o.Delimiter, quote: o.Quote, decimal: o.Decimal, dates: o.Dates, missing: newMarkers(o.Missing)}
	for _, d := range []struct {
		field *byte
		value byte
	}{{&e.delimiter, ','}, {&e.quote, '"'}, {&e.decimal, '.'}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	e.special = string([]byte{e.delimiter, e.quote, '\n', '\r', '"', '\''})
	return e
}

func (e *encoder) separate(i int) {
	if i > 0 {
		e.out.WriteByte(e.delimiter)
	}
}

// column is what writes the value of a row that has one.
func (e *encoder) column(c *table.Column) func(int) {
	switch c.Kind {
	case table.Float64:
		return func(r int) { e.float(c.Floats[r]) }
	case table.Int64:
		return func(r int) { e.write(strconv.AppendInt(e.buf[:0], c.Ints[r], 10)) }
	case table.Bool:
		return func(r int) { e.write(strconv.AppendBool(e.buf[:0], c.Bools[r])) }
	case table.Time:
		layout := table.TimeLayout
		if e.dates && midnights(c) {
			layout = time.DateOnly
		}
		return func(r int) {
			e.write(time.UnixMicro(c.Ints[r]).UTC().AppendFormat(e.buf[:0], layout))
		}
	}
	return func(r int) { e.text(c.Dict[c.Codes[r]]) }
}

// midnights tells whether the times of a column are dates.
func midnights(c *table.Column) bool {
	for r, at := range c.Ints {
		if at%86400e6 != 0 && !c.Missing(r) {
			return false
		}
	}
	return true
}

func (e *encoder) write(b []byte) {
	e.out.Write(b)
	e.buf = b
}

// float writes the shortest text that reads back as the same number, and as a
// float64: with a decimal mark or an exponent.
func (e *encoder) float(v float64) {
	b := strconv.AppendFloat(e.buf[:0], v, 'g', -1, 64)
	whole := !math.IsInf(v, 0)
	for i, c := range b {
		if c == '.' {
			b[i] = e.decimal
		}
		whole = whole && c != '.' && c != 'e'
	}
	if whole {
		b = append(b, e.decimal, '0')
	}
	e.write(b)
}

// text writes a text, in quotes where it would not read back as it is.
func (e *encoder) text(s string) {
	if strings.ContainsAny(s, e.special) || e.missing.has(trim([]byte(s))) {
		e.quoted(s)
		return
	}
	e.out.WriteString(s)
}

func (e *encoder) quoted(s string) {
	e.out.WriteByte(e.quote)
	for {
		i := strings.IndexByte(s, e.quote)
		if i < 0 {
			break
		}
		e.out.WriteString(s[:i+1])
		e.out.WriteByte(e.quote)
		s = s[i+1:]
	}
	e.out.WriteString(s)
	e.out.WriteByte(e.quote)
}
