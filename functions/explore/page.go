package explore

import (
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
	"github.com/runnel-dev/runnel/runtime/step"
)

// MaxReport is the size of the largest report, in bytes.
const MaxReport = 1 << 20

// render writes the report. Where it would be larger than limit, it shows fewer
// columns; the profile has them all.
func render(p *profile.Profile, split map[step.Subset]int64, limit int) []byte {
	v := view{p, split, 200, 200, 60, 50, 100}
	for {
		html := v.page().HTML()
		if len(html) <= limit || v.charts == 0 {
			return html
		}
		v = v.smaller()
	}
}

// view is a profile, and how much of it is shown.
type view struct {
	*profile.Profile
	split  map[step.Subset]int64
	charts int // columns that get a card
	lines  int // columns listed in a table
	alerts int
	pairs  int
	heat   int // columns of a heat map
}

func (v view) smaller() view {
	return view{v.Profile, v.split, v.charts / 2, max(v.lines/2, 10), max(v.alerts/2, 10), max(v.pairs/2, 3), max(v.heat/2, 12)}
}

func (v view) page() *report.Page {
	p := &report.Page{
		Kind:  "Data profile",
		Title: v.Dataset,
		Lead:  v.lead(),
		Facts: v.facts(),
		Sections: []report.Section{
			{ID: "alerts", Title: "Alerts", Count: len(v.Alerts), Lead: v.alertLead(), Body: v.alertList()},
			v.targetSection(),
			v.columnSection(),
			v.missingSection(),
			v.correlationSection(),
			v.componentSection(),
			{ID: "method", Title: "How to read this", Body: report.Notes(v.method())},
		},
		Footer: "Made by Runnel's explore step. The report holds aggregates only; it needs no network and no script.",
	}
	if p.Title == "" {
		p.Title = "Untitled table"
	}
	return p
}

func (v view) lead() string {
	s := fmt.Sprintf("%s in %s.", format.Plural(v.Rows, "row"), format.Plural(int64(v.Width), "column"))
	if t := v.Target; t != nil {
		s += fmt.Sprintf(" The column to predict is %s, a %s.", t.Name, t.Task)
	}
	return s
}

func (v view) facts() []report.Fact {
	kinds := map[profile.Role]int{}
	for i := range v.Columns {
		kinds[v.Columns[i].Role]++
	}
	var parts []string
	for _, r := range []profile.Role{profile.Numeric, profile.Categorical, profile.Boolean, profile.Time, profile.Text, profile.Identifier, profile.Constant, profile.Empty} {
		if kinds[r] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", format.Count(int64(kinds[r])), r))
		}
	}
	cells := float64(v.Rows) * float64(v.Width)
	facts := []report.Fact{
		{Name: "Rows", Value: format.Count(v.Rows), Detail: v.splitText()},
		{Name: "Columns", Value: format.Count(int64(v.Width)), Detail: strings.Join(parts, ", ")},
	}
	if v.Rows > 0 {
		facts = append(facts,
			report.Fact{Name: "Missing values", Value: format.Percent(float64(v.Missing.Cells) / cells), Detail: format.Percent(float64(v.Missing.Complete)/float64(v.Rows)) + " of rows complete"},
			report.Fact{Name: "Duplicate rows", Value: format.Count(v.Duplicates), Detail: format.Percent(float64(v.Duplicates)/float64(v.Rows)) + " of rows"})
	}
	return append(facts, report.Fact{Name: "Alerts", Value: format.Count(int64(len(v.Alerts))), Detail: v.severities()})
}

func (v view) splitText() string {
	var parts []string
	for s, name := range []string{step.Train: "training", step.Test: "test", step.Validation: "validation"} {
		if n := v.split[step.Subset(s)]; n > 0 {
			parts = append(parts, format.Count(n)+" "+name)
		}
	}
	return strings.Join(parts, ", ")
}

func (v view) severities() string {
	n := map[profile.Severity]int{}
	for _, a := range v.Alerts {
		n[a.Severity]++
	}
	var parts []string
	for _, s := range []profile.Severity{profile.High, profile.Medium, profile.Low} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

func (v view) alertLead() string {
	if len(v.Alerts) == 0 {
		return "Nothing stands out."
	}
	return "What deserves a look before a model is trained, the most severe first."
}

func (v view) alertList() markup.HTML {
	var list []report.Alert
	for _, a := range v.Alerts[:min(len(v.Alerts), v.alerts)] {
		var about []string
		for _, name := range a.Columns {
			about = append(about, format.Short(name, 80))
		}
		list = append(list, report.Alert{Severity: string(a.Severity), Name: capitalised(a.Name), About: strings.Join(about, ", "), Message: a.Message, Advice: a.Advice})
	}
	body := report.Alerts(list)
	if more := len(v.Alerts) - len(list); more > 0 {
		body += report.Paragraph(fmt.Sprintf("And %s: the profile lists them all.", format.Plural(int64(more), "more alert")))
	}
	if body == "" {
		body = report.Paragraph("No column is constant, mostly missing, strongly skewed, nearly a copy of another, or suspected of knowing the target.")
	}
	return body
}

func (v view) method() []string {
	notes := []string{
		"Counts, means, deviations, quartiles, skew and kurtosis are those of every row, as pandas defines them.",
		"A histogram's bins are numpy's “auto”; the line over it is a Gaussian kernel density with Scott's bandwidth. The box below spans the quartiles, its whiskers 1.5 interquartile ranges; the dotted line leads on to the furthest value.",
		"Correlations use the rows in which both columns have a value. Spearman's is that of ranks, so it sees any rising or falling relation, not only a straight one. Cramér's V, of categories, is corrected for bias.",
		"Principal components are those of the standardised numeric columns, the target left out, missing values set to the mean. The colour of a cell is that of its most frequent class.",
		"Values that only a few rows have are never named, but for classes of the target.",
	}
	if s := v.Sample; s != nil {
		notes = append(notes, fmt.Sprintf("Computed from a random sample of %s rows (seed %d): %s.", format.Count(int64(s.Rows)), s.Seed, strings.Join(s.For, ", ")))
	}
	return append(notes, v.Notes...)
}
