package main

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shown is a terminal that is written names and values of users: of what
// would command it, only colours get through.
type shown struct{ io.Writer }

// onScreen is w, guarded where it is a terminal.
func onScreen(w io.Writer) io.Writer {
	if _, ok := w.(shown); ok || !terminal(w) {
		return w
	}
	return shown{w}
}

// Write implements io.Writer.
func (s shown) Write(b []byte) (int, error) {
	if _, err := io.WriteString(s.Writer, harmless(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// harmless is text without control characters but the ends of lines, tabs and
// colours: a name may not move the cursor, nor set the clipboard or the title.
func harmless(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if c := colour(text); c > 0 {
			n = c
		} else if n == 1 && r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			b.WriteRune(utf8.RuneError)
			text = text[n:]
			continue
		}
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String()
}

// colour is the length of the colour that text begins with, or 0.
func colour(text string) int {
	rest, ok := strings.CutPrefix(text, "\x1b[")
	if !ok {
		return 0
	}
	after := strings.TrimLeft(rest, "0123456789;")
	if !strings.HasPrefix(after, "m") {
		return 0
	}
	return len(text) - len(after) + 1
}
