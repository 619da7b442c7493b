package explore

import (
	"fmt"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
	"github.com/runnel-dev/runnel/table"
)

func (v view) columnSection() report.Section {
	s := report.Section{ID: "columns", Title: "Columns", Count: v.Width, Lead: "Each column by itself."}
	var numbers, values []markup.HTML // cards of equal height go together
	for i := range v.Columns {
		c := &v.Columns[i]
		switch {
		case len(numbers)+len(values) == v.charts:
		case c.Histogram != nil && c.Type != table.Time && c.Role != profile.Boolean:
			numbers = append(numbers, v.card(c))
		case c.Histogram != nil || len(c.Top) > 0 && c.Role != profile.Constant:
			values = append(values, v.card(c))
		}
	}
	if n := len(numbers) + len(values); n > 0 && n < v.Width {
		s.Lead = fmt.Sprintf("%d of the %s columns as charts; the tables below list the rest too.", n, format.Count(int64(v.Width)))
	}
	s.Body = report.Cards(numbers...) + report.Cards(values...) + v.numberTable() + v.timeTable() + v.otherTable()
	return s
}

func (v view) card(c *profile.Column) markup.HTML {
	role := string(c.Role)
	if v.Target != nil && v.Target.Name == c.Name {
		role += " · target"
	}
	return report.Card(c.Name, role, drawing(c), report.Facts(v.cardFacts(c)))
}

func drawing(c *profile.Column) markup.HTML {
	if c.Histogram != nil && c.Role != profile.Boolean {
		return histogram(c).SVG()
	}
	return valueBars(c.Name, c.Top, c.Others, c.Count, 320)
}

func histogram(c *profile.Column) *chart.Histogram {
	h := c.Histogram
	out := &chart.Histogram{
		Title: "Distribution of " + c.Name, Edges: h.Edges, Counts: h.Counts, Time: c.Type == table.Time, Whole: c.Type == table.Int64,
		X: h.X, Height: 160,
	}
	scale := float64(c.Count-c.Infinite) * (h.Edges[1] - h.Edges[0]) // a density of counts
	for _, d := range h.Density {
		out.Y = append(out.Y, d*scale)
	}
	if n, b := c.Numbers, c.Box; b != nil {
		out.Box = &chart.Box{
			Min: float64(n.Min), Lower: float64(b.Lower), Q1: float64(n.Q1), Median: float64(n.Median),
			Q3: float64(n.Q3), Upper: float64(b.Upper), Max: float64(n.Max),
		}
	}
	return out
}

func valueBars(name string, top []profile.Value, others *profile.Others, count int64, width float64) markup.HTML {
	b := &chart.Bars{Title: "Most frequent values of " + name, Width: width}
	for i, t := range top {
		if i == 8 {
			break
		}
		b.Items = append(b.Items, bar(shown(t.Value), t.Count, count, 0))
	}
	rest := profile.Others{}
	if others != nil {
		rest = *others
	}
	for _, t := range top[min(len(top), 8):] {
		rest.Distinct++
		rest.Count += t.Count
	}
	if rest.Distinct > 0 {
		b.Items = append(b.Items, bar(fmt.Sprintf("%s others", format.Count(rest.Distinct)), rest.Count, count, 7))
	}
	return b.SVG()
}

func bar(label string, n, of int64, class int) chart.Bar {
	share := float64(n) / float64(max(of, 1))
	return chart.Bar{Label: label, Value: share, Text: format.Percent(share), Class: class}
}

// shown makes white space at the ends of a value, and an empty one, visible.
func shown(value string) string {
	if value == "" {
		return "(empty)"
	}
	return value
}

func (v view) cardFacts(c *profile.Column) []report.Fact {
	missing := format.Count(c.Missing)
	if c.Missing > 0 {
		missing = format.Percent(float64(c.Missing) / float64(v.Rows))
	}
	facts := []report.Fact{{Name: "missing", Value: missing}, {Name: "distinct", Value: format.Count(c.Distinct)}}
	n := c.Numbers
	switch {
	case n == nil && c.Length != nil:
		return append(facts, report.Fact{Name: "mean length", Value: format.Number(float64(c.Length.Mean))},
			report.Fact{Name: "longest", Value: format.Count(c.Length.Max)})
	case n == nil:
		return facts
	case c.Type == table.Time:
		return append(facts, report.Fact{Name: "first", Value: format.Date(float64(n.Min))}, report.Fact{Name: "last", Value: format.Date(float64(n.Max))})
	}
	return append(facts,
		report.Fact{Name: "mean", Value: write(n.Mean)}, report.Fact{Name: "std", Value: write(n.Std)},
		report.Fact{Name: "min", Value: write(n.Min)}, report.Fact{Name: "max", Value: write(n.Max)},
		report.Fact{Name: "median", Value: write(n.Median)}, report.Fact{Name: "skew", Value: format.Fixed(float64(n.Skew), 2)},
		report.Fact{Name: "25%", Value: write(n.Q1)}, report.Fact{Name: "75%", Value: write(n.Q3)},
		report.Fact{Name: "zeros", Value: v.share(n.Zeros)},
		report.Fact{Name: "outliers", Value: v.share(c.Box.Below + c.Box.Above)})
}

func write(f profile.Float) string { return format.Number(float64(f)) }

func (v view) numberTable() markup.HTML {
	t := &report.Table{Caption: "Numbers", Text: 1,
		Head: []string{"Column", "Count", "Missing", "Mean", "Std", "Min", "25%", "50%", "75%", "Max", "Skew", "Kurtosis", "Zeros", "Distinct"}}
	left := 0
	for i := range v.Columns {
		c := &v.Columns[i]
		n := c.Numbers
		if n == nil || c.Count == 0 || c.Type == table.Time {
			continue
		}
		if len(t.Rows) == v.lines {
			left++
			continue
		}
		t.Rows = append(t.Rows, []string{format.Short(c.Name, 44), format.Count(c.Count), v.share(c.Missing), write(n.Mean), write(n.Std), write(n.Min), write(n.Q1),
			write(n.Median), write(n.Q3), write(n.Max), format.Fixed(float64(n.Skew), 2), format.Fixed(float64(n.Kurtosis), 2), format.Count(n.Zeros), format.Count(c.Distinct)})
	}
	return t.HTML() + more(left)
}

func (v view) timeTable() markup.HTML {
	t := &report.Table{Caption: "Times (UTC)", Text: 1, Head: []string{"Column", "Count", "Missing", "First", "25%", "50%", "75%", "Last", "Distinct"}}
	left := 0
	for i := range v.Columns {
		c := &v.Columns[i]
		n := c.Numbers
		if c.Type != table.Time || c.Count == 0 {
			continue
		}
		if len(t.Rows) == v.lines {
			left++
			continue
		}
		row := []string{format.Short(c.Name, 44), format.Count(c.Count), v.share(c.Missing)}
		for _, f := range []profile.Float{n.Min, n.Q1, n.Median, n.Q3, n.Max} {
			row = append(row, format.Time(float64(f)))
		}
		t.Rows = append(t.Rows, append(row, format.Count(c.Distinct)))
	}
	return t.HTML() + more(left)
}

func (v view) otherTable() markup.HTML {
	t := &report.Table{Caption: "Texts, categories and what is left", Text: 2, Head: []string{"Column", "Most frequent", "Share", "Count", "Missing", "Distinct"}}
	left := 0
	for i := range v.Columns {
		c := &v.Columns[i]
		if c.Numbers != nil && c.Count > 0 {
			continue
		}
		if len(t.Rows) == v.lines {
			left++
			continue
		}
		top, share := string(c.Role), format.None
		if len(c.Top) > 0 {
			top, share = format.Short(shown(c.Top[0].Value), 60), format.Percent(float64(c.Top[0].Count)/float64(c.Count))
		} else if c.Role != profile.Empty && c.Role != profile.Identifier {
			top = "(only rare values)"
		}
		t.Rows = append(t.Rows, []string{format.Short(c.Name, 44), top, share, format.Count(c.Count), v.share(c.Missing), format.Count(c.Distinct)})
	}
	return t.HTML() + more(left)
}

func (v view) share(n int64) string {
	if n == 0 {
		return "0"
	}
	return format.Percent(float64(n) / float64(v.Rows))
}

func more(left int) markup.HTML {
	if left == 0 {
		return ""
	}
	return report.Paragraph(fmt.Sprintf("And %s: the profile lists them all.", format.Plural(int64(left), "more column")))
}

func (v view) missingSection() report.Section {
	s := report.Section{ID: "missing", Title: "Missing values"}
	if v.Missing.Cells == 0 || v.Rows == 0 {
		return s
	}
	var gaps []*profile.Column
	for i := range v.Columns {
		if v.Columns[i].Missing > 0 {
			gaps = append(gaps, &v.Columns[i])
		}
	}
	sorting.Stable(gaps, func(a, b *profile.Column) int { return int(b.Missing - a.Missing) })
	s.Count = len(gaps)
	s.Lead = fmt.Sprintf("%s with a gap; %s of the rows are complete.", format.Plural(int64(len(gaps)), "column"), format.Percent(float64(v.Missing.Complete)/float64(v.Rows)))
	bars := &chart.Bars{Title: "Share of missing values by column", Width: 440, Max: 1}
	for _, c := range gaps[:min(len(gaps), 20)] {
		bars.Items = append(bars.Items, bar(c.Name, c.Missing, v.Rows, 0))
	}
	patterns := &chart.Bars{Title: "Columns that are missing in the same rows", Width: 440}
	for _, p := range v.Missing.Patterns {
		patterns.Items = append(patterns.Items, chart.Bar{Label: together(p.Columns), Value: float64(p.Rows), Text: format.Plural(p.Rows, "row")})
	}
	s.Body = report.Stack(
		report.Figure("Share missing", listed(len(gaps), 20), bars.SVG()),
		report.Figure("Missing together", "Rows in which exactly these columns are missing", patterns.SVG()))
	return s
}

func listed(n, most int) string {
	if n > most {
		return fmt.Sprintf("The %d columns with the most, of %s", most, format.Count(int64(n)))
	}
	return ""
}

func together(names []string) string {
	if len(names) <= 2 {
		out := names[0]
		for _, n := range names[1:] {
			out += " + " + n
		}
		return out
	}
	return fmt.Sprintf("%s + %d others", names[0], len(names)-1)
}
