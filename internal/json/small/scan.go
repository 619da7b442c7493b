package small

import (
	"fmt"
	"unicode/utf8"
)

// deepest is how far values may be nested.
const deepest = 10000

// A scanner walks over a text.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\n' || s.b[s.at] == '\t' || s.b[s.at] == '\r') {
		s.at++
	}
}

// peek is the next byte that is no space; 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at == len(s.b) {
		return 0
	}
	return s.b[s.at]
}

func (s *scanner) fail(want string) error {
	if s.at >= len(s.b) {
		return fmt.Errorf("JSON ends after %d bytes: want %s", len(s.b), want)
	}
	return fmt.Errorf("JSON, byte %d: %q: want %s", s.at, s.b[s.at], want)
}

// whole checks that the text is one value.
func (s *scanner) whole() error {
	if err := s.skip(0); err != nil {
		return err
	}
	if s.peek(); s.at != len(s.b) {
		return s.fail("the end")
	}
	return nil
}

// skip passes over a value, and checks it.
func (s *scanner) skip(depth int) error {
	switch c := s.peek(); c {
	case '{', '[':
		if depth == deepest {
			return fmt.Errorf("JSON, byte %d: values are nested more than %d deep", s.at, deepest)
		}
		end := c + 2 // ] follows [ by two, and } follows {
		s.at++
		if s.peek() == end {
			s.at++
			return nil
		}
		for {
			if c == '{' {
				if s.peek() != '"' {
					return s.fail("a name")
				}
				if err := s.text(); err != nil {
					return err
				}
				if s.peek() != ':' {
					return s.fail("a colon")
				}
				s.at++
			}
			if err := s.skip(depth + 1); err != nil {
				return err
			}
			switch s.peek() {
			case ',':
				s.at++
				continue
			case end:
				s.at++
				return nil
			}
			return s.fail("a comma or " + string(rune(end)))
		}
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) word(w string) error {
	for i := range len(w) {
		if s.at == len(s.b) || s.b[s.at] != w[i] {
			return s.fail(w)
		}
		s.at++
	}
	return nil
}

func (s *scanner) digits() error {
	from := s.at
	for s.at < len(s.b) && s.b[s.at] >= '0' && s.b[s.at] <= '9' {
		s.at++
	}
	if s.at == from {
		return s.fail("a digit")
	}
	return nil
}

func (s *scanner) is(chars string) bool {
	for i := range len(chars) {
		if s.at < len(s.b) && s.b[s.at] == chars[i] {
			s.at++
			return true
		}
	}
	return false
}

func (s *scanner) number() error {
	start := s.at
	if !s.is("-") && s.at < len(s.b) && (s.b[s.at] < '0' || s.b[s.at] > '9') {
		return s.fail("a value")
	}
	if !s.is("0") {
		if err := s.digits(); err != nil {
			if s.at == start {
				return s.fail("a value")
			}
			return err
		}
	}
	if s.is(".") {
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.is("eE") {
		s.is("+-")
		return s.digits()
	}
	return nil
}

// text passes over a string.
func (s *scanner) text() error {
	for s.at++; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.fail("no control character in a string")
		case c == '\\':
			s.at++
			if s.is("u") {
				for range 4 {
					if s.at == len(s.b) || hexDigit(s.b[s.at]) < 0 {
						return s.fail("four hexadecimal digits")
					}
					s.at++
				}
			} else if !s.is(`"\/bfnrt`) {
				return s.fail("an escape")
			}
			s.at--
		}
	}
	return s.fail("the end of a string")
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c - 'a' + 10)
	case c >= 'A' && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}

// Valid reports whether b is JSON.
func Valid(b []byte) bool { return (&scanner{b: b}).whole() == nil }

// Compact is b without the space between its parts.
func Compact(b []byte) ([]byte, error) {
	if err := (&scanner{b: b}).whole(); err != nil {
		return nil, err
	}
	return appendCompact(nil, b, false), nil
}

// appendCompact appends JSON without space, with what HTML would take for
// markup escaped if so wanted.
func appendCompact(to, b []byte, escape bool) []byte {
	inText := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case !inText && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
		case inText && c == '\\':
			to = append(to, c, b[i+1])
			i++
		case escape && (c == '<' || c == '>' || c == '&'):
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case escape && c == 0xe2 && i+2 < len(b) && b[i+1] == 0x80 && b[i+2]&^1 == 0xa8: // U+2028 and U+2029
			to = append(to, '\\', 'u', '2', '0', '2', hex[b[i+2]&15])
			i += 2
		default:
			inText = inText != (c == '"')
			to = append(to, c)
		}
	}
	return to
}

const hex = "0123456789abcdef"

// indented is compact JSON laid out over lines, each level indented.
func indented(b []byte, prefix, indent string) []byte {
	var to []byte
	depth := 0
	line := func() {
		to = append(append(to, '\n'), prefix...)
		for range depth {
			to = append(to, indent...)
		}
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			s := scanner{b, i}
			_ = s.text() // valid: it was written here
			to = append(to, b[i:s.at]...)
			i = s.at - 1
		case '{', '[':
			to = append(to, c)
			if b[i+1] == c+2 {
				to = append(to, b[i+1])
				i++
				continue
			}
			depth++
			line()
		case '}', ']':
			depth--
			line()
			to = append(to, c)
		case ',':
			to = append(to, c)
			line()
		case ':':
			to = append(to, ':', ' ')
		default:
			to = append(to, c)
		}
	}
	return to
}

// unquoted is the text that a valid string stands for.
func unquoted(s []byte) []byte {
	s = s[1 : len(s)-1]
	plain := true
	for _, c := range s {
		plain = plain && c != '\\' && c < utf8.RuneSelf
	}
	if plain {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			r, n := utf8.DecodeRune(s[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		i += 2
		switch c := s[i-1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := code(s[i:])
			i += 4
			if r>>11 == 0xd800>>11 { // a surrogate: half of a pair, or nothing
				low := rune(-1)
				if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
					low = code(s[i+2:])
				}
				if r < 0xdc00 && low>>10 == 0xdc00>>10 {
					r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
	}
	return out
}

// code is the number of an escape's four digits.
func code(s []byte) (r rune) {
	for _, c := range s[:4] {
		r = r<<4 | hexDigit(c)
	}
	return r
}
