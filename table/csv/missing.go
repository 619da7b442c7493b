package csv

import "strings"

// markers is the set of texts that mean "no value".
type markers struct {
	texts   map[string]bool // true: of WeakMissing
	first   [256]bool       // first bytes of texts, to answer no quickly
	longest int
	numbers bool // a marker, such as -999, looks like a number
	times   bool // or like a time, such as 1900-01-01
	bools   bool // or like true or false
}

func newMarkers(texts []string) *markers {
	m := &markers{texts: make(map[string]bool)}
	if texts == nil {
		texts = DefaultMissing()
		for _, word := range []string{"N/A", "NaN", "null"} {
			texts = append(texts, cases(word)...)
		}
		for _, t := range WeakMissing() {
			m.add(t, true)
		}
	}
	for _, t := range texts {
		m.add(t, false)
	}
	return m
}

func (m *markers) add(text string, weak bool) {
	if text == "" {
		return
	}
	m.texts[text] = weak
	m.first[text[0]] = true
	m.longest = max(m.longest, len(text))
	for _, mark := range []byte(".,") {
		_, form := parseFloat([]byte(text), mark)
		m.numbers = m.numbers || form != notNumber
	}
	m.times = m.times || parseTime([]byte(text), new(moment)) != 0
	m.bools = m.bools || foldEqual([]byte(text), "true") || foldEqual([]byte(text), "false")
}

// cases lists every way to write a word in lower and upper case.
func cases(word string) []string {
	out := []string{""}
	for _, r := range word {
		lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
		var next []string
		for _, prefix := range out {
			next = append(next, prefix+lower)
			if upper != lower {
				next = append(next, prefix+upper)
			}
		}
		out = next
	}
	return out
}

// has reports whether b, without spaces around it, means "no value".
func (m *markers) has(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if len(b) > m.longest || !m.first[b[0]] {
		return false
	}
	_, ok := m.texts[string(b)]
	return ok
}

// weak reports whether b, which means "no value", is text in a column of text.
func (m *markers) weak(b []byte) bool { return len(b) > 0 && m.texts[string(b)] }

// trim cuts spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
