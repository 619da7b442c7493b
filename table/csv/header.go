package csv

import (
	"fmt"
	"strconv"
)

// headed guesses whether the first record names the columns. It does, unless it
// has a value, and every value in it fits a column of the rows below; integers
// count as names where they number the columns (0, 1, 2, ...) or are years
// beside a word.
func (cv *converter) headed(rows [][][]byte) bool {
	first := make([]class, len(rows[0]))
	values, words := 0, 0
	for i, f := range rows[0] {
		first[i] = cv.classify(cv.plain(f), cv.order)
		switch first[i].kind {
		case none:
			if cv.missing.weak(cv.plain(f)) { // na may be sodium
				words++
			}
		case text:
			words++
		default:
			values++
		}
	}
	if values == 0 {
		return words > 0
	}
	if len(rows) > 1 && cv.numbered(rows[0], words) {
		return true
	}
	for i, c := range first {
		if c.kind == none {
			continue
		}
		below := class{}
		for _, r := range rows[1:] {
			if i < len(r) {
				below = join(below, cv.classify(cv.plain(r[i]), cv.order))
			}
		}
		if above(c, below) {
			return true
		}
	}
	return false
}

// above reports whether a value cannot be of the column below it: a word over
// values, or a value over values of another kind.
func above(c, below class) bool {
	switch {
	case below.kind == none || below.kind == text:
		return false
	case c.kind == text:
		return true
	}
	return join(c, below).kind == text
}

// plain is a raw field of a sample without quotes and spaces around it.
func (cv *converter) plain(f []byte) []byte {
	if wellQuoted(f, cv.quote) {
		f = cv.unquote(f)
	}
	return trim(f)
}

// wellQuoted reports whether a raw field is quoted, to its end.
func wellQuoted(f []byte, quote byte) bool {
	return len(f) > 1 && f[0] == quote && closingQuote(f, 1, quote) == len(f)-1
}

// numbered reports whether a record is 0, 1, 2, ... (the first may be empty),
// or words and at least two years in even steps.
func (cv *converter) numbered(record [][]byte, words int) bool {
	if len(record) < 3 {
		return false
	}
	counting := words == 0
	var years []int
	for i, f := range record {
		v, err := strconv.Atoi(string(cv.plain(f)))
		if err != nil {
			counting = counting && i == 0
			continue
		}
		want := i
		if len(cv.plain(record[0])) == 0 {
			want--
		}
		counting = counting && v == want
		years = append(years, v)
	}
	if counting {
		return true
	}
	if words == 0 || len(years) < 2 || len(years)+words < len(record) {
		return false
	}
	for i, y := range years {
		if y < 1000 || y > 2999 || i > 0 && (y <= years[i-1] || y-years[i-1] != years[1]-years[0]) {
			return false
		}
	}
	return true
}

// nameColumns takes the names from the header. A name that stands twice gets a
// number, an empty one its position; both are noted.
func (l *layout) nameColumns(cv *converter, header [][]byte) {
	taken := make(map[string]bool, len(header))
	names := make([]string, len(header))
	for i, f := range header {
		if wellQuoted(f, cv.quote) {
			names[i] = string(cv.unquote(f))
		} else {
			names[i] = string(trim(f))
		}
		taken[names[i]] = true
	}
	used := make(map[string]bool, len(header))
	next := make(map[string]int)
	for i, name := range names {
		if name != "" && !used[name] {
			used[name] = true
			continue
		}
		fresh := fmt.Sprintf("column_%d", i+1)
		for n := max(2, next[name]); name != "" || taken[fresh]; n++ {
			if name != "" {
				fresh = fmt.Sprintf("%s_%d", name, n)
				next[name] = n + 1
			} else {
				fresh += "_"
			}
			if !taken[fresh] {
				break
			}
		}
		taken[fresh], used[fresh] = true, true
		names[i] = fresh
		if name == "" {
			l.notes = append(l.notes, Note{Column: fresh, Text: fmt.Sprintf("column %d has no name in the header", i+1)})
		} else {
			l.notes = append(l.notes, Note{Column: fresh, Text: fmt.Sprintf("the name %q stands twice in the header", name)})
		}
	}
	l.names = names
}
