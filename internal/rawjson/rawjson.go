// Package rawjson takes JSON objects apart and writes strings without reflection,
// for small messages where encoding/json costs more than the work: in a WASM
// guest it takes a hundred microseconds for an event.
package rawjson

import (
	"fmt"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/json/small"
)

// Object calls each with the name and the text of every member of an object, in
// order. The text is a part of b, without space around it. What is wrong inside
// a value is found when the value is read.
func Object(b []byte, each func(name string, value []byte) error) error {
	return walk(b, '{', '}', func(s *scanner) error {
		from := s.at
		if err := s.value(); err != nil {
			return err
		}
		name, err := String(s.b[from:s.at])
		if err != nil {
			return err
		}
		s.space()
		if !s.take(':') {
			return s.fail("a colon")
		}
		s.space()
		from = s.at
		if err := s.value(); err != nil {
			return err
		}
		return each(name, s.b[from:s.at])
	})
}

// Array calls each with the text of every element of an array, in order.
func Array(b []byte, each func(value []byte) error) error {
	return walk(b, '[', ']', func(s *scanner) error {
		from := s.at
		if err := s.value(); err != nil {
			return err
		}
		return each(s.b[from:s.at])
	})
}

// String reads a string.
func String(b []byte) (string, error) {
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' && plain(b[1:n-1]) {
		return string(b[1 : n-1]), nil
	}
	var s string
	err := json.Unmarshal(b, &s)
	return s, err
}

// plain reports whether the inside of a string stands for itself.
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// AppendString writes a string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(b []byte, s string) []byte { return small.AppendString(b, s, true) }

// walk calls element at the start of each element of an object or array, which b
// is and nothing else.
func walk(b []byte, open, end byte, element func(*scanner) error) error {
	s := &scanner{b: b}
	s.space()
	if !s.take(open) {
		return s.fail(string(open))
	}
	for first := true; ; first = false {
		s.space()
		if s.take(end) {
			break
		}
		if !first {
			if !s.take(',') {
				return s.fail("a comma")
			}
			s.space()
		}
		if err := element(s); err != nil {
			return err
		}
	}
	s.space()
	if s.at != len(b) {
		return s.fail("the end")
	}
	return nil
}

type scanner struct {
	b  []byte
	at int
}

func (s *scanner) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\n' || s.b[s.at] == '\t' || s.b[s.at] == '\r') {
		s.at++
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) fail(want string) error {
	return fmt.Errorf("JSON: byte %d of %d: want %s", s.at, len(s.b), want)
}

// value passes over a value.
func (s *scanner) value() error {
	depth := 0
	for from := s.at; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '"':
			if err := s.text(); err != nil {
				return err
			}
			s.at-- // the loop goes on behind it
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return s.ended(from)
			}
			depth--
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return s.ended(from)
			}
			continue
		default:
			continue // of a number or a word
		}
		if depth == 0 {
			s.at++
			return nil
		}
	}
	return s.fail("the end of a value")
}

// ended is the end of a number or a word.
func (s *scanner) ended(from int) error {
	if s.at == from {
		return s.fail("a value")
	}
	return nil
}

// text passes over a string.
func (s *scanner) text() error {
	for s.at++; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return nil
		}
	}
	return s.fail("the end of a string")
}
