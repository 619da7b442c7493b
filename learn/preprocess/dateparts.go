package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/table"
)

// DateParts replaces each time column by numbers read from it in UTC:
// "<column>_year" and so on. A missing time has missing parts.
type DateParts struct {
	Columns []string `json:"columns,omitempty" doc:"columns to take apart; empty: every time column"`
	Parts   []string `json:"parts,omitempty" default:"year,month,day,weekday,hour,dayofyear,elapsed" doc:"of year, quarter, month, day, weekday (Monday 0), hour, minute, second, dayofyear, week (ISO), elapsed (days since the first training time)"`
	Cyclic  bool     `json:"cyclic,omitempty" default:"false" doc:"month, day, weekday, hour, minute, second and dayofyear become a sine and a cosine, so that December is next to January"`
	Keep    bool     `json:"keep,omitempty" default:"false" doc:"keep the time column too"`
}

// Kind is "dateparts".
func (s *DateParts) Kind() string { return "dateparts" }

type datePartser struct {
	Params  DateParts  `json:"spec"`
	Columns []datePart `json:"columns"`
	notes
	names []string
}

type datePart struct {
	Name    string   `json:"name"`
	Origin  string   `json:"origin"` // RFC 3339, UTC
	Outputs []string `json:"outputs"`

	origin int64
}

// datePartNames and their cycles: 0 for a part that does not come round.
var datePartNames = [...]string{"year", "quarter", "month", "day", "weekday", "hour", "minute", "second", "dayofyear", "week", "elapsed"}
var datePartCycle = [...]float64{0, 0, 12, 31, 7, 24, 60, 60, 365.25, 0, 0}

func (s *DateParts) withDefaults() (DateParts, error) {
	p := *s
	if len(p.Parts) == 0 {
		p.Parts = []string{"year", "month", "day", "weekday", "hour", "dayofyear", "elapsed"}
	}
	for _, part := range p.Parts {
		if err := oneOf("parts", part, datePartNames[:]...); err != nil {
			return p, err
		}
	}
	return p, distinct(p.Parts)
}

// Fit notes the first time of each column.
func (s *DateParts) Fit(ctx context.Context, t *table.Table, _ *learn.Target, _ *learn.Options) (Transformer, error) {
	p, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	columns, err := pick(t, p.Columns, "times (parse it with dates first)", isTime)
	if err != nil {
		return nil, err
	}
	f := &datePartser{Params: p, Columns: make([]datePart, len(columns))}
	taken := takenNames(t)
	for j, c := range columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		first, found := int64(0), false
		for i, v := range c.Ints {
			if !c.Missing(i) && (!found || v < first) {
				first, found = v, true
			}
		}
		d := datePart{Name: c.Name, Origin: time.UnixMicro(first).UTC().Format(time.RFC3339Nano)}
		for _, part := range p.Parts {
			k := slices.Index(datePartNames[:], part)
			if p.Cyclic && datePartCycle[k] > 0 {
				d.Outputs = append(d.Outputs, unused(c.Name+"_"+part+"_sin", taken), unused(c.Name+"_"+part+"_cos", taken))
			} else {
				d.Outputs = append(d.Outputs, unused(c.Name+"_"+part, taken))
			}
		}
		f.Columns[j] = d
		f.note(c.Name, 0, "taken apart into %d date parts", len(d.Outputs))
	}
	return f, f.check(learn.State{})
}

func (f *datePartser) check(learn.State) error {
	p, err := f.Params.withDefaults()
	if err != nil {
		return err
	}
	width := 0
	for _, part := range p.Parts {
		width++
		if p.Cyclic && datePartCycle[slices.Index(datePartNames[:], part)] > 0 {
			width++
		}
	}
	f.names = make([]string, len(f.Columns))
	for j := range f.Columns {
		c := &f.Columns[j]
		f.names[j] = c.Name
		origin, err := time.Parse(time.RFC3339Nano, c.Origin)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		c.origin = origin.UnixMicro()
		if len(c.Outputs) != width {
			return fmt.Errorf("column %q: %d outputs for %d parts", c.Name, len(c.Outputs), width)
		}
	}
	return distinct(f.names)
}

func (f *datePartser) Spec() Spec { p := f.Params; return &p }

func (f *datePartser) State() learn.State { return pack("dateparts", f, nil) }

func (f *datePartser) Transform(t *table.Table) (*table.Table, error) {
	parts := make([]int, len(f.Params.Parts))
	for k, part := range f.Params.Parts {
		parts[k] = slices.Index(datePartNames[:], part)
	}
	return rewrite(t, f.names, func(j int, c *table.Column) ([]*table.Column, error) {
		if c.Kind != table.Time && c.Nulls() < c.Len() {
			return nil, fmt.Errorf("column %q is of type %s: want times", c.Name, c.Kind)
		}
		outs := f.Columns[j].split(c, parts, f.Params.Cyclic)
		if f.Params.Keep {
			outs = append([]*table.Column{c}, outs...)
		}
		return outs, nil
	})
}

func (d *datePart) split(c *table.Column, parts []int, cyclic bool) []*table.Column {
	n := c.Len()
	outs, values := floatColumns(d.Outputs, n)
	for _, o := range outs {
		o.Valid = c.Valid
	}
	for i := range n {
		if c.Missing(i) {
			for k := range outs {
				values[k*n+i] = math.NaN()
			}
			continue
		}
		micros := c.Ints[i]
		when := time.UnixMicro(micros).UTC()
		k := 0
		put := func(v float64) { values[k*n+i] = v; k++ }
		for _, part := range parts {
			v := 0.0
			if datePartNames[part] == "elapsed" {
				v = (float64(micros) - float64(d.origin)) / 86_400e6
			} else {
				v = datePartOf(when, datePartNames[part])
			}
			if cycle := datePartCycle[part]; cyclic && cycle > 0 {
				sin, cos := portable.Sincos(2 * math.Pi * v / cycle)
				put(sin)
				put(cos)
			} else {
				put(v)
			}
		}
	}
	return outs
}

func datePartOf(when time.Time, part string) float64 {
	v := 0
	switch part {
	case "year":
		v = when.Year()
	case "quarter":
		v = (int(when.Month())-1)/3 + 1
	case "month":
		v = int(when.Month())
	case "day":
		v = when.Day()
	case "weekday":
		v = (int(when.Weekday()) + 6) % 7
	case "hour":
		v = when.Hour()
	case "minute":
		v = when.Minute()
	case "second":
		v = when.Second()
	case "dayofyear":
		v = when.YearDay()
	case "week":
		_, v = when.ISOWeek()
	}
	return float64(v)
}
