package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Anomalies say which rows a model finds to be unlike all others, in the units of the
// raw columns.
type Anomalies struct {
	Threshold float64   `json:"threshold"` // the score above which a row is one
	Count     int64     `json:"count"`     // rows that are
	Edges     []float64 `json:"edges"`     // of the scores' histogram, one more than Counts
	Counts    []int64   `json:"counts"`
	Top       []Suspect `json:"top"` // the rows with the largest scores, the largest first
	// Traits are of the other rows and of the anomalies; of a column of numbers, by
	// how many standard deviations values are off their mean.
	Traits []Trait `json:"traits"`
	Label  *Label  `json:"label,omitempty"`
}

// A Suspect is a row with a large score.
type Suspect struct {
	Row   int     `json:"row"` // in the dataset, from 0
	Score float64 `json:"score"`

	at int // among the rows that were judged
}

// A Label is what is known of the rows that were judged.
type Label struct {
	Column    string `json:"column"`
	Known     int64  `json:"known"`     // rows that have a label
	Anomalies int64  `json:"anomalies"` // rows that have one that says so
}

// manyAnomalies is a share of anomalies that makes none of the rows unlike all others.
const manyAnomalies = 0.2

// mostSuspects is how many rows are listed.
const mostSuspects = 20

// anomalies measures the scores of the rows that were learnt from, or of the test
// rows where some were kept; where a label is known, the model is judged by it.
func (p Params) anomalies(_ context.Context, call *step.Call, e *Evaluation, m *model.Model, ds events.Dataset, raw *table.Table, split []step.Subset) ([]report.Section, error) {
	fail := func(err error) ([]report.Section, error) {
		return nil, step.Permanent(fmt.Errorf("the anomalies of dataset %s: %w", e.Dataset, err))
	}
	raw, rows := e.judged(call, raw, split)
	predicted, err := m.Predict(raw)
	if err != nil {
		return fail(err)
	}
	threshold := m.Estimator.(model.Detector).Threshold()
	a := &Anomalies{Threshold: threshold, Top: suspects(predicted.Scores, rows)}
	a.Edges, a.Counts = spread(predicted.Scores, threshold)
	e.Anomalies, e.Model = a, metrics.Anomalies(predicted.Scores, threshold)
	e.Baseline = &metrics.Report{Task: m.Task, Rows: raw.Rows(), Metrics: map[string]float64{}}
	groups := make([]int32, raw.Rows())
	for i, is := range predicted.Anomalies {
		if is {
			groups[i] = 1
			a.Count++
		}
	}
	if share := e.Model.Metrics["anomaly_share"]; share > manyAnomalies {
		call.Note("%.0f %% of the rows have a score above %.4g: the rows differ so much that few splits part any from the others. Say what share of anomalies there may be (train.isolation_forest.contamination), or leave columns out that are not to count (clean.drop_columns)", 100*share, threshold)
	}
	label := ds.Roles[events.RoleLabel]
	a.Traits = traits(raw.Without(label), groups, 2, distances)
	if label != "" {
		if err := a.judge(call, e, raw.Column(label), predicted.Scores); err != nil {
			return fail(err)
		}
	}
	return a.sections(e, raw), nil
}

// suspects are the rows with the largest scores, the first of equals first.
func suspects(scores []float64, rows []int) []Suspect {
	all := make([]Suspect, len(scores))
	for i, s := range scores {
		all[i] = Suspect{rows[i], s, i}
	}
	sorting.Stable(all, func(a, b Suspect) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	return all[:min(mostSuspects, len(all))]
}

// spread counts the scores in bins, of which the threshold is an edge where it is
// within them: what lies above is anomalies.
func spread(scores []float64, threshold float64) (edges []float64, counts []int64) {
	const width = 0.0125
	low, high := scores[0], scores[0]
	for _, s := range scores {
		low, high = min(low, s), max(high, s)
	}
	// A score that is an edge is counted below it, as one that is the threshold.
	first := math.Ceil((low-threshold)/width) - 1
	counts = make([]int64, max(1, int(math.Ceil((high-threshold)/width)-first)))
	for k := range len(counts) + 1 {
		edges = append(edges, threshold+float64(width*(first+float64(k))))
	}
	for _, s := range scores {
		counts[min(max(0, int(math.Ceil((s-threshold)/width)-1-first)), len(counts)-1)]++
	}
	return edges, counts
}

// distances are by how many standard deviations values are off their mean: anomalies
// are far out on either side.
func distances(values []float64) []float64 {
	var sum, n, variance float64
	for _, v := range values {
		if v-v == 0 {
			sum, n = sum+v, n+1
		}
	}
	mean := sum / n
	for _, v := range values {
		if v-v == 0 {
			variance += float64((v-mean)*(v-mean)) / n
		}
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Abs(v-mean) / math.Sqrt(variance)
	}
	return out
}

// judge compares the scores with what is known of the rows. Baselines are those of
// any order of the rows.
func (a *Anomalies) judge(call *step.Call, e *Evaluation, c *table.Column, scores []float64) error {
	a.Label = &Label{Column: c.Name}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"normal", "anomaly"}}
	var p []float64
	numbers := c.Numbers()
	for i, s := range scores {
		if c.Missing(i) || numbers[i] != numbers[i] {
			continue
		}
		if numbers[i] != 0 && numbers[i] != 1 {
			return fmt.Errorf("the label %q is %v in row %d of those that are judged: want true or 1 of an anomaly, false or 0 of any other row, and nothing where it is not known", c.Name, numbers[i], i+1)
		}
		is := int32(0)
		if numbers[i] != 0 {
			is = 1
			a.Label.Anomalies++
		}
		y.Labels, p = append(y.Labels, is), append(p, 1-s, s)
	}
	a.Label.Known = int64(len(y.Labels))
	if a.Label.Anomalies == 0 || a.Label.Anomalies == a.Label.Known {
		call.Note("of the %d rows with a label %q, %d are anomalies: there is nothing to judge the scores by", a.Label.Known, c.Name, a.Label.Anomalies)
		return nil
	}
	// A score that is the threshold is none of an anomaly, and a probability is one of its class.
	r, err := metrics.EvaluateAt(y, p, nil, math.Nextafter(a.Threshold, 1))
	if err != nil {
		return err
	}
	for _, name := range []string{"roc_auc", "average_precision", "precision", "recall", "f1"} {
		if v, ok := r.Metrics[name]; ok {
			e.Model.Metrics[name] = v
		}
	}
	e.Model.Classes, e.Model.Confusion = r.Classes, r.Confusion
	e.Baseline.Metrics["roc_auc"] = 0.5
	e.Baseline.Metrics["average_precision"] = float64(a.Label.Anomalies) / float64(a.Label.Known)
	return nil
}
