package csv

import (
	"bytes"
	"errors"
	"io"

	"github.com/runnel-dev/runnel/table/unpack"
)

// A splitter cuts a stream into chunks that begin and end at record ends.
type splitter struct {
	r     io.Reader
	d     *Dialect
	size  int // bytes wanted in a chunk
	max   int // bytes allowed in a record
	level level
	carry []byte
	eof   bool
}

// next returns the next chunk, in buf where it fits. Its last byte is a
// newline, added if the stream lacks the last one. A record whose quote never
// closes ends with the first newline in the quoted field, so that the parser
// meets the quote open and the rest of the stream is not swallowed.
func (s *splitter) next(buf []byte) ([]byte, error) {
	buf = append(buf[:0], s.carry...)
	s.carry = s.carry[:0]
	want := s.size
	for {
		if err := s.fill(&buf, want); err != nil {
			return nil, err
		}
		if s.eof {
			if len(buf) == 0 {
				return nil, io.EOF
			}
			if buf[len(buf)-1] != s.d.newline() {
				buf = append(buf, s.d.newline())
			}
		}
		end, open := s.cut(buf)
		if end == 0 && open >= 0 && (s.eof || len(buf) > s.max) {
			end = open + 1 + bytes.IndexByte(buf[open:], s.d.newline())
			if end <= open {
				end = 0
			}
		} else if s.eof && open < 0 {
			end = len(buf)
		}
		if end > 0 {
			s.carry = append(s.carry, buf[end:]...)
			return buf[:end], nil
		}
		if len(buf) > s.max {
			return nil, longLine(1, s.max)
		}
		want = max(want, len(buf)) * 2
	}
}

// cut is lastRecordEnd, by a quicker road where there are quotes and none is in
// an odd place.
func (s *splitter) cut(buf []byte) (end, open int) {
	if bytes.IndexByte(buf, s.d.quote()) >= 0 {
		if end, ok := recordEnd(buf, s.d, s.level); ok && end > 0 && !s.eof {
			return end, -1
		}
	}
	return lastRecordEnd(buf, s.d, s.eof)
}

// longLine is the error for a record beyond Options.MaxLine.
func longLine(line int64, limit int) *Error {
	return &Error{Line: line, Problem: LongLine, Text: "the record is longer than " + unpack.Size(int64(limit)),
		Hint: "is it CSV, and is every quote closed?"}
}

// fill reads until buf holds want bytes or the stream ends.
func (s *splitter) fill(buf *[]byte, want int) error {
	b := *buf
	if cap(b) < want+1 {
		b = append(make([]byte, 0, want+want/8+1), b...)
	}
	for len(b) < want && !s.eof {
		n, err := s.r.Read(b[len(b):want])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			s.eof = true
		} else if err != nil {
			return err
		}
	}
	*buf = b
	return nil
}

// lastRecordEnd is the length of the longest prefix of b, which begins with a
// record, that ends with one; and the position of the quote that is open at the
// end of b, or -1. At the end of a stream (final) a closing quote may be last.
//
// It walks from quote to quote: a quote opens a field only at its beginning,
// and inside a field a doubled quote is text.
func lastRecordEnd(b []byte, d *Dialect, final bool) (end, open int) {
	quote, newline := d.quote(), d.newline()
	from := 0 // after the last closed quoted field
	for i := 0; ; {
		q := bytes.IndexByte(b[i:], quote)
		if q < 0 {
			break
		}
		q += i
		if q > 0 && b[q-1] != d.delimiter() && b[q-1] != newline {
			i = q + 1
			continue
		}
		if k := bytes.LastIndexByte(b[from:q], newline); k >= 0 {
			end = from + k + 1
		}
		c := closingQuote(b, q+1, quote)
		if c < 0 || c == len(b)-1 && !final {
			return end, q
		}
		from = c + 1
		i = from
	}
	if k := bytes.LastIndexByte(b[from:], newline); k >= 0 {
		end = from + k + 1
	}
	return end, -1
}

// closingQuote finds the quote at or after i that is not doubled; -1 when there
// is none.
func closingQuote(b []byte, i int, quote byte) int {
	for {
		k := bytes.IndexByte(b[i:], quote)
		if k < 0 {
			return -1
		}
		i += k
		if i+1 >= len(b) || b[i+1] != quote {
			return i
		}
		i += 2
	}
}
