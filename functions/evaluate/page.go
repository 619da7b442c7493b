package evaluate

import (
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/report/chart"
	"github.com/runnel-dev/runnel/report/format"
	"github.com/runnel-dev/runnel/report/markup"
)

// drawn bounds how many classes and features a chart shows.
const drawn = 20

// page draws the evaluation as one HTML file that stands alone. figures are the
// sections of what the task is about.
func page(e *Evaluation, m *model.Model, figures []report.Section) []byte {
	main := estimator.Metric(m.Task, e.Model.Metrics)
	p := &report.Page{
		Kind:  "Model evaluation",
		Title: e.Dataset,
		Lead:  e.lead(),
		Sections: []report.Section{
			{ID: "gates", Title: "Gates", Count: len(e.Gates), Lead: "Thresholds that the model had to reach.", Body: gates(e.Gates)},
			{ID: "metrics", Title: "Metrics", Lead: e.beside(), Body: metricTable(e)},
		},
		Footer: fmt.Sprintf("Seed %d. %d features.", m.Seed, len(m.Features)),
	}
	if e.Lists != nil {
		p.Footer = fmt.Sprintf("Seed %d.", m.Seed)
	}
	p.Sections = append(p.Sections, figures...)
	p.Facts = append(p.Facts, e.fact(main, format.Fixed(e.Model.Metrics[main], 3)))
	if cv := e.CrossValid; cv != nil {
		p.Facts = append(p.Facts, report.Fact{Name: "cross-validated", Value: format.Fixed(cv.Mean[main], 3),
			Detail: fmt.Sprintf("± %s in %s", format.Fixed(cv.Std[main], 3), cv.In())})
	}
	for _, name := range []string{"roc_auc", "f1_macro", "log_loss", "rmse", "mae", "davies_bouldin", "calinski_harabasz", "inertia", "average_precision", "anomaly_share", "threshold", "score_max", "recall_at_k", "map_at_k", "hit_rate_at_k", "coverage_at_k"} {
		if v, ok := e.Model.Metrics[name]; ok && len(p.Facts) < 5 && name != main {
			p.Facts = append(p.Facts, e.fact(name, format.Number(v)))
		}
	}
	return p.HTML()
}

// lead is the page's first sentence.
func (e *Evaluation) lead() string {
	rows := format.Count(int64(e.Model.Rows))
	if e.Clusters != nil {
		return e.Clusters.lead(e, rows)
	}
	if e.Anomalies != nil {
		return e.Anomalies.lead(e, rows)
	}
	if e.Lists != nil {
		return e.Lists.lead(e)
	}
	seen := "has not seen"
	if e.Subset == "train" {
		seen = "learnt from, which flatters it"
	}
	return fmt.Sprintf("A %s that predicts %s, measured on %s %s rows that it %s.", words(e.Estimator), e.Target, rows, e.Subset, seen)
}

// beside says what the metrics are, and what is beside them.
func (e *Evaluation) beside() string {
	if e.Clusters != nil {
		return e.Clusters.beside(e)
	}
	if e.Anomalies != nil {
		return e.Anomalies.beside()
	}
	if e.Lists != nil {
		return e.Lists.beside()
	}
	return "By scikit-learn's definitions, beside a baseline that knows only how the target is distributed."
}

// fact is a metric, with that of the baseline where there is one.
func (e *Evaluation) fact(name, value string) report.Fact {
	f := report.Fact{Name: words(name), Value: value}
	if v, ok := e.Baseline.Metrics[name]; ok {
		f.Detail = "baseline " + format.Number(v)
	}
	return f
}

// predictionSections are about what is predicted of a target.
func predictionSections(e *Evaluation, m *model.Model, r *residuals) []report.Section {
	return []report.Section{
		{ID: "classes", Title: "Classes", Count: len(e.Model.Classes), Lead: "How well each class is found, and what it is taken for.", Body: classes(e.Model)},
		{ID: "curves", Title: "Ranking and calibration", Lead: "How well the probabilities order the rows, and whether they can be taken at their word.", Body: curves(e.Model)},
		{ID: "residuals", Title: "Predicted and actual", Lead: "Where the predictions lie against the truth, and how far off they are.", Body: r.figures()},
		{ID: "importance", Title: "What the model looks at", Lead: "Mean decrease in impurity by the splits on each feature, as a share of all. It overstates features of many values.", Body: importances(m)},
		{ID: "coefficients", Title: "Coefficients", Lead: "What a feature adds to the value, or to the score of the class, where it is greater by one; features are scaled to a standard deviation of one, so they can be compared.", Body: coefficients(m)},
	}
}

func words(name string) string {
	out := []rune(name)
	for i, r := range out {
		if r == '_' {
			out[i] = ' '
		}
	}
	return string(out)
}

func gates(list []Gate) markup.HTML {
	if len(list) == 0 {
		return ""
	}
	t := &report.Table{Head: []string{"Metric", "", "Value", "Threshold"}, Text: 2}
	for _, g := range list {
		said := "passed"
		if !g.Passed {
			said = "missed"
		}
		t.Rows = append(t.Rows, []string{g.Metric, said, format.Number(g.Value), format.Number(g.Threshold)})
	}
	return t.HTML()
}

func metricTable(e *Evaluation) markup.HTML {
	t := &report.Table{Head: []string{"Metric", "Model", "Baseline"}, Text: 1}
	if e.CrossValid != nil {
		t.Head = append(t.Head, "Folds, mean", "Folds, std")
	}
	for _, name := range sorting.Keys(e.Model.Metrics) {
		row := []string{name, format.Number(e.Model.Metrics[name]), ""}
		if v, ok := e.Baseline.Metrics[name]; ok {
			row[2] = format.Number(v)
		}
		if cv := e.CrossValid; cv != nil {
			row = append(row, format.Number(cv.Mean[name]), format.Number(cv.Std[name]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t.HTML()
}

func classes(r *metrics.Report) markup.HTML {
	if len(r.Classes) == 0 {
		return ""
	}
	t := &report.Table{Head: []string{"Class", "Precision", "Recall", "F1", "ROC AUC", "Rows"}, Text: 1}
	for _, c := range r.Classes {
		auc := ""
		if c.ROCAUC != nil {
			auc = format.Fixed(*c.ROCAUC, 3)
		}
		t.Rows = append(t.Rows, []string{c.Class, format.Fixed(c.Precision, 3), format.Fixed(c.Recall, 3), format.Fixed(c.F1, 3), auc, format.Count(int64(c.Support))})
	}
	if len(r.Classes) > drawn {
		return t.HTML()
	}
	c := &chart.Confusion{Title: "Confusion matrix"}
	for i, row := range r.Confusion {
		c.Classes = append(c.Classes, r.Classes[i].Class)
		counts := make([]int64, len(row))
		for j, v := range row {
			counts[j] = int64(math.Round(v))
		}
		c.Counts = append(c.Counts, counts)
	}
	return markup.Join(t.HTML(), report.Stack(report.Figure("Confusion matrix", "Rows are the actual classes, columns the predicted ones.", c.SVG())))
}

func curves(r *metrics.Report) markup.HTML {
	unit := &[2]float64{0, 1}
	roc := &chart.Lines{Title: "ROC curve", XLabel: "false positive rate", YLabel: "true positive rate", X: unit, Y: unit, Diagonal: true}
	cal := &chart.Lines{Title: "Calibration", XLabel: "predicted probability", YLabel: "observed share", X: unit, Y: unit, Diagonal: true}
	list := r.Classes
	if len(list) == 2 {
		list = list[1:] // the other is its mirror image
	}
	for _, c := range list[:min(len(list), 8)] {
		if c.ROC == nil {
			continue
		}
		s := chart.Series{Name: c.Class}
		for _, p := range c.ROC {
			s.X, s.Y = append(s.X, p.FalsePositive), append(s.Y, p.TruePositive)
		}
		roc.Series = append(roc.Series, s)
		s = chart.Series{Name: c.Class, Dots: true}
		for _, b := range c.Reliability {
			s.X, s.Y = append(s.X, b.Mean), append(s.Y, b.Positive)
		}
		cal.Series = append(cal.Series, s)
	}
	if len(roc.Series) == 0 {
		return ""
	}
	ranking := report.Figure("ROC curve", "Each class against the rest. The dashed line is chance.", roc.SVG())
	if r.Task == learn.AnomalyDetection {
		return report.Figures(ranking) // a score is no probability
	}
	return report.Figures(ranking, report.Figure("Calibration", "Of the rows with a predicted probability, how many are of the class. The dashed line is perfect.", cal.SVG()))
}

func importances(m *model.Model) markup.HTML {
	f, ok := m.Estimator.(interface{ Importances() []float64 })
	if !ok {
		return ""
	}
	values := f.Importances()
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	bars := &chart.Bars{Title: "Importance of features"}
	for _, j := range order[:min(drawn, len(order))] {
		bars.Items = append(bars.Items, chart.Bar{Label: m.Features[j], Value: values[j], Text: format.Percent(values[j])})
	}
	return report.Stack(report.Figure("Importance of features", "", bars.SVG()))
}

// residuals are the predictions of a regression against the truth, in counts.
type residuals struct {
	actual, predicted []float64
}

func residualsOf(y *learn.Target, p *model.Prediction) *residuals {
	if y.Task != learn.Regression {
		return nil
	}
	return &residuals{y.Values, p.Values}
}

func (r *residuals) figures() markup.HTML {
	if r == nil || len(r.actual) == 0 {
		return ""
	}
	const cells = 40
	lo := min(slices.Min(r.actual), slices.Min(r.predicted))
	hi := max(slices.Max(r.actual), slices.Max(r.predicted))
	if hi <= lo || math.IsInf(hi-lo, 0) {
		return ""
	}
	cell := func(v float64) int { return min(cells-1, int((v-lo)/(hi-lo)*cells)) }
	d := &chart.Density{Title: "Predicted against actual", XLabel: "actual", YLabel: "predicted", X0: lo, X1: hi, Y0: lo, Y1: hi,
		Columns: cells, Rows: cells, Counts: make([]int64, cells*cells)}
	off := make([]float64, len(r.actual))
	for i, v := range r.actual {
		d.Counts[cell(r.predicted[i])*cells+cell(v)]++
		off[i] = r.predicted[i] - v
	}
	h := &chart.Histogram{Title: "Residuals", Counts: make([]int64, cells)}
	low, high := slices.Min(off), slices.Max(off)
	if high > low && !math.IsInf(high-low, 0) {
		for i := range cells + 1 {
			h.Edges = append(h.Edges, low+(high-low)*float64(i)/cells)
		}
		for _, v := range off {
			h.Counts[min(cells-1, int((v-low)/(high-low)*cells))]++
		}
	}
	figures := []markup.HTML{report.Figure("Predicted against actual", "A perfect model lies on the diagonal.", d.SVG())}
	if h.Edges != nil {
		figures = append(figures, report.Figure("Residuals", "Predicted less actual.", h.SVG()))
	}
	return report.Figures(figures...)
}
