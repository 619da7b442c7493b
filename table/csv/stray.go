package csv

import (
	"fmt"

	"github.com/runnel-dev/runnel/table"
)

const (
	strayLooks = 1000 // distinct values that are looked at, of a column of text
	strayShare = 0.9  // of them of one kind, for the others to be strays
)

// explain notes for a column of text, nearly all of whose values are numbers,
// dates or bools, which value makes it text: it may be a slip of the pen.
func (s *survey) explain(t *table.Table) {
	cv := &converter{rules: newRules(s.layout, s.o)}
	for i, c := range t.Columns {
		if s.fixed[i] || s.classes[i].kind != text {
			continue
		}
		of := make(map[string]int)
		n := 0
		for _, value := range c.Dict[:min(len(c.Dict), strayLooks)] {
			if what := cv.classify(trim([]byte(value)), cv.orderOf(i)).word(); what != "" {
				of[what]++
				n++
			}
		}
		for _, what := range []string{"number", "date", "bool"} {
			if n > 1 && float64(of[what]) >= strayShare*float64(n) {
				cv.stray(s, c, what, cv.orderOf(i))
			}
		}
	}
}

// stray notes the first value of a column that is not of a kind, or is not
// written as those before it.
func (cv *converter) stray(s *survey, c *table.Column, what string, order DateOrder) {
	var before class
	for code, value := range c.Dict {
		is := cv.classify(trim([]byte(value)), order)
		next := join(before, is)
		if next.kind != text && (is.kind == none || is.word() == what) {
			before = next
			continue
		}
		row, count := 0, int64(0)
		for r, k := range c.Codes {
			if int(k) == code && !c.Missing(r) {
				if count++; count == 1 {
					row = r + 1
				}
			}
		}
		why := fmt.Sprintf("is no %s, as nearly all others are", what)
		if is.word() == what {
			why = fmt.Sprintf("is another way to write a %s than those before it", what)
		}
		s.report.note(c.Name, count, fmt.Sprintf("kept as text: %q, first in row %d, %s", clip(value), row, why))
		return
	}
}

// word says what a value of the class is; "" of one that is missing.
func (c class) word() string {
	switch {
	case c.kind == none:
		return ""
	case c.numeric():
		return "number"
	case c.kind == timeK:
		return "date"
	case c.kind == boolK:
		return "bool"
	}
	return "text"
}
