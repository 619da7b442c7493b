package csv

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// tokens are the field bounds of a chunk's rows, bad rows left out. Field c of
// row r ends before ends[r*cols+c], where its delimiter or newline is, and
// begins at starts[r] or after the delimiter before it.
type tokens struct {
	level  level
	buf    []byte
	cols   int
	rows   int
	starts []uint32
	ends   []uint32
	quotes bool // some field may be quoted
	lines  int64
	bad    []badRow

	records int // newlines outside of quoted fields
	look
}

// A level is what of the processor's instructions the loops over bytes use.
type level uint8

const (
	plain  level = iota // Go
	avx2                // with BMI
	avx512              // with BW, DQ, VL, VBMI2, VPOPCNTDQ: Ice Lake, Zen 4 and later
)

func newTokens() *tokens { return &tokens{level: best()} }

// A badRow is a row that could not be read, at a position in its chunk.
type badRow struct {
	pos     int
	problem Problem
	text    string
	hint    string
}

// start is where a field begins.
func (t *tokens) start(row, col int) int {
	if col == 0 {
		return int(t.starts[row])
	}
	return int(t.ends[row*t.cols+col-1]) + 1
}

// field is the text of a field as it stands, quotes included.
func (t *tokens) field(row, col int) []byte {
	return t.buf[t.start(row, col):t.ends[row*t.cols+col]]
}

// split finds the fields of a chunk, which begins with a record and ends with a
// newline.
func (t *tokens) split(buf []byte, cols int, d *Dialect) {
	t.buf, t.cols, t.rows, t.bad = buf, cols, 0, t.bad[:0]
	t.starts, t.ends = t.starts[:0], t.ends[:0]
	if t.walk(d) {
		t.splitPlain(d)
	} else {
		t.quotes = bytes.IndexByte(buf, d.quote()) >= 0
		t.look.at(buf, d.delimiter(), d.newline(), t.level)
		t.lines, t.records = int64(t.newlines), t.newlines
		if t.quotes {
			t.ends = t.ends[:0]
			t.splitQuoted(d)
		} else {
			t.ends = positions(t.ends[:0], t.masks)
			t.splitPlain(d)
		}
	}
	if t.nul || t.high && !utf8.Valid(buf) {
		t.dropUnreadable()
	}
}

// splitPlain makes rows of the ends, of which a chunk without oddities has the
// same number in every row.
func (t *tokens) splitPlain(d *Dialect) {
	buf, cols, newline := t.buf, t.cols, d.newline()
	even := len(t.ends) == t.records*cols
	for k := cols - 1; k < len(t.ends) && even; k += cols {
		even = buf[t.ends[k]] == newline
	}
	if !even || cols == 1 { // the one field of a row may be a blank line
		t.splitUneven(d)
		return
	}
	start := uint32(0)
	for k := cols - 1; k < len(t.ends); k += cols {
		p := t.ends[k]
		t.starts = append(t.starts, start)
		if newline == '\n' && p > start && buf[p-1] == '\r' {
			t.ends[k] = p - 1
		}
		start = p + 1
	}
	t.rows = len(t.starts)
}

// splitUneven sorts the rows that have too few or too many fields, and blank
// lines, out of the ends.
func (t *tokens) splitUneven(d *Dialect) {
	buf, newline := t.buf, d.newline()
	kept, first, start := 0, 0, uint32(0) // first: index of the row's first end
	for k, p := range t.ends {
		if buf[p] != newline {
			continue
		}
		end := p
		if end > start && newline == '\n' && buf[end-1] == '\r' {
			end--
		}
		switch n := k + 1 - first; {
		case n == 1 && end == start: // blank
		case n != t.cols:
			t.wrongCount(int(start), n)
		default:
			copy(t.ends[kept:], t.ends[first:k+1])
			kept += n
			t.ends[kept-1] = end
			t.starts = append(t.starts, start)
		}
		first, start = k+1, p+1
	}
	t.rows = len(t.starts)
	t.ends = t.ends[:kept]
}

// splitQuoted finds the fields of a chunk with quotes, one at a time.
func (t *tokens) splitQuoted(d *Dialect) {
	buf, quote, delimiter, newline := t.buf, d.quote(), d.delimiter(), d.newline()
	for i := 0; i < len(buf); {
		rowStart, first := len(t.ends), i
		problem := badRow{pos: -1}
		for {
			if buf[i] == quote {
				c := closingQuote(buf, i+1, quote)
				if c < 0 {
					problem = badRow{pos: i, problem: UnclosedQuote, text: "a quoted field is never closed",
						hint: "close the quote, or leave such rows out with --on-bad-row skip"}
					i = len(buf) - 1
					break
				}
				if n := buf[c+1]; n != delimiter && n != newline && (n != '\r' || buf[c+2] != newline) && problem.pos < 0 {
					problem = badRow{pos: c + 1, problem: AfterQuote, text: "there is text after the closing quote of a field",
						hint: "a quote inside a quoted field is written twice; leave such rows out with --on-bad-row skip"}
				}
				i = c + 1
			}
			if i = t.after(i); buf[i] == newline {
				break
			}
			t.ends = append(t.ends, uint32(i))
			i++
		}
		end := i
		i++
		if end > first && newline == '\n' && buf[end-1] == '\r' {
			end--
		}
		t.ends = append(t.ends, uint32(end))
		switch n := len(t.ends) - rowStart; {
		case problem.pos >= 0:
			t.bad = append(t.bad, problem)
		case n == 1 && end == first: // blank
		case n != t.cols:
			t.wrongCount(first, n)
		default:
			t.starts = append(t.starts, uint32(first))
			continue
		}
		t.ends = t.ends[:rowStart]
	}
	t.rows = len(t.starts)
}

func (t *tokens) wrongCount(pos, n int) {
	t.bad = append(t.bad, badRow{pos: pos, problem: FieldCount,
		text: fmt.Sprintf("the row has %s, the table has %s", plural(n, "field"), plural(t.cols, "column")),
		hint: "correct the row, or leave such rows out with --on-bad-row skip"})
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// dropUnreadable takes out the rows that hold NUL bytes or invalid UTF-8.
func (t *tokens) dropUnreadable() {
	kept := 0
	for r, first := range t.starts {
		ends := t.ends[r*t.cols : (r+1)*t.cols]
		start := int(first)
		row := t.buf[start:ends[t.cols-1]]
		if k := bytes.IndexByte(row, 0); k >= 0 {
			t.bad = append(t.bad, badRow{pos: start + k, problem: NulByte, text: "the row holds a NUL byte",
				hint: "UTF-16 without a byte order mark has them: convert it to UTF-8; or leave such rows out with --on-bad-row skip"})
			continue
		}
		if k := invalidUTF8(row); k >= 0 {
			t.bad = append(t.bad, badRow{pos: start + k, problem: InvalidUTF8,
				text: fmt.Sprintf("the byte 0x%02x is not UTF-8", row[k]),
				hint: "convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8; or leave such rows out with --on-bad-row skip"})
			continue
		}
		copy(t.ends[kept*t.cols:], ends)
		t.starts[kept] = first
		kept++
	}
	t.rows, t.starts, t.ends = kept, t.starts[:kept], t.ends[:kept*t.cols]
}

// invalidUTF8 is the position of the first byte that is not UTF-8, or -1.
func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
