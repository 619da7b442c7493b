package csv

import (
	"bytes"
	"math"

	"github.com/runnel-dev/runnel/table"
)

// rules are what the conversion of a file's values rests on.
type rules struct {
	missing *markers
	quote   byte
	marks   uint8 // decimal marks allowed
	order   DateOrder
	orders  []DateOrder // by column; nil: order for all
}

// orderOf is the order of the dates of a column.
func (r *rules) orderOf(col int) DateOrder {
	if r.orders == nil {
		return r.order
	}
	return r.orders[col]
}

// A column is what one chunk holds of a column.
type column struct {
	class class      // what its values can be
	kind  table.Kind // how they are kept
	form  uint8      // kept as Time: the form they were read in

	floats []float64
	ints   []int64
	bools  []bool
	codes  []uint32
	texts  string       // the distinct ones, and some of the chunks before, end to end
	ends   []uint32     // where each ends, by code
	words  *words       // what the codes are of; nil: this chunk alone
	kept   bool         // words goes on to other chunks
	valid  table.Bitmap // nil: every row has a value

	tally
}

// A tally counts what a column's values did not give away as they stood.
type tally struct {
	quoted   int64  // markers of missing values in quotes: text, if the column is
	weak     int64  // and weak ones
	rounded  int64  // integers that no float64 equals
	overflow int64  // numbers beyond float64, read as missing
	cut      int64  // times with digits beyond microseconds
	misfit   int64  // values that do not fit a fixed kind, read as missing
	example  string // the first of overflow or misfit
}

func (t *tally) add(o tally) {
	t.quoted += o.quoted
	t.weak += o.weak
	t.rounded += o.rounded
	t.overflow += o.overflow
	t.cut += o.cut
	t.misfit += o.misfit
	if t.example == "" {
		t.example = o.example
	}
}

// A converter turns the fields of a chunk into columns.
type converter struct {
	*rules
	t       *tokens
	scratch []byte
	words   wordStore
	sheet   *sheet
	first   int // the chunk's first row in the sheet
}

// room is memory for the values of a column.
func (cv *converter) room(col int) []float64 { return cv.sheet.floats(col, cv.first, cv.t.rows) }

// column converts a column, under the class that it is known to need so far
// and wider ones as its values ask for. A fixed class is kept: what does not
// fit is missing, and counted.
func (cv *converter) column(col int, known class, fixed bool) *column {
	c := &column{class: known}
	for {
		c.tally = tally{}
		c.valid = nil
		failed := cv.fill(c, col, fixed)
		if failed < 0 {
			return c
		}
		b, _ := cv.value(failed, col)
		next := join(c.class, cv.classify(trim(b), cv.orderOf(col)))
		if next == c.class { // no class but text can hold it
			next = class{kind: text}
		}
		c.class = next
	}
}

// fill converts the column under c.class. It returns the first row whose value
// does not fit, or -1. The class of a time column narrows on the way.
func (cv *converter) fill(c *column, col int, fixed bool) int {
	c.kind = c.class.storage()
	c.floats, c.ints, c.bools = nil, nil, nil
	switch c.class.kind {
	case none:
		return cv.nothing(c, col)
	case float:
		c.floats = cv.room(col)
		return cv.numbers(c, col, fixed)
	case intK:
		c.ints = asInts(cv.room(col))
		return cv.integers(c, col, fixed)
	case timeK:
		c.ints = asInts(cv.room(col))
		return cv.times(c, col, fixed)
	case boolK:
		c.bools = make([]bool, cv.t.rows)
		return cv.truths(c, col, fixed)
	}
	c.codes = make([]uint32, cv.t.rows)
	return cv.texts(c, col, fixed)
}

// value is the text of a field without its quotes, and whether it had any. It
// is good until the next call.
func (cv *converter) value(row, col int) (b []byte, quoted bool) {
	b = cv.t.field(row, col)
	if !cv.t.quotes || len(b) == 0 || b[0] != cv.quote {
		return b, false
	}
	return cv.unquote(b), true
}

// unquote takes the quotes off a well-formed quoted field.
func (cv *converter) unquote(b []byte) []byte {
	b = b[1 : len(b)-1]
	k := bytes.IndexByte(b, cv.quote)
	if k < 0 {
		return b
	}
	out := cv.scratch[:0]
	for ; k >= 0; k = bytes.IndexByte(b, cv.quote) {
		out = append(out, b[:k+1]...)
		b = b[k+2:]
	}
	cv.scratch = append(out, b...)
	return cv.scratch
}

// text is a distinct text of the column.
func (c *column) text(code uint32) string {
	start := uint32(0)
	if code > 0 {
		start = c.ends[code-1]
	}
	return c.texts[start:c.ends[code]]
}

// miss marks a row as without a value, in a column of n rows.
func (c *column) miss(row, n int) {
	if c.valid == nil {
		c.valid = table.NewBitmap(n)
		c.valid.SetAll(n)
	}
	c.valid.Clear(row)
}

// odd deals with a value that is not of the column's kind as it stands: it is
// missing (then the row is marked), or is returned for a second look.
func (cv *converter) odd(c *column, row, col int) (b []byte, missing bool) {
	raw, quoted := cv.value(row, col)
	b = trim(raw)
	if !cv.missing.has(b) {
		return b, false
	}
	switch {
	case quoted && len(raw) > 0:
		c.quoted++
	case cv.missing.weak(b):
		c.weak++
	}
	c.miss(row, cv.t.rows)
	return nil, true
}

// misfits counts a value that a fixed kind cannot hold.
func (cv *converter) misfits(c *column, row int, b []byte) {
	if c.misfit == 0 {
		c.example = string(b)
	}
	c.misfit++
	c.miss(row, cv.t.rows)
}

// nothing looks for the first value of a column that had none so far.
func (cv *converter) nothing(c *column, col int) int {
	for r := range cv.t.rows {
		if _, missing := cv.odd(c, r, col); !missing {
			return r
		}
	}
	return -1
}

func (cv *converter) numbers(c *column, col int, fixed bool) int {
	mark := byte('.')
	if c.class.forms == commaMark || cv.marks == commaMark {
		mark = ','
	}
	watch := cv.marks == pointMark|commaMark && c.class.forms == 0 // for the first decimal mark
	for r, n := 0, 0; r < len(c.floats); r += n {
		if n = min(batch, len(c.floats)-r); watch {
			n = 1
		}
		var odd oddRows
		if watch || cv.missing.numbers {
			odd.fill(n)
		} else {
			cv.t.fractions(c.floats[r:r+n], r, col, mark, &odd)
		}
		for row := range odd.all(r) {
			form, ok := cv.number(c, row, col, mark, fixed)
			if !ok {
				return row
			}
			if watch && form == fraction && bytes.IndexByte(cv.t.field(row, col), mark) >= 0 {
				c.class.forms, watch = pointMark, false
			}
		}
	}
	return -1
}

// number reads one number, or what stands in its place; false: it fits no
// column of numbers.
func (cv *converter) number(c *column, row, col int, mark byte, fixed bool) (numberForm, bool) {
	v, form := math.NaN(), notNumber
	if !cv.missing.numbers {
		v, form = parseFloat(cv.t.field(row, col), mark)
	}
	if form == notNumber {
		b, missing := cv.odd(c, row, col)
		if !missing {
			if v, form = parseFloat(b, mark); form == notNumber {
				if !fixed {
					return form, false
				}
				cv.misfits(c, row, b)
			}
		}
		if form == notNumber {
			v = math.NaN()
		}
	}
	c.floats[row] = v
	switch form {
	case rounded:
		c.rounded++
	case overflow:
		if c.overflow == 0 {
			b, _ := cv.value(row, col)
			c.example = string(b)
		}
		c.overflow++
		c.miss(row, cv.t.rows)
	}
	return form, true
}

func (cv *converter) integers(c *column, col int, fixed bool) int {
	out := c.ints
	t := cv.t
	for r := range out {
		if !cv.missing.numbers {
			if v, ok := fastInt(t.buf, t.start(r, col), int(t.ends[r*t.cols+col])); ok {
				out[r] = v
				continue
			}
		}
		v, ok := parseInt(t.field(r, col))
		if !ok || cv.missing.numbers {
			b, missing := cv.odd(c, r, col)
			if v, ok = parseInt(b); !ok && !missing {
				if !fixed {
					return r
				}
				cv.misfits(c, r, b)
			}
		}
		if uint64(v+1<<53) > 1<<54 && int64(float64(v)) != v {
			c.rounded++ // if the column turns out to be float
		}
		out[r] = v
	}
	return -1
}

func (cv *converter) truths(c *column, col int, fixed bool) int {
	for r := range c.bools {
		if b := cv.t.field(r, col); !cv.missing.bools && (string(b) == "True" || string(b) == "False") {
			c.bools[r] = b[0] == 'T'
			continue
		}
		c.bools[r] = false
		b, missing := cv.odd(c, r, col)
		switch {
		case missing:
		case foldEqual(b, "true"):
			c.bools[r] = true
		case foldEqual(b, "false"):
		case fixed:
			cv.misfits(c, r, b)
		default:
			return r
		}
	}
	return -1
}

func (cv *converter) times(c *column, col int, fixed bool) int {
	var m moment
	order := cv.orderOf(col)
	c.form = chosen(c.class.forms, order)
	var year yearStart
	for r := 0; r < len(c.ints); r++ {
		if c.class.forms == isoForm && !cv.missing.times {
			if v, ok := fastTime(cv.t.field(r, col), &year); ok {
				c.ints[r] = v
				continue
			}
		}
		c.ints[r] = 0
		b, missing := cv.odd(c, r, col)
		if missing {
			continue
		}
		forms := common(timeForms(b, &m, order), c.class.forms)
		if forms == 0 {
			if !fixed {
				return r
			}
			cv.misfits(c, r, b)
			continue
		}
		if forms != c.class.forms {
			c.class.forms = forms
			if form := chosen(forms, order); form != c.form { // begin again
				c.form, c.valid, c.tally, r = form, nil, tally{}, -1
				continue
			}
		}
		c.ints[r] = m.unix(c.form)
		if m.cut {
			c.cut++
		}
	}
	return -1
}

// timeForms is parseTime without the forms that the order rules out.
func timeForms(b []byte, m *moment, order DateOrder) uint8 {
	forms := parseTime(b, m)
	switch order {
	case MonthFirst:
		forms &^= dayForm
	case DayFirst:
		forms &^= monthForm
	}
	return common(forms, forms)
}

// texts keeps a column as text, in which a weak or quoted marker of a missing
// value is what it says; the empty field is missing in quotes too. Under the class wide
// every value must still be an integer.
func (cv *converter) texts(c *column, col int, fixed bool) int {
	w := cv.words.open(col, c.class)
	defer cv.words.close(col, w, c)
	t := cv.t
	for r := range c.codes {
		start, end := t.start(r, col), int(t.ends[r*t.cols+col])
		lo, hi, ok := key(t.buf, start, end)
		var at *short
		length := uint32(end-start) + 1
		if ok {
			if at = w.place(lo, hi, length); at.length != 0 {
				if at.code == absent {
					c.miss(r, t.rows)
				} else {
					c.codes[r] = at.code
				}
				continue
			}
		}
		code, plain, fits := cv.text(c, w, r, col, fixed)
		if !fits {
			return r
		}
		if code == absent {
			c.miss(r, t.rows)
		} else {
			c.codes[r] = code
		}
		if at != nil && plain {
			w.remember(at, short{lo, hi, length, code})
		}
	}
	return -1
}

// text is the code of a field, or absent; whether that is all there is to the
// field, and whether the class holds it.
func (cv *converter) text(c *column, w *words, row, col int, fixed bool) (code uint32, plain, fits bool) {
	b, quoted := cv.value(row, col)
	word := trim(b)
	switch {
	case cv.missing.has(word):
		switch {
		case quoted && len(b) > 0:
			c.quoted++
		case cv.missing.weak(word):
			c.weak++
		default:
			return absent, true, true
		}
		return w.code(b), false, true
	case c.class.kind == wide && !fixed:
		if k := cv.classify(word, DateAuto).kind; k != intK && k != wide {
			return 0, false, false
		}
	}
	return w.code(b), true, true
}

// classify is the class of one value, without spaces around it, of a column
// whose dates have that order.
func (cv *converter) classify(b []byte, order DateOrder) class {
	if cv.missing.has(b) {
		return class{kind: none}
	}
	if _, ok := parseInt(b); ok {
		return class{kind: intK}
	}
	for _, m := range [...]struct {
		form uint8
		mark byte
	}{{pointMark, '.'}, {commaMark, ','}} {
		if cv.marks&m.form == 0 {
			continue
		}
		switch _, form := parseFloat(b, m.mark); form {
		case integer, rounded:
			return class{kind: wide}
		case fraction, overflow:
			if bytes.IndexByte(b, m.mark) < 0 {
				return class{kind: float}
			}
			return class{float, m.form}
		}
	}
	if foldEqual(b, "true") || foldEqual(b, "false") {
		return class{kind: boolK}
	}
	var m moment
	if forms := timeForms(b, &m, order); forms != 0 {
		return class{timeK, forms}
	}
	return class{kind: text}
}
