package explore

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

func (v view) targetSection() report.Section {
	t := v.Target
	if t == nil {
		return report.Section{}
	}
	s := report.Section{ID: "target", Title: "Target", Lead: fmt.Sprintf("How %s is distributed, and what each column by itself says about it.", t.Name)}
	s.Body = report.Stack(v.targetFigure(), v.associationFigure())
	return s
}

func (v view) targetFigure() markup.HTML {
	t := v.Target
	at := slices.IndexFunc(v.Columns, func(c profile.Column) bool { return c.Name == t.Name })
	c := &v.Columns[at]
	if len(t.Classes) > 0 {
		b := &chart.Bars{Title: "Classes of " + t.Name, Width: 440}
		for i, k := range t.Classes[:min(len(t.Classes), 12)] {
			color := i
			if len(t.Classes) > 8 {
				color = 0
			}
			it := bar(shown(k.Value), k.Count, c.Count, color)
			it.Text = format.Count(k.Count) + " · " + it.Text
			b.Items = append(b.Items, it)
		}
		return report.Figure(t.Name, fmt.Sprintf("%s, %s", format.Plural(int64(len(t.Classes)), "value"), format.Plural(c.Count, "row")), b.SVG())
	}
	if c.Histogram == nil {
		return ""
	}
	h := histogram(c)
	h.Width, h.Height = 440, 240
	return report.Figure(t.Name, fmt.Sprintf("Mean %s, median %s, standard deviation %s", format.Number(float64(c.Numbers.Mean)),
		format.Number(float64(c.Numbers.Median)), format.Number(float64(c.Numbers.Std))), h.SVG())
}

func (v view) associationFigure() markup.HTML {
	const most = 15
	b := &chart.Bars{Title: "Association with the target", Width: 440, Max: 1}
	measures := map[string]string{"cramers_v": "Cramér's V, numbers in quantile bins", "spearman": "Spearman's rank correlation, by size", "correlation_ratio": "correlation ratio of categories"}
	var used []string
	for _, a := range v.Target.Associations[:min(len(v.Target.Associations), most)] {
		text := format.Fixed(float64(a.Value), 2)
		if a.AUC.Exists() {
			text += " · AUC " + format.Fixed(float64(a.AUC), 2)
		}
		b.Items = append(b.Items, chart.Bar{Label: a.Column, Value: math.Abs(float64(a.Value)), Text: text})
		if m := measures[a.Measure]; !slices.Contains(used, m) {
			used = append(used, m)
		}
	}
	detail := capitalised(strings.Join(used, "; "))
	if n := len(v.Target.Associations); n > most {
		detail += fmt.Sprintf(". The strongest %d of %s columns", most, format.Count(int64(n)))
	}
	return report.Figure("Association with the target", detail, b.SVG())
}

func capitalised(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (v view) correlationSection() report.Section {
	s := report.Section{ID: "relations", Title: "Relations", Lead: "Which columns rise and fall together, and which categories go together."}
	if c := v.Correlation; c != nil {
		s.Body += report.Stack(
			report.Figure("Pearson correlation", "Straight-line relation"+v.clipped(c.Columns), v.heatMap("Pearson correlation", c.Columns, c.Pearson, false)),
			report.Figure("Spearman correlation", "Any rising or falling relation, by rank"+v.clipped(c.Columns), v.heatMap("Spearman correlation", c.Columns, c.Spearman, false)))
	}
	var pairs []markup.HTML
	for _, p := range v.Pairs[:min(len(v.Pairs), v.pairs)] {
		detail := fmt.Sprintf("Pearson %s, Spearman %s", format.Fixed(float64(p.Pearson), 3), format.Fixed(float64(p.Spearman), 3))
		pairs = append(pairs, report.Figure(p.X+" and "+p.Y, detail+outside(p.Grid), density2(p.Grid, "Rows by "+p.X+" and "+p.Y, p.X, p.Y, nil)))
	}
	if len(pairs) > 0 {
		s.Body += markup.El("h3", nil, markup.Text("Strongest pairs")) + report.Paragraph("A stronger colour means more rows, on a logarithmic scale.") + report.Figures(pairs...)
	}
	if m := v.Categories; m != nil {
		s.Body += report.Stack(report.Figure("Cramér's V", "Association of categories, from 0 to 1", v.heatMap("Cramér's V of categories", m.Columns, m.Values, true)))
	}
	return s
}

func (v view) clipped(columns []string) string {
	if len(columns) <= v.heat {
		return ""
	}
	return fmt.Sprintf("; the first %d of %d columns", v.heat, len(columns))
}

func (v view) heatMap(title string, names []string, values [][]profile.Float, unsigned bool) markup.HTML {
	names = names[:min(len(names), v.heat)]
	h := &chart.HeatMap{Title: title, Rows: names, Columns: names, Unsigned: unsigned}
	for i := range names {
		plain := make([]float64, len(names))
		for j := range names {
			plain[j] = float64(values[i][j])
		}
		h.Values = append(h.Values, plain)
	}
	return h.SVG()
}

func outside(g *density.Grid) string {
	if g == nil || g.Outside == 0 {
		return ""
	}
	return fmt.Sprintf("; %s beyond the frame", format.Plural(g.Outside, "extreme row"))
}

func density2(g *density.Grid, title, x, y string, classes []string) markup.HTML {
	d := &chart.Density{
		Title: title, XLabel: x, YLabel: y, X0: g.X0, X1: g.X1, Y0: g.Y0, Y1: g.Y1,
		Columns: g.Columns, Rows: g.Rows, Counts: g.Counts, Classes: g.Classes,
	}
	for _, k := range classes {
		d.Names = append(d.Names, shown(k))
	}
	return d.SVG()
}

func (v view) componentSection() report.Section {
	c := v.Components
	if c == nil {
		return report.Section{}
	}
	s := report.Section{ID: "components", Title: "Principal components"}
	first := 0.0
	for _, share := range c.Share[:min(2, len(c.Share))] {
		first += float64(share)
	}
	s.Lead = fmt.Sprintf("The directions in which %s vary most. The first two hold %s of the variance.", format.Plural(int64(len(c.Columns)), "numeric column"), format.Percent(first))
	bars := &chart.Bars{Title: "Share of variance by component", Width: 360, Max: 1}
	for k, share := range c.Share {
		bars.Items = append(bars.Items, chart.Bar{Label: fmt.Sprintf("PC %d", k+1), Value: float64(share), Text: format.Percent(float64(share))})
	}
	var planes []markup.HTML
	for _, p := range c.Projections {
		x, y := fmt.Sprintf("PC %d", p.X), fmt.Sprintf("PC %d", p.Y)
		name := x + " and " + y
		detail := fmt.Sprintf("%s and %s of the variance", format.Percent(float64(c.Share[p.X-1])), format.Percent(float64(c.Share[p.Y-1])))
		planes = append(planes, report.Figure(name, detail+outside(p.Grid), density2(p.Grid, "Rows by "+name, x, y, c.Classes)))
	}
	s.Body = report.Figures(planes...) + report.Stack(report.Figure("Share of variance", "", bars.SVG())) + v.loadings()
	return s
}

func (v view) loadings() markup.HTML {
	c := v.Components
	t := &report.Table{Caption: "Loadings: how much of each column is in a component", Head: []string{"Column"}, Text: 1}
	for k := range c.Loadings {
		t.Head = append(t.Head, fmt.Sprintf("PC %d", k+1))
	}
	order := make([]int, len(c.Columns))
	for j := range order {
		order[j] = j
	}
	weight := func(j int) float64 {
		w := 0.0
		for k := range c.Loadings {
			w += float64(math.Abs(float64(c.Loadings[k][j])) * float64(c.Share[k]))
		}
		return w
	}
	sorting.Stable(order, func(a, b int) int {
		switch {
		case weight(a) > weight(b):
			return -1
		case weight(a) < weight(b):
			return 1
		}
		return 0
	})
	const most = 25
	for _, j := range order[:min(len(order), most)] {
		row := []string{format.Short(c.Columns[j], 60)}
		for k := range c.Loadings {
			row = append(row, format.Fixed(float64(c.Loadings[k][j]), 3))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(order) > most {
		t.Caption += fmt.Sprintf(" (the %d heaviest of %d columns)", most, len(order))
	}
	return t.HTML()
}
