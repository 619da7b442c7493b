package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
	"github.com/runnel-dev/runnel/table"
)

// What the page shows at most.
const (
	mostBars     = 20
	mostSwarms   = 12
	mostClasses  = 4 // that have a swarm
	mostDepends  = 6
	mostSteps    = 10 // of a waterfall
	mostNames    = 12 // of categories on an axis
	longestValue = 19 // characters of a value beside its column's name
)

// scaleWords say what is explained.
var scaleWords = map[string]string{Probability: "probability", LogOdds: "log-odds", Score: "score", RestOdds: "log-odds against all others", Margin: "margin", Nearness: "nearness", LogScore: "log2 of the score", LogValue: "logarithm of the value", Value: "value"}

// of is what an output is called: the probability of Adelie.
func (e *Explanation) of(o *Output) string {
	switch {
	case e.Scale == Value:
		return e.Target
	case e.Scale == LogScore:
		return scaleWords[e.Scale]
	case o.Class == "":
		return scaleWords[e.Scale] + " of " + e.Target
	}
	if _, err := strconv.ParseFloat(o.Class, 64); err == nil || o.Class == "true" || o.Class == "false" {
		return scaleWords[e.Scale] + " of " + e.Target + " = " + o.Class // which says nothing by itself
	}
	return scaleWords[e.Scale] + " of " + o.Class
}

// page draws the explanation as one HTML file that stands alone.
func (e *Explanation) page(show int) []byte {
	says := fmt.Sprintf("a %s says of %s", strings.ReplaceAll(e.Estimator, "_", " "), cmp.Or(e.Target, "the clusters"))
	if e.Scale == LogScore {
		says = "an isolation forest says of how unlike all others rows are"
	}
	lead := fmt.Sprintf("What each column adds to what %s, for %s.", says, format.Plural(int64(len(e.Rows)), e.Subset+" row"))
	p := &report.Page{
		Kind: "Model explanation", Title: e.Dataset, Lead: lead,
		Sections: []report.Section{
			{ID: "importance", Title: "Importance", Lead: "The mean size of what a column adds, whichever way.", Body: e.bars()},
			{ID: "summary", Title: "Summary", Lead: "A dot is a row: how much the column adds to its prediction, coloured by the column's value. Grey has no order, or no value.", Body: e.swarms()},
			{ID: "dependence", Title: "Dependence", Lead: "What a column adds, against its value.", Body: e.dependences()},
			{ID: "rows", Title: "Rows", Lead: "Single predictions, column by column: from what the model says on average to what it says of the row.", Body: e.waterfalls(show)},
		},
		Footer: e.footer(),
	}
	for g, c := range e.Columns[:min(4, len(e.Columns))] {
		p.Facts = append(p.Facts, report.Fact{Name: fmt.Sprintf("%d.", g+1), Value: c.Name, Detail: format.Percent(e.share(g)) + " of all"})
	}
	return p.HTML()
}

func (e *Explanation) footer() string {
	how := "Shapley values by the paths of the trees (TreeSHAP), exact: they sum to the prediction."
	switch e.Method {
	case LinearSHAP:
		how = "Shapley values of a linear model, for columns that do not depend on each other: they sum to the prediction."
	case KernelSHAP:
		how = "Shapley values by the predictions of rows that are mixed with training rows (Kernel SHAP): they sum to the prediction."
	case InterventionalSHAP:
		how = "Shapley values of trees that do not say how many training rows came where, as ONNX has no place for it: by training rows that are mixed with the row (interventional TreeSHAP), exact: they sum to the prediction."
	case MemberSHAP:
		how = "Shapley values of each member by training rows that are mixed with the row, exact, added up by the members' weights: they sum to the prediction."
	case MemberKernelSHAP:
		how = "Shapley values of the members, added up by their weights: exact of forests and of what is linear, by the predictions of mixed rows (Kernel SHAP) of the others. They sum to the prediction."
	case IntegratedGradients:
		how = "Integrated gradients of a neural network, on the straight way from the mean training row: they sum to the prediction but for about a thousandth."
	}
	switch e.Scale {
	case Margin:
		how += " A margin of 1 or more is all but certain, of -1 or less all but impossible."
	case LogScore:
		how += " The score of an anomaly is 2 to the sum: where a column adds 1, the score doubles. It is by how much shorter the paths to a row are in the trees, as a share of the mean length."
	case Nearness:
		how += " The nearness of a cluster is by how much a row's squared distance from its centre is below the mean of those from all centres, in scaled features; a row is of the cluster that it is nearest to."
	case Score:
		how += " A class's probability is e to its score, over the sum of that of all classes."
	}
	return how + " Features that come from one column are added up."
}

// share is the importance of a column as a share of that of all.
func (e *Explanation) share(column int) float64 {
	own, all := 0.0, 0.0
	for _, o := range e.Outputs {
		own += o.Importances[column]
		for _, v := range o.Importances {
			all += v
		}
	}
	if all == 0 {
		return 0
	}
	return own / all
}

func (e *Explanation) bars() markup.HTML {
	bars := &chart.Bars{Title: "Importance of columns", Width: 640}
	for g, c := range e.Columns[:min(mostBars, len(e.Columns))] {
		sum := 0.0
		for _, o := range e.Outputs {
			sum += o.Importances[g]
		}
		bars.Items = append(bars.Items, chart.Bar{Label: c.Name, Value: sum, Text: format.Number(sum)})
	}
	detail := "Of the " + e.of(&e.Outputs[0]) + "."
	if len(e.Outputs) > 1 {
		detail = "Of the " + scaleWords[e.Scale] + " of each class, added up."
	}
	return report.Stack(report.Figure("Mean size of what a column adds", detail, bars.SVG()), e.Permuted.figure(e.Scale))
}

// figure shows by how much permuting columns makes the model worse, which is explained on a scale.
func (p *Permuted) figure(scale string) markup.HTML {
	if p == nil {
		return ""
	}
	bars := &chart.Bars{Title: "Importance by permutation", Width: 640}
	for _, c := range p.Columns[:min(mostBars, len(p.Columns))] {
		bars.Items = append(bars.Items, chart.Bar{Label: c.Name, Value: c.Mean, Text: format.Fixed(c.Mean, 3) + " ± " + format.Fixed(c.Std, 3)})
	}
	if scale == LogScore && p.Metric == "mae" {
		return report.Figure("How much scores change without", fmt.Sprintf("By how much a score changes on average, up or down, when a column's values are dealt out anew among the rows: mean and spread of %s.", format.Plural(int64(p.Repeats), "time")), bars.SVG())
	}
	if p.Metric == sameCluster {
		return report.Figure("How many rows move without", fmt.Sprintf("The share of rows that get another cluster when a column's values are dealt out anew among the rows: mean and spread of %s.", format.Plural(int64(p.Repeats), "time")), bars.SVG())
	}
	return report.Figure("How much worse the model gets without", fmt.Sprintf("The loss of %s, of %s, when a column's values are dealt out anew among the rows: mean and spread of %s.",
		strings.ReplaceAll(p.Metric, "_", " "), format.Fixed(p.Value, 3), format.Plural(int64(p.Repeats), "time")), bars.SVG())
}

func (e *Explanation) swarms() markup.HTML {
	var figures []markup.HTML
	for k := range e.Outputs[:min(mostClasses, len(e.Outputs))] {
		o := &e.Outputs[k]
		swarm := &chart.Beeswarm{Title: "What columns add to the " + e.of(o), XLabel: "added to the " + e.of(o)}
		for g, c := range e.Columns[:min(mostSwarms, len(e.Columns))] {
			line := chart.Swarm{Label: c.Name, Values: make([]float64, len(e.Rows)), Shade: e.shades(c)}
			for i := range line.Values {
				line.Values[i] = o.Values[i][g]
			}
			swarm.Lines = append(swarm.Lines, line)
		}
		name := []rune(e.of(o))
		if len(e.Outputs) == 1 {
			name = []rune("what columns add to the " + e.of(o))
		}
		name[0] = unicode.ToUpper(name[0])
		figures = append(figures, report.Figure(string(name), "", swarm.SVG()))
	}
	return report.Stack(figures...)
}

// shades places the values of a raw column between 0 and 1 by their rank; NaN
// where there is none.
func (e *Explanation) shades(c Column) []float64 {
	out := make([]float64, len(e.Rows))
	for i := range out {
		out[i] = math.NaN()
	}
	if c.raw < 0 {
		return out
	}
	column := e.cells.Columns[c.raw]
	numbers := column.Numbers()
	if numbers == nil {
		return out
	}
	var sorted []float64
	for i, v := range numbers {
		if !column.Missing(i) && v == v {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	for i, v := range numbers {
		if column.Missing(i) || v != v || sorted[0] == sorted[len(sorted)-1] {
			continue
		}
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last < len(sorted) && sorted[last] == v {
			last++
		}
		out[i] = float64(first+last-1) / 2 / float64(len(sorted)-1)
	}
	return out
}

func (e *Explanation) dependences() markup.HTML {
	var figures []markup.HTML
	for g, c := range e.Columns[:min(mostDepends, len(e.Columns))] {
		if c.raw < 0 {
			continue
		}
		o := e.leading(g)
		column := e.cells.Columns[c.raw]
		s := &chart.Scatter{Title: "What " + c.Name + " adds", XLabel: c.Name, YLabel: "added", Zero: true, Whole: column.Kind == table.Int64}
		for i := range e.Rows {
			s.Y = append(s.Y, o.Values[i][g])
		}
		if s.X = column.Numbers(); s.X != nil && column.Kind != table.Bool && column.Kind != table.Time {
			s.X = slices.Clone(s.X)
			for i := range s.X {
				if column.Missing(i) {
					s.X[i] = math.NaN()
				}
			}
		} else {
			s.X, s.Names = categories(column)
		}
		detail := "To the " + e.of(o) + "."
		figures = append(figures, report.Figure(c.Name, detail, s.SVG()))
	}
	return report.Figures(figures...)
}

// leading is the output to which a column adds most.
func (e *Explanation) leading(column int) *Output {
	best := &e.Outputs[0]
	for k := range e.Outputs {
		if e.Outputs[k].Importances[column] > best.Importances[column] {
			best = &e.Outputs[k]
		}
	}
	return best
}

// categories places the values of a column beside each other, the most frequent
// ones by themselves.
func categories(c *table.Column) (x []float64, names []string) {
	count := map[string]int{}
	text := func(i int) string {
		switch {
		case c.Missing(i):
			return "(missing)"
		case c.Kind == table.Time:
			return c.Text(i)[:7] // the month
		}
		return c.Text(i)
	}
	for i := range c.Len() {
		count[text(i)]++
	}
	for name := range count {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	others := len(names) > mostNames
	if others {
		names = append(names[:mostNames-1:mostNames-1], "(others)")
	}
	if c.Kind == table.Time || c.Kind == table.Bool {
		slices.Sort(names)
	}
	for i := range c.Len() {
		at := slices.Index(names, text(i))
		if at < 0 {
			at = slices.Index(names, "(others)")
		}
		x = append(x, float64(at))
	}
	return x, names
}

// waterfalls takes some rows apart: the surest, the least sure and some between.
func (e *Explanation) waterfalls(show int) markup.HTML {
	var figures []markup.HTML
	for _, i := range e.shown(show) {
		o := &e.Outputs[e.likeliest(i)]
		figures = append(figures, report.Figure(fmt.Sprintf("Row %s: %s %s", format.Count(int64(e.Rows[i])+1), e.of(o), format.Number(o.Total(i))), "", e.waterfall(o, i)))
	}
	return report.Stack(figures...)
}

// likeliest is the output of the class that a row is taken for; 0 of a regression
// and of two classes.
func (e *Explanation) likeliest(row int) int {
	best := 0
	for k := range e.Outputs {
		if e.Outputs[k].Total(row) > e.Outputs[best].Total(row) {
			best = k
		}
	}
	return best
}

// shown picks rows at even distances of what the model says of them, the highest
// first; of anomalies the highest.
func (e *Explanation) shown(show int) []int {
	totals := make([]float64, len(e.Rows))
	for i := range totals {
		totals[i] = e.Outputs[e.likeliest(i)].Total(i)
	}
	order := explain.Order(totals)
	show = min(show, len(order))
	if e.Scale == LogScore {
		return order[:show]
	}
	var out []int
	for k := range show {
		out = append(out, order[k*(len(order)-1)/max(show-1, 1)])
	}
	return out
}

// A RowExplanation is what the columns add to what the model says of a row, in words.
type RowExplanation struct {
	Of          string      // what is explained: probability of Adelie
	Base, Total string      // what the model says on average, and of the row
	Steps       []chart.Bar // by size, the largest first
}

// Row explains a row by its likeliest class, or its value.
func (e *Explanation) Row(row int) RowExplanation {
	o := &e.Outputs[e.likeliest(row)]
	steps := e.steps(o, row, len(e.Columns))
	slices.Reverse(steps)
	return RowExplanation{Of: e.of(o), Base: format.Number(o.Base), Total: format.Number(o.Total(row)), Steps: steps}
}

func (e *Explanation) waterfall(o *Output, row int) markup.HTML {
	return (&chart.Waterfall{Title: "What columns add", Base: o.Base, Total: o.Total(row), From: "on average", To: "this row:", Width: 640,
		Steps: e.steps(o, row, mostSteps)}).SVG()
}

// steps are what the columns add to a row, the largest last, and those beyond most in one.
func (e *Explanation) steps(o *Output, row, most int) []chart.Bar {
	values := o.Values[row]
	size := make([]float64, len(values))
	for g, v := range values {
		size[g] = math.Abs(v)
	}
	order := explain.Order(size)
	var steps []chart.Bar
	signed := signedTo(size[order[0]])
	rest := 0.0
	for k := len(order) - 1; k >= 0; k-- {
		g := order[k]
		if k >= most && len(order) > most+1 {
			rest += values[g]
			if k == most {
				steps = append(steps, chart.Bar{Label: fmt.Sprintf("%d others", len(order)-most), Value: rest, Text: signed(rest)})
			}
			continue
		}
		steps = append(steps, chart.Bar{Label: e.Columns[g].Name + e.cell(e.Columns[g], row), Value: values[g], Text: signed(values[g])})
	}
	return steps
}

// cell is a raw value as it stands beside its column's name.
func (e *Explanation) cell(c Column, row int) string {
	if c.raw < 0 {
		return ""
	}
	return " = " + format.Short(Cell(e.cells.Columns[c.raw], row), longestValue)
}

// Cell is a raw value as people read it.
func Cell(c *table.Column, row int) string {
	switch {
	case c.Missing(row):
		return "(missing)"
	case c.Kind == table.Float64:
		return format.Number(c.Floats[row])
	case c.Kind == table.Time:
		return format.Time(float64(c.Ints[row]))
	}
	return c.Text(row)
}

// signedTo writes numbers with a sign, and as many decimals as the largest of them
// asks for.
func signedTo(largest float64) func(float64) string {
	decimals := 0
	for v := largest; v > 0 && v < 100 && decimals < 12; v *= 10 {
		decimals++
	}
	return func(v float64) string {
		text := format.Fixed(v, decimals)
		if v < 0 {
			return text
		}
		return "+" + text
	}
}
