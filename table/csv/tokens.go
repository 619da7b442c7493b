package csv

import (
	"bytes"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// tokens are the field bounds of a chunk's rows, bad rows left out.
//
// Row r owns cols+1 bounds: the start of each field, and one past the delimiter
// that would follow the last. Field c is buf[bounds[c] : bounds[c+1]-1].
type tokens struct {
	buf    []byte
	cols   int
	rows   int
	bounds []uint32
	quotes bool // some field may be quoted
	lines  int64
	bad    []badRow
	masks  []uint64
}

// A badRow is a row that could not be read, at a position in its chunk.
type badRow struct {
	pos     int
	problem Problem
	text    string
	hint    string
}

// field is the text of a field as it stands, quotes included.
func (t *tokens) field(row, col int) []byte {
	k := row*(t.cols+1) + col
	return t.buf[t.bounds[k] : t.bounds[k+1]-1]
}

// split finds the fields of a chunk, which begins with a record and ends with a
// newline.
func (t *tokens) split(buf []byte, cols int, d *Dialect) {
	t.buf, t.cols, t.rows, t.bad = buf, cols, 0, t.bad[:0]
	t.bounds = t.bounds[:0]
	t.quotes = bytes.IndexByte(buf, d.quote()) >= 0
	if t.quotes {
		t.splitQuoted(d)
	} else {
		t.splitPlain(d)
	}
	t.lines = int64(bytes.Count(buf, []byte{d.newline()}))
	if bytes.IndexByte(buf, 0) >= 0 || !utf8.Valid(buf) {
		t.dropUnreadable(d)
	}
}

// splitPlain finds the fields of a chunk without quotes: structural marks 64
// bytes at a time, then one step a field.
func (t *tokens) splitPlain(d *Dialect) {
	buf, newline := t.buf, d.newline()
	t.masks = marksOf(t.masks[:0], buf, d.delimiter(), newline)
	width := t.cols + 1
	bounds := append(t.bounds, 0)
	rowStart := 0 // index in bounds of the row's first field
	for w, mask := range t.masks {
		base := uint32(w * 64)
		if cap(bounds)-len(bounds) < 130 {
			bounds = append(make([]uint32, 0, 2*cap(bounds)+256), bounds...)
		}
		for ; mask != 0; mask &= mask - 1 {
			p := base + uint32(bits.TrailingZeros64(mask))
			if buf[p] != newline {
				bounds = append(bounds, p+1)
				continue
			}
			end := p
			if end > bounds[rowStart] && newline == '\n' && buf[end-1] == '\r' {
				end--
			}
			bounds = append(bounds, end+1)
			switch {
			case len(bounds)-rowStart == width && (width > 2 || end > bounds[rowStart]):
				t.rows++
			case len(bounds)-rowStart == 2 && end == bounds[rowStart]: // blank
				bounds = bounds[:rowStart]
			default:
				t.wrongCount(int(bounds[rowStart]), len(bounds)-rowStart-1)
				bounds = bounds[:rowStart]
			}
			rowStart = len(bounds)
			bounds = append(bounds, p+1)
		}
	}
	t.bounds = bounds
}

// splitQuoted finds the fields of a chunk with quotes, one at a time.
func (t *tokens) splitQuoted(d *Dialect) {
	buf, quote, delimiter, newline := t.buf, d.quote(), d.delimiter(), d.newline()
	for i := 0; i < len(buf); {
		rowStart, first := len(t.bounds), i
		problem := badRow{pos: -1}
		for {
			t.bounds = append(t.bounds, uint32(i))
			if i < len(buf) && buf[i] == quote {
				c := closingQuote(buf, i+1, quote)
				if c < 0 {
					problem = badRow{pos: i, problem: UnclosedQuote, text: "a quoted field is never closed",
						hint: "close the quote, or leave such rows out with --on-bad-row skip"}
					i = len(buf)
					break
				}
				if n := buf[c+1]; n != delimiter && n != newline && (n != '\r' || buf[c+2] != newline) && problem.pos < 0 {
					problem = badRow{pos: c + 1, problem: AfterQuote, text: "there is text after the closing quote of a field",
						hint: "a quote inside a quoted field is written twice; leave such rows out with --on-bad-row skip"}
				}
				i = c + 1
			}
			for i < len(buf) && buf[i] != delimiter && buf[i] != newline {
				i++
			}
			if i < len(buf) && buf[i] == delimiter {
				i++
				continue
			}
			break
		}
		end := i // at the newline
		i++
		if end > first && end <= len(buf) && newline == '\n' && buf[end-1] == '\r' {
			end--
		}
		t.bounds = append(t.bounds, uint32(end+1))
		n := len(t.bounds) - rowStart - 1
		switch {
		case problem.pos >= 0:
			t.bad = append(t.bad, problem)
			t.bounds = t.bounds[:rowStart]
		case n == t.cols && (n > 1 || end > first):
			t.rows++
		case n == 1 && end == first: // blank
			t.bounds = t.bounds[:rowStart]
		default:
			t.wrongCount(first, n)
			t.bounds = t.bounds[:rowStart]
		}
	}
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
func (t *tokens) dropUnreadable(d *Dialect) {
	width := t.cols + 1
	kept := 0
	for r := range t.rows {
		b := t.bounds[r*width : (r+1)*width]
		start := int(b[0])
		row := t.buf[start : b[t.cols]-1]
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
		copy(t.bounds[kept*width:], b)
		kept++
	}
	t.rows = kept
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
