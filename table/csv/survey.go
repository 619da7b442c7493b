package csv

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/runnel-dev/runnel/table"
)

// A survey gathers what the values of a file's columns can be.
type survey struct {
	o       *Options
	layout  *layout
	hints   []atomic.Uint32 // the class that a column is known to need, so far
	fixed   []bool          // by Options.Kinds
	classes []class         // of the pieces taken
	tallies []tally
	report  Report
}

func newSurvey(src *Source, o *Options, l *layout) (*survey, error) {
	n := len(l.names)
	s := &survey{o: o, layout: l, hints: make([]atomic.Uint32, n), fixed: make([]bool, n), classes: make([]class, n), tallies: make([]tally, n)}
	s.report.Notes = slices.Clone(l.notes)
	absent := func(option, name string) error {
		return &Error{File: src.Name, Problem: BadOption, Text: fmt.Sprintf("%s names a column %q, the file has %s", option, name, abridged(l.names)),
			Hint: "correct the name"}
	}
	for name := range o.DateOrders {
		if !o.SkipAbsent && !slices.Contains(l.names, name) {
			return nil, absent("DateOrders", name)
		}
	}
	for name, kind := range o.Kinds {
		i := slices.Index(l.names, name)
		switch {
		case i < 0 && o.SkipAbsent:
			continue
		case i < 0:
			return nil, absent("Kinds", name)
		}
		s.fixed[i], s.classes[i] = true, fixedClass(kind)
		s.hints[i].Store(s.classes[i].pack())
	}
	return s, nil
}

// abridged lists at most a dozen names.
func abridged(names []string) string {
	if len(names) > 12 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:12], ", "), len(names)-12)
	}
	return strings.Join(names, ", ")
}

// known is the class under which to begin to read a column.
func (s *survey) known(_, col int) (class, bool, bool) {
	return unpackClass(s.hints[col].Load()), s.fixed[col], true
}

// widen notes the class that a chunk needed.
func (s *survey) widen(col int, c *column) {
	if s.fixed[col] {
		return
	}
	for {
		old := s.hints[col].Load()
		next := join(unpackClass(old), c.class).pack()
		if next == old || s.hints[col].CompareAndSwap(old, next) {
			return
		}
	}
}

// take adds a piece, in the order of the file.
func (s *survey) take(p *piece) {
	r := &s.report
	r.Rows += int64(p.rows)
	r.Skipped += p.skipped
	r.Bytes = p.text
	r.Bad = append(r.Bad, p.bad[:min(len(p.bad), badSamples-len(r.Bad))]...)
	for i, c := range p.columns {
		if s.fixed[i] && c.class.kind == timeK && s.classes[i].kind == timeK && join(s.classes[i], c.class).kind != timeK {
			continue // the first chunk's order of day and month stands
		}
		s.classes[i] = join(s.classes[i], c.class)
		s.tallies[i].add(c.tally)
	}
}

// resolve settles the classes of the columns once every piece was taken.
func (s *survey) resolve() {
	d := &s.layout.dialect
	if d.Decimal == "" {
		d.Decimal = "."
		for _, c := range s.classes {
			if c.kind == float && c.forms == commaMark {
				d.Decimal = ","
			}
		}
	}
	for i, c := range s.classes {
		s.classes[i] = s.settle(i, c)
	}
	s.report.Dialect = *d
}

// settle is the class that a column is kept under, of none, wide and the rest.
func (s *survey) settle(i int, c class) class {
	name, tally := s.layout.names[i], &s.tallies[i]
	note := func(count int64, format string, args ...any) {
		s.report.note(name, count, fmt.Sprintf(format, args...))
	}
	switch {
	case s.fixed[i] && c.kind != timeK:
	case c.kind == none && tally.quoted > 0:
		c = class{kind: text}
	case c.kind == none:
		if s.report.Rows > 0 {
			note(s.report.Rows, "every value is missing")
		}
		c = class{kind: float}
	case c.kind == wide:
		note(0, "integers beyond 64 bits are kept as text")
		c = class{kind: text}
	case c.kind == float && c.forms == pointMark && s.layout.dialect.Decimal == ",":
		note(0, "numbers with a decimal point are kept as text, as other columns have decimal commas")
		c = class{kind: text}
	case c.kind == timeK && c.forms != anyForm:
		s.dates(name, c.forms)
	}
	kind := c.storage()
	if tally.quoted > 0 && kind == table.String {
		note(tally.quoted, "quoted markers of missing values are kept as text")
	}
	if tally.weak > 0 && kind == table.String {
		note(tally.weak, "None, #N/A and the like are kept as text")
	}
	if tally.rounded > 0 && kind == table.Float64 {
		note(tally.rounded, "integers that no float64 equals are rounded to the nearest")
	}
	if tally.overflow > 0 && kind == table.Float64 {
		note(tally.overflow, "numbers beyond the range of float64 are missing, the first %s", clip(tally.example))
	}
	if tally.cut > 0 && kind == table.Time {
		note(tally.cut, "times finer than a microsecond are cut to it")
	}
	if tally.misfit > 0 {
		note(tally.misfit, "values that are no %s are missing, the first %q", kind, clip(tally.example))
	}
	return c
}

// dates says how the dates of a column are read. Its forms are those that the
// options allow.
func (s *survey) dates(name string, forms uint8) {
	var order DateOrder
	switch chosen(forms, DateAuto) {
	case monthForm:
		order = MonthFirst
	case dayForm:
		order = DayFirst
	default:
		return
	}
	r := &s.report
	if r.DateOrders == nil {
		r.DateOrders = map[string]DateOrder{}
	}
	r.DateOrders[name] = order
	if forms&(monthForm|dayForm) != monthForm|dayForm {
		return
	}
	r.OpenDates = append(r.OpenDates, name)
	if order == MonthFirst {
		r.note(name, 0, "dates could be month/day or day/month and are read as month/day: date_order says otherwise")
	} else {
		r.note(name, 0, "dates could be day.month or month.day and are read as day.month: date_order says otherwise")
	}
}

// clip shortens a value for a note.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:37]) + "..."
	}
	return s
}
