package jsonl

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// A form is what a value is in JSON.
type form uint8

const (
	null form = iota
	integer
	fraction // with a point or an exponent, or Infinity
	boolean
	text
	nested
)

// A value is a value as it is written. A text is without its quotes, and with
// its escapes resolved.
type value struct {
	form form
	raw  []byte
}

// A parser reads the keys and values of an object.
type parser struct {
	b       []byte
	i       int
	scratch []byte // of the texts of one object that have escapes
}

// object calls each with every key and value. It returns what is wrong with the
// object, if anything.
func (p *parser) object(b []byte, each func(at int, key []byte, v value) *fault) *fault {
	p.b, p.i, p.scratch = b, 0, p.scratch[:0]
	if !utf8.Valid(b) {
		at := 0
		for {
			r, n := utf8.DecodeRune(b[at:])
			if r == utf8.RuneError && n <= 1 {
				return &fault{at, InvalidUTF8, fmt.Sprintf("the byte %#02x is not UTF-8", b[at]), "save the file as UTF-8"}
			}
			at += n
		}
	}
	if f := p.expect('{', "an object"); f != nil {
		return f
	}
	p.space()
	if p.peek() == '}' {
		p.i++
		return p.end()
	}
	for {
		p.space()
		at := p.i
		if p.peek() != '"' {
			return p.unexpected("a key in double quotes")
		}
		key, f := p.text()
		if f != nil {
			return f
		}
		if f := p.expect(':', "a colon after the key"); f != nil {
			return f
		}
		p.space()
		v, f := p.value()
		if f != nil {
			return f
		}
		if f := each(at, key, v); f != nil {
			return f
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			return p.end()
		default:
			return p.unexpected("a comma or }")
		}
	}
}

// end reports what follows the object.
func (p *parser) end() *fault {
	p.space()
	if p.i < len(p.b) {
		return p.unexpected("the end of the line")
	}
	return nil
}

func (p *parser) space() {
	for p.i < len(p.b) && space(p.b[p.i]) {
		p.i++
	}
}

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *parser) expect(b byte, what string) *fault {
	p.space()
	if p.peek() != b {
		return p.unexpected(what)
	}
	p.i++
	return nil
}

func (p *parser) unexpected(want string) *fault {
	if p.i >= len(p.b) {
		return &fault{p.i, Syntax, "the object is cut short, want " + want, ""}
	}
	if p.b[p.i] == 0 {
		return &fault{p.i, NulByte, "a NUL byte", "the file is damaged, or is not text"}
	}
	r, _ := utf8.DecodeRune(p.b[p.i:])
	return &fault{p.i, Syntax, fmt.Sprintf("%q, want %s", r, want), ""}
}

func (p *parser) value() (value, *fault) {
	switch b := p.peek(); {
	case b == '"':
		s, f := p.text()
		return value{text, s}, f
	case b == '{' || b == '[':
		return p.nested()
	case b == '-' || b >= '0' && b <= '9':
		return p.number()
	}
	for _, w := range [...]struct {
		word string
		form form
	}{{"null", null}, {"true", boolean}, {"false", boolean}, {"NaN", null}, {"Infinity", fraction}} {
		if bytes.HasPrefix(p.b[p.i:], []byte(w.word)) {
			return p.take(w.form, len(w.word)), nil
		}
	}
	return value{}, p.unexpected("a value")
}

func (p *parser) take(f form, n int) value {
	v := value{f, p.b[p.i : p.i+n]}
	p.i += n
	return v
}

// number reads a number by the grammar of RFC 8259, or -Infinity.
func (p *parser) number() (value, *fault) {
	start := p.i
	if p.peek() == '-' {
		p.i++
		if bytes.HasPrefix(p.b[p.i:], []byte("Infinity")) {
			p.i = start
			return p.take(fraction, len("-Infinity")), nil
		}
	}
	form := integer
	whole := p.digits()
	if whole == 0 || whole > 1 && p.b[p.i-whole] == '0' {
		p.i -= whole
		return value{}, p.unexpected("a number without leading zeros")
	}
	if p.peek() == '.' {
		form = fraction
		p.i++
		if p.digits() == 0 {
			return value{}, p.unexpected("a digit")
		}
	}
	if b := p.peek(); b == 'e' || b == 'E' {
		form = fraction
		p.i++
		if b := p.peek(); b == '+' || b == '-' {
			p.i++
		}
		if p.digits() == 0 {
			return value{}, p.unexpected("a digit")
		}
	}
	raw := p.b[start:p.i]
	if form == integer && string(raw) == "-0" {
		raw = raw[1:]
	}
	return value{form, raw}, nil
}

func (p *parser) digits() int {
	start := p.i
	for p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
		p.i++
	}
	return p.i - start
}

// nested passes over an object or array, whose text is checked when it is kept.
func (p *parser) nested() (value, *fault) {
	start := p.i
	var s braces
	for p.i < len(p.b) {
		b := p.b[p.i]
		if b < ' ' && s.quoted {
			break
		}
		p.i++
		if s.step(b) {
			return value{nested, p.b[start:p.i]}, nil
		}
	}
	return value{}, p.unexpected("the end of a nested value")
}

// text reads a string.
func (p *parser) text() ([]byte, *fault) {
	p.i++
	start := p.i
	for p.i < len(p.b) {
		switch b := p.b[p.i]; {
		case b == '"':
			p.i++
			return p.b[start : p.i-1], nil
		case b == '\\':
			return p.escaped(start)
		case b < ' ':
			return nil, p.unexpected("no control character in a string")
		}
		p.i++
	}
	return nil, p.unexpected("the end of a string")
}

// escaped reads on in a string in which there is an escape.
func (p *parser) escaped(start int) ([]byte, *fault) {
	from := len(p.scratch)
	out := append(p.scratch, p.b[start:p.i]...)
	for p.i < len(p.b) {
		switch b := p.b[p.i]; {
		case b == '"':
			p.i++
			p.scratch = out
			return out[from:len(out):len(out)], nil
		case b < ' ':
			return nil, p.unexpected("no control character in a string")
		case b != '\\':
			out = append(out, b)
			p.i++
		default:
			r, f := p.escape()
			if f != nil {
				return nil, f
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return nil, p.unexpected("the end of a string")
}

func (p *parser) escape() (rune, *fault) {
	at := p.i
	p.i++
	b := p.peek()
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), b); i >= 0 {
		p.i++
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if b != 'u' {
		return 0, p.unexpected(`one of "\/bfnrtu after a backslash`)
	}
	p.i++
	r, f := p.hex()
	if f != nil {
		return 0, f
	}
	if r == 0 {
		return 0, &fault{at, NulByte, `a NUL character, \u0000`, "remove it: text has none"}
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if bytes.HasPrefix(p.b[p.i:], []byte(`\u`)) {
		p.i += 2
		low, f := p.hex()
		if f != nil {
			return 0, f
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, &fault{at, InvalidUTF8, "half of a surrogate pair", "write the character in full"}
}

func (p *parser) hex() (rune, *fault) {
	var r rune
	for range 4 {
		b := p.peek()
		switch {
		case b >= '0' && b <= '9':
			r = r<<4 | rune(b-'0')
		case b|32 >= 'a' && b|32 <= 'f':
			r = r<<4 | rune(b|32-'a'+10)
		default:
			return 0, p.unexpected("four hexadecimal digits")
		}
		p.i++
	}
	return r, nil
}
