package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Dates parses columns of strings, and of whole numbers such as 20240131, as
// times in UTC. What does not parse becomes missing, as with pandas'
// to_datetime(errors="coerce"), and is counted in a note.
type Dates struct {
	Columns []string `json:"columns,omitempty" doc:"columns to parse; empty: those whose name contains date, in any case, and most of whose values are dates"`
	Layouts []string `json:"layouts,omitempty" doc:"layouts to try in this order, in Go's notation (2006-01-02 15:04:05); empty: ISO 8601 and the common others"`
}

// Kind is "dates".
func (s *Dates) Kind() string { return "dates" }

type dateParser struct {
	Params  Dates        `json:"spec"`
	Columns []dateColumn `json:"columns"`
	notes
	names []string
}

// dateColumn holds the layouts of one column, in the order in which they are tried.
type dateColumn struct {
	Name    string   `json:"name"`
	Layouts []string `json:"layouts"`
}

// dateLayouts are tried where none are given. The two orders of day and month
// are decided by the training values; see Fit.
var dateLayouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02 15:04",
	"2006-01-02", "2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "2006.01.02", "20060102T150405Z07:00", "20060102T150405", "20060102", "2006-01",
	"2 Jan 2006", "2 January 2006", "2-Jan-2006", "2-Jan-06", "Jan 2 2006", "Jan 2, 2006", "January 2, 2006",
	"2 Jan 2006 15:04:05", "Jan 2, 2006 15:04:05", "Jan 2, 2006 3:04 PM", time.RFC1123, time.RFC1123Z, time.ANSIC, time.UnixDate,
}

var dayFirst = [...]string{"2/1/2006", "2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/06", "2.1.2006", "2.1.2006 15:04:05", "2.1.2006 15:04", "2-1-2006", "2-1-2006 15:04:05", "2/1/2006 3:04 PM", "2/1/2006 3:04:05 PM"}
var monthFirst = [...]string{"1/2/2006", "1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/06", "1-2-2006", "1-2-2006 15:04:05"}

// Fit chooses, for each column, the layouts to try: first those that its training
// values have. Where a value such as 03/04/2024 leaves the order of day and
// month open the other values decide, and if none does the month comes first.
func (s *Dates) Fit(ctx context.Context, t *table.Table, _ *learn.Target, opts *learn.Options) (Transformer, error) {
	columns, err := pick(t, s.Columns, "strings, dates or whole numbers", func(c *table.Column) bool {
		return len(s.Columns) > 0 && c.Kind != table.Bool ||
			strings.Contains(strings.ToLower(c.Name), "date") && (c.Kind == table.String || c.Kind == table.Int64)
	})
	if err != nil {
		return nil, err
	}
	f := &dateParser{Params: *s, Columns: []dateColumn{}}
	layouts, failed, present := make([][]string, len(columns)), make([]int, len(columns)), make([]int, len(columns))
	err = eachUntil(ctx, len(columns), opts.ThreadCount(), func(j int) error {
		if columns[j].Kind != table.Time {
			layouts[j], failed[j], present[j] = chooseLayouts(columns[j], s.Layouts)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for j, c := range columns {
		switch {
		case c.Kind == table.Time:
			continue
		case len(s.Columns) == 0 && (c.Kind == table.Int64 && failed[j] > 0 || 2*failed[j] > present[j]):
			f.note(c.Name, failed[j], "not parsed as dates: %d of %d values are none", failed[j], present[j])
			continue
		case failed[j] > 0:
			f.note(c.Name, failed[j], "parsed as dates: %d of %d values are none, and missing now", failed[j], present[j])
		default:
			f.note(c.Name, 0, "parsed as dates")
		}
		f.Columns = append(f.Columns, dateColumn{Name: c.Name, Layouts: layouts[j]})
	}
	return f, f.check(learn.State{})
}

// chooseLayouts returns the layouts that a column's values have, the most
// frequent first, then those that could come beside them; and how many of the
// values that are present have none.
func chooseLayouts(c *table.Column, given []string) (layouts []string, failed, present int) {
	values, counts := countCategories(c)
	all := given
	if len(given) == 0 {
		all = append(append([]string(nil), dateLayouts[:]...), monthFirst[:]...)
		if hits(values, counts, dayFirst[:]) > hits(values, counts, monthFirst[:]) {
			all = append(append([]string(nil), dateLayouts[:]...), dayFirst[:]...)
		}
	}
	used := make([]int, len(all))
	recent := 0
	for k, v := range values {
		present += counts[k]
		at, _, ok := parseDate(v, all, recent)
		if !ok {
			failed += counts[k]
			continue
		}
		recent = at
		used[at] += counts[k]
	}
	layouts = []string{}
	ordered := slices.ContainsFunc(used[min(len(used), len(dateLayouts)):], func(n int) bool { return n > 0 })
	for {
		best := 0
		for k, n := range used {
			if n > used[best] {
				best = k
			}
		}
		if len(used) == 0 || used[best] == 0 {
			break
		}
		layouts = append(layouts, all[best])
		used[best] = 0
	}
	// A layout that training did not meet may come when serving.
	if len(given) > 0 {
		return given, failed, present
	}
	if !ordered { // the order of day and month is not known
		all = all[:len(dateLayouts)]
	}
	for _, layout := range all {
		if !slices.Contains(layouts, layout) {
			layouts = append(layouts, layout)
		}
	}
	return layouts, failed, present
}

// hits counts the rows whose value has one of the layouts, all of which begin
// with a day or month: values that begin with a year are not even tried.
func hits(values []string, counts []int, layouts []string) int {
	n := 0
	for k, v := range values {
		if v = strings.TrimSpace(v); len(v) < 4 || digit(v[0]) && digit(v[1]) && digit(v[2]) {
			continue
		}
		if _, _, ok := parseDate(v, layouts, 0); ok {
			n += counts[k]
		}
	}
	return n
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// parseDate tries layouts[first] and then all in order; at is the one that fits.
func parseDate(text string, layouts []string, first int) (at int, micros int64, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 64 || len(layouts) == 0 {
		return 0, 0, false
	}
	if v, err := time.Parse(layouts[first], text); err == nil {
		return first, v.UnixMicro(), true
	}
	for k, layout := range layouts {
		if v, err := time.Parse(layout, text); err == nil {
			return k, v.UnixMicro(), true
		}
	}
	return 0, 0, false
}

func (f *dateParser) check(learn.State) error {
	f.names = make([]string, len(f.Columns))
	for j, c := range f.Columns {
		f.names[j] = c.Name
		for _, layout := range c.Layouts {
			if len(layout) > 64 {
				return fmt.Errorf("column %q: a date layout of %d bytes", c.Name, len(layout))
			}
		}
	}
	return distinct(f.names)
}

func (f *dateParser) Spec() Spec { p := f.Params; return &p }

func (f *dateParser) State() learn.State { return pack("dates", f, nil) }

func (f *dateParser) Transform(t *table.Table) (*table.Table, error) {
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		return []*table.Column{f.Columns[j].parse(c)}, nil
	})
}

func (d *dateColumn) parse(c *table.Column) *table.Column {
	if c.Kind == table.Time {
		return c
	}
	n := c.Len()
	out := &table.Column{Name: c.Name, Kind: table.Time, Ints: make([]int64, n)}
	fail := func(i int) {
		if out.Valid == nil {
			out.Valid = table.NewBitmap(n)
			out.Valid.SetAll(n)
		}
		out.Valid.Clear(i)
	}
	byDict := c.Kind == table.String && len(c.Dict) <= n
	var micros []int64
	if byDict {
		micros = make([]int64, len(c.Dict))
		for k, text := range c.Dict {
			micros[k] = d.micros(text)
		}
	}
	for i := range n {
		v := int64(math.MinInt64)
		switch {
		case c.Missing(i):
		case byDict:
			v = micros[c.Codes[i]]
		default:
			v = d.micros(c.Text(i))
		}
		if v == math.MinInt64 {
			fail(i)
		} else {
			out.Ints[i] = v
		}
	}
	return out
}

// micros is the time that a text says, MinInt64 where it says none.
func (d *dateColumn) micros(text string) int64 {
	if _, v, ok := parseDate(text, d.Layouts, 0); ok {
		return v
	}
	return math.MinInt64
}
