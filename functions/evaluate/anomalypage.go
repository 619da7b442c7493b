package evaluate

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
	"github.com/runnel-dev/runnel/table"
)

// lead says what was found, and in which rows.
func (a *Anomalies) lead(e *Evaluation, rows string) string {
	found := fmt.Sprintf("%s that are unlike all others, found by an %s in %s rows", format.Plural(a.Count, "row"), words(e.Estimator), rows)
	if a.Count == 1 {
		found = fmt.Sprintf("1 row that is unlike all others, found by an %s in %s rows", words(e.Estimator), rows)
	}
	if e.Subset == "train" {
		return found + "."
	}
	return found + " that it has not seen."
}

func (a *Anomalies) beside() string {
	text := fmt.Sprintf("A score is 1 for a row that a random split parts from all others at once, and .5 where that takes as many splits as on average; above %s a row is an anomaly.", format.Fixed(a.Threshold, 3))
	if a.Label == nil {
		return text + " Nothing says which rows are anomalies indeed: where that is known of some, name the column of it (ingest.label)."
	}
	return text + fmt.Sprintf(" %s have a label in %s, %s of them as anomalies; the baseline is any order of these rows.", format.Plural(a.Label.Known, "row"), a.Label.Column, format.Count(a.Label.Anomalies))
}

// sections are the scores, the rows with the largest, and what sets anomalies apart.
func (a *Anomalies) sections(e *Evaluation, raw *table.Table) []report.Section {
	h := &chart.Histogram{Title: "Scores", Edges: a.Edges, Counts: a.Counts, Mark: &a.Threshold, Width: 640}
	apart := markup.HTML("")
	if a.Count > 0 && a.Count < int64(e.Model.Rows) {
		apart = differences("How the anomalies differ from all rows", a.Traits, []string{"other rows", "anomalies"})
	}
	return []report.Section{
		{ID: "scores", Title: "Scores", Lead: fmt.Sprintf("How many rows have which score. %s of %s are above the threshold of %s.", format.Count(a.Count), format.Count(int64(e.Model.Rows)), format.Fixed(a.Threshold, 3)),
			Body: report.Stack(report.Figure("Rows by score", "", h.SVG()))},
		{ID: "known", Title: "Known anomalies", Lead: "What the threshold makes of the rows that have a label, and how well the scores order them.", Body: markup.Join(classes(e.Model), curves(e.Model))},
		{ID: "top", Title: "Largest scores", Count: len(a.Top), Lead: "The rows that are most unlike all others, in their own units, by the columns in which anomalies differ most. Explain says what each column adds to a score.", Body: a.list(raw)},
		{ID: "apart", Title: "What sets anomalies apart", Lead: "Of a column of numbers how many standard deviations values are from their mean, on average over the anomalies and over all other rows; of a category the share of rows that have it. What tells most comes first: the last column is the share of the variance that lies between the two.", Body: apart},
	}
}

// mostColumns of a row are listed.
const mostColumns = 6

// list is a table of the rows with the largest scores.
func (a *Anomalies) list(raw *table.Table) markup.HTML {
	var names []string
	for _, t := range a.Traits {
		if len(names) < mostColumns && !slices.Contains(names, t.Column) {
			names = append(names, t.Column)
		}
	}
	if a.Label != nil {
		names = append(names, a.Label.Column)
	}
	t := &report.Table{Head: append([]string{"Row", "Score", ""}, names...), Text: 1}
	for _, s := range a.Top {
		said := ""
		if s.Score > a.Threshold {
			said = "anomaly"
		}
		row := []string{format.Count(int64(s.Row) + 1), format.Fixed(s.Score, 3), said}
		for _, name := range names {
			row = append(row, cell(raw.Column(name), s.at))
		}
		t.Rows = append(t.Rows, row)
	}
	return t.HTML()
}

// cell is a raw value as people read it.
func cell(c *table.Column, row int) string {
	switch {
	case c.Missing(row):
		return ""
	case c.Kind == table.Float64:
		return format.Number(c.Floats[row])
	}
	return format.Short(c.Text(row), 30)
}
