// Package markup builds HTML and SVG in which everything that is not markup
// is escaped: text enters only through Text and through attribute values.
package markup

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HTML is markup that is safe to place in a page as it is.
type HTML string

// Attr are the names and values of attributes, in turn. Names are written by the
// program, never taken from data; values are escaped.
type Attr []string

// Text escapes text. What neither HTML nor XML can hold, such as NUL, becomes
// the replacement character, and so do the controls that reverse the order of
// the text that follows.
func Text(s string) HTML { return HTML(html.EscapeString(clean(s))) }

func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfffe, r == 0xffff:
			return '\ufffd'
		}
		return r
	}, s)
}

// El is an element. It is well-formed as XML too.
func El(tag string, attrs Attr, children ...HTML) HTML {
	var b strings.Builder
	open(&b, tag, attrs)
	b.WriteByte('>')
	for _, c := range children {
		b.WriteString(string(c))
	}
	b.WriteString("</" + tag + ">")
	return HTML(b.String())
}

// Void is an element without content, such as meta or rect.
func Void(tag string, attrs Attr) HTML {
	var b strings.Builder
	open(&b, tag, attrs)
	b.WriteString("/>")
	return HTML(b.String())
}

func open(b *strings.Builder, tag string, attrs Attr) {
	b.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		b.WriteString(" " + attrs[i] + `="` + string(Text(attrs[i+1])) + `"`)
	}
}

// Join puts one after another.
func Join(parts ...HTML) HTML {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(string(p))
	}
	return HTML(b.String())
}
