package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A record is the text of one object, and where it begins.
type record struct {
	text   []byte // valid until the next record is read
	line   int64
	column int // of the first byte, 0-based
}

// where is the line and the column of a byte of the record, 1-based.
func (r *record) where(at int) (int64, int) {
	at = min(at, len(r.text))
	before := r.text[:at]
	if n := bytes.Count(before, []byte("\n")); n > 0 {
		return r.line + int64(n), at - bytes.LastIndexByte(before, '\n')
	}
	return r.line, r.column + at + 1
}

// A framer cuts a stream into records.
type framer struct {
	in     *stream
	name   string
	limit  int
	framed bool // records are found by their braces, not by lines
	array  bool
	first  bool // of an array: no element was read
	done   bool // of an array: it was closed
	line   int64
	column int
	long   []byte // a record that is longer than the stream's buffer
}

func newFramer(in *stream, name string, o *Options) (*framer, error) {
	f := &framer{in: in, name: name, limit: o.MaxLine, line: 1}
	if bom, _ := in.Peek(3); bytes.HasPrefix(bom, []byte("\xef\xbb\xbf")) {
		in.Discard(3)
		f.column = 3
	} else if bytes.HasPrefix(bom, []byte("\xff\xfe")) || bytes.HasPrefix(bom, []byte("\xfe\xff")) {
		return nil, &Error{File: name, Problem: InvalidUTF8, Text: "the text is UTF-16", Hint: "save it as UTF-8"}
	}
	b, err := f.skipSpace()
	if errors.Is(err, io.EOF) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	switch b {
	case '[':
		f.next()
		f.framed, f.array, f.first = true, true, true
	case '{':
		head, _ := in.Peek(min(in.Size(), f.limit))
		if end := bytes.IndexByte(head, '\n'); end >= 0 {
			f.framed = goesOn(head[:end])
		}
	default:
		return nil, f.error(NotJSON, fmt.Sprintf("the text begins with %q, want { or [", b), "give one JSON object a line")
	}
	return f, nil
}

// goesOn reports whether an object that begins a line is one that was laid out
// over several, not one that is cut short.
func goesOn(line []byte) bool {
	var s braces
	for _, b := range line {
		if s.step(b) {
			return false
		}
	}
	line = bytes.TrimSpace(line)
	return !s.quoted && bytes.IndexByte([]byte("{[,:"), line[len(line)-1]) >= 0
}

// braces follows how deep in objects and arrays a text is.
type braces struct {
	depth   int
	quoted  bool
	escaped bool
}

// step takes a byte, and reports whether it ends the value.
func (s *braces) step(b byte) bool {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted:
		s.escaped = b == '\\'
		s.quoted = b != '"'
	case b == '"':
		s.quoted = true
	case b == '{' || b == '[':
		s.depth++
	case b == '}' || b == ']':
		s.depth--
		return s.depth <= 0
	}
	return false
}

func (f *framer) error(p Problem, text, hint string) *Error {
	return &Error{File: f.name, Line: f.line, Column: f.column + 1, Problem: p, Text: text, Hint: hint}
}

// next takes a byte off the stream.
func (f *framer) next() (byte, error) {
	b, err := f.in.ReadByte()
	if err != nil {
		return 0, err
	}
	if b == '\n' {
		f.line, f.column = f.line+1, 0
	} else {
		f.column++
	}
	return b, nil
}

// skipSpace looks at the next byte that is not white space.
func (f *framer) skipSpace() (byte, error) {
	for {
		b, err := f.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if !space(b[0]) {
			return b[0], nil
		}
		f.next()
	}
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// read returns the next record, or io.EOF.
func (f *framer) read() (record, error) {
	if f.framed {
		return f.readFramed()
	}
	for {
		r := record{line: f.line, column: f.column}
		text, err := f.readLine()
		if err != nil {
			return r, err
		}
		if r.text = bytes.TrimRight(text, "\r\n"); len(bytes.TrimSpace(r.text)) > 0 {
			return r, nil
		}
	}
}

func (f *framer) readLine() ([]byte, error) {
	line, err := f.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		f.long = append(f.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(f.long) > f.limit {
				return nil, f.tooLong()
			}
			line, err = f.in.ReadSlice('\n')
			f.long = append(f.long, line...)
		}
		line = f.long
	}
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return nil, err
	}
	if len(line) > f.limit {
		return nil, f.tooLong()
	}
	f.line, f.column = f.line+1, 0
	return line, nil
}

func (f *framer) tooLong() *Error {
	return &Error{File: f.name, Line: f.line, Problem: LongLine, Text: fmt.Sprintf("an object is longer than %d bytes", f.limit),
		Hint: "check that each object has a line of its own"}
}

func (f *framer) readFramed() (record, error) {
	b, err := f.skipSpace()
	if errors.Is(err, io.EOF) && f.array && !f.done {
		return record{}, f.error(Syntax, "the array does not end", "fetch the file again: it is cut short")
	}
	if err != nil {
		return record{}, err
	}
	switch {
	case f.done:
		return record{}, f.error(Syntax, fmt.Sprintf("%q follows the array", b), "")
	case f.array && b == ']':
		f.next()
		f.done = true
		return f.readFramed()
	case f.array && !f.first:
		if b != ',' {
			return record{}, f.error(Syntax, fmt.Sprintf("%q where a comma should separate two objects", b), "")
		}
		f.next()
		if b, err = f.skipSpace(); err != nil && !errors.Is(err, io.EOF) {
			return record{}, err
		}
	}
	f.first = false
	if b != '{' && b != '[' {
		return record{}, f.error(Syntax, fmt.Sprintf("%q where an object should begin", b), "each row is an object, {\"name\": value}")
	}
	r := record{line: f.line, column: f.column}
	f.long = f.long[:0]
	var s braces
	for ended := false; !ended; {
		b, err := f.next()
		if errors.Is(err, io.EOF) {
			e := f.error(Syntax, "an object does not end", "check its quotes and braces")
			e.Line, e.Column = r.line, r.column+1
			return r, e
		}
		if err != nil {
			return r, err
		}
		if f.long = append(f.long, b); len(f.long) > f.limit {
			return r, f.tooLong()
		}
		ended = s.step(b)
	}
	r.text = f.long
	return r, nil
}
