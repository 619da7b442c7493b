package csv

import "strings"

// markers is the set of texts that mean "no value".
type markers struct {
	texts   map[string]bool
	first   [256]bool // first bytes of texts, to answer no quickly
	longest int
	numbers bool // a marker, such as -999, looks like a number
}

func newMarkers(texts []string) *markers {
	m := &markers{texts: make(map[string]bool)}
	if texts == nil {
		texts = DefaultMissing()
		for _, word := range []string{"N/A", "NaN", "null"} {
			texts = append(texts, cases(word)...)
		}
	}
	for _, t := range texts {
		if t == "" {
			continue
		}
		m.texts[t] = true
		m.first[t[0]] = true
		m.longest = max(m.longest, len(t))
		for _, mark := range []byte(".,") {
			_, form := parseFloat([]byte(t), mark)
			m.numbers = m.numbers || form != notNumber
		}
	}
	return m
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
	return len(b) == 0 || len(b) <= m.longest && m.first[b[0]] && m.texts[string(b)]
}

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
