package evaluate

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/decompose"
	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

func (c *Clusters) lead(e *Evaluation, rows string) string {
	if e.Subset == "train" {
		return fmt.Sprintf("%d clusters of alike rows, found by %s in %s rows.", len(c.Sizes), words(e.Estimator), rows)
	}
	return fmt.Sprintf("%d clusters of alike rows, found by %s, and measured on %s %s rows that it has not seen.", len(c.Sizes), words(e.Estimator), rows, e.Subset)
}

func (c *Clusters) beside(e *Evaluation) string {
	text := "By scikit-learn's definitions, in the scaled features. A silhouette of 1 is best, 0 is overlap; a small Davies-Bouldin and a large Calinski-Harabasz are good. The baseline is all rows as one cluster."
	if c.SilhouetteRows < e.Model.Rows {
		text += fmt.Sprintf(" The silhouette is that of %s rows among themselves, drawn by the seed.", format.Count(int64(c.SilhouetteRows)))
	}
	return text
}

// drawnClusters bounds how many clusters the pictures show: the largest.
const drawnClusters = 12

// sections are the clusters' sizes, where they lie, and what sets them apart.
func (c *Clusters) sections(x *learn.Matrix, labels []int32) []report.Section {
	bars := &chart.Bars{Title: "Rows of each cluster"}
	for k, n := range c.Sizes[:min(drawnClusters, len(c.Sizes))] {
		bars.Items = append(bars.Items, chart.Bar{Label: clusterName(k), Value: float64(n), Text: fmt.Sprintf("%s (%s)", format.Count(n), format.Percent(float64(n)/float64(max(x.Rows, 1))))})
	}
	return []report.Section{
		{ID: "clusters", Title: "Clusters", Count: len(c.Sizes), Lead: "How many rows each has, and where they lie in the plane in which the features vary most. The colour is that of the cluster that most rows of a place belong to.",
			Body: report.Figures(report.Figure("Rows of each cluster", "", bars.SVG()), plane(x, labels, len(c.Sizes)))},
		{ID: "tried", Title: "How many clusters", Lead: "The silhouette of each number of clusters that was tried, on some rows. The largest was taken.", Body: c.tried()},
		{ID: "centers", Title: "Centres", Lead: "The mean of each column over the rows of a cluster, in its own units, and the share of rows that have a category. What tells most comes first: the last column is the share of the variance that lies between the clusters.", Body: c.centers()},
	}
}

func clusterName(k int) string { return fmt.Sprintf("cluster %d", k) }

// coloured is how many clusters have a colour of their own.
const coloured = 8

// plane draws the rows along the first two principal components of the features:
// those of the largest clusters.
func plane(x *learn.Matrix, labels []int32, n int) markup.HTML {
	const cells = 48
	pca, err := decompose.FitPCA(x, 2)
	if err != nil || len(pca.Components) < 2 {
		return "" // a single feature or row has no plane
	}
	labels = slices.Clone(labels)
	for i, k := range labels {
		if k >= coloured {
			labels[i] = -1
		}
	}
	shown := min(n, coloured)
	at := pca.Project(x)
	g := density.NewGrid(at[0], at[1], cells, cells*3/4, labels, shown)
	d := &chart.Density{Title: "Clusters in the plane of the first two components", XLabel: "PC 1", YLabel: "PC 2", X0: g.X0, X1: g.X1, Y0: g.Y0, Y1: g.Y1,
		Columns: g.Columns, Rows: g.Rows, Counts: g.Counts, Classes: g.Classes, Width: 420}
	for k := range shown {
		d.Names = append(d.Names, clusterName(k))
	}
	detail := fmt.Sprintf("%s and %s of the variance", format.Percent(pca.Share[0]), format.Percent(pca.Share[1]))
	if n > shown {
		detail += fmt.Sprintf("; the %d largest of %d clusters", shown, n)
	}
	if g.Outside > 0 {
		detail += fmt.Sprintf("; %s beyond the frame", format.Plural(g.Outside, "extreme row"))
	}
	return report.Figure("First two components", detail, d.SVG())
}

func (c *Clusters) tried() markup.HTML {
	if len(c.Tried) == 0 {
		return ""
	}
	s := chart.Series{Name: "silhouette", Dots: true}
	for i, v := range c.Tried {
		s.X, s.Y = append(s.X, float64(i+2)), append(s.Y, v)
	}
	return (&chart.Lines{Title: "Silhouette by number of clusters", XLabel: "clusters", YLabel: "silhouette", Series: []chart.Series{s}}).SVG()
}

// centers is the table of the clusters' means, and how far they are off those of all.
func (c *Clusters) centers() markup.HTML {
	var names []string
	for k := range c.Sizes[:min(drawnClusters, len(c.Sizes))] {
		names = append(names, clusterName(k))
	}
	return differences("How the clusters differ from all rows", c.Traits, names)
}

// differences is the table of what sets groups of those names apart, and how far
// they are off the mean of all rows.
func differences(title string, traits []Trait, names []string) markup.HTML {
	t := &report.Table{Head: append(append([]string{"Trait", "All rows"}, names...), "Explained"), Text: 1}
	h := &chart.HeatMap{Title: title, Columns: names}
	for i, trait := range traits {
		value := format.Number
		name := trait.Column
		if trait.Category != "" {
			name, value = trait.Column+" = "+trait.Category, format.Percent
		}
		row := []string{format.Short(name, 60), value(trait.Mean)}
		for _, mean := range trait.Groups[:len(names)] {
			text := ""
			if mean != nil {
				text = value(*mean)
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, append(row, format.Percent(trait.Explained)))
		if i < drawn {
			h.Rows, h.Values = append(h.Rows, name), append(h.Values, trait.shifts()[:len(names)])
		}
	}
	if len(t.Rows) == 0 {
		return ""
	}
	return markup.Join(t.HTML(), report.Stack(report.Figure(title, "In standard deviations of all rows: from the strongest colour on, one or more.", h.SVG())))
}
