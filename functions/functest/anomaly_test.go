package functest_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// strays is a table of 400 rows along a diagonal, and of 8 that are off it or far
// out, the label of which says so. The last rows have none.
func strays() []byte {
	var b strings.Builder
	b.WriteString("a,b,kind,stray\n")
	for i := range 408 {
		a := float64(i*37%400) / 400
		v, kind, label := a+float64(i*61%97)/970, []string{"x", "y"}[i%2], "false"
		if i%50 == 49 {
			a, v, label = []float64{0.05, 3, 0.95}[i/50%3], []float64{0.95, 0.9, 0.1}[i/50%3]+float64(i)/9000, "true"
		}
		if i >= 400 {
			label = ""
		}
		fmt.Fprintf(&b, "%.4f,%.4f,%s,%s\n", a, v, kind, label)
	}
	return []byte(b.String())
}

// TestAnomalies: rows that are unlike all others are found without a target, and
// judged by a label where there is one, which is no feature.
func TestAnomalies(t *testing.T) {
	r := functest.Chain(t, "strays.csv", strays(), functest.Params{
		"ingest": {"task": "anomaly_detection", "label": "stray"},
		"train":  {"isolation_forest": map[string]any{"contamination": 0.02}},
	}).Must(t)
	e := r.Evaluation(t)
	a := e.Anomalies
	if e.Subset != "train" || e.Target != "" || e.Model.Task != learn.AnomalyDetection || e.Model.Rows != 408 || e.Estimator != "isolation_forest" {
		t.Errorf("the evaluation is %+v", e)
	}
	if a.Count != 9 || a.Label.Known != 400 || a.Label.Anomalies != 8 || len(a.Top) != 20 || !slices.IsSortedFunc(a.Top, func(a, b evaluate.Suspect) int { return int(math.Copysign(1, b.Score-a.Score)) }) {
		t.Errorf("the anomalies are %+v, %+v", a, a.Label)
	}
	metrics := e.Model.Metrics
	if metrics["roc_auc"] < 0.97 || metrics["average_precision"] < 0.7 || metrics["recall"] < 0.75 || metrics["anomaly_share"] != 9.0/408 || metrics["threshold"] != a.Threshold {
		t.Errorf("the metrics are %v", metrics)
	}
	if e.Baseline.Metrics["average_precision"] != 0.02 || e.Baseline.Metrics["roc_auc"] != 0.5 {
		t.Errorf("the baseline is %v", e.Baseline.Metrics)
	}
	rows := int64(0)
	for k, n := range a.Counts {
		if rows += n; a.Edges[k+1] == a.Threshold && rows != 408-9 {
			t.Errorf("%d rows are at most at the threshold %v", rows, a.Threshold)
		}
	}
	if rows != 408 || !slices.Contains(a.Edges, a.Threshold) {
		t.Errorf("%d rows between %v", rows, a.Edges)
	}
	m := r.Model(t)
	if slices.ContainsFunc(m.Inputs, func(in model.Input) bool { return in.Name == "stray" }) || slices.Contains(m.Features, "stray") {
		t.Errorf("it learns from the label: %v", m.Inputs)
	}
	for _, trait := range a.Traits {
		if trait.Column == "stray" || len(trait.Groups) != 2 || trait.Column != "kind" && !(*trait.Groups[1] > 1.2 && *trait.Groups[0] < 1) {
			t.Errorf("trait %+v", trait)
		}
	}
}

// TestAnomalyPredictions: a table's rows get whether they are an anomaly, and their
// score, the same from the model's files.
func TestAnomalyPredictions(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"task": "anomaly_detection"}}).Must(t)
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	out, err := predict.Table(m, raw, predict.Params{Inputs: true})
	if err != nil {
		t.Fatal(err)
	}
	is, score := out.Column("prediction"), out.Column("score")
	if is.Kind != table.Bool || score.Kind != table.Float64 || is.Nulls()+score.Nulls() > 0 {
		t.Fatalf("predictions are of %v and %v", is.Kind, score.Kind)
	}
	found := int64(0)
	for i, s := range score.Floats {
		if is.Bools[i] != (s > 0.5) {
			t.Errorf("row %d: %v with a score of %v", i, is.Bools[i], s)
		}
		if is.Bools[i] {
			found++
		}
	}
	e := r.Evaluation(t)
	if e.Anomalies.Count != found || e.Anomalies.Label != nil || e.Anomalies.Threshold != 0.5 || len(e.Baseline.Metrics) != 0 {
		t.Errorf("%d anomalies: %+v", found, e.Anomalies)
	}
	// Of many categories, one column each, no row is like the others.
	if notes := r.Results["evaluate"].Notes; !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, "train.isolation_forest.contamination") }) {
		t.Errorf("notes %q", notes)
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if again := (&evaluate.Evaluation{}); json.Unmarshal(b, again) != nil || len(again.Anomalies.Top) != 20 {
		t.Errorf("the evaluation does not come back: %s", b)
	}
	description, weights, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	read, err := model.Decode(description, weights)
	if err != nil {
		t.Fatal(err)
	}
	p, err := read.Predict(raw)
	if err != nil || !slices.Equal(p.Scores, score.Floats) || !slices.Equal(p.Anomalies, is.Bools) || p.Value(0) != is.Bools[0] {
		t.Errorf("the model that was read says something else: %v", err)
	}
}

// TestExplainedAnomalies: what the columns add sums to the logarithm of the score,
// and the rows with the largest scores are among those that are explained.
func TestExplainedAnomalies(t *testing.T) {
	r := functest.Chain(t, "strays.csv", strays(), functest.Params{"ingest": {"task": "anomaly_detection", "label": "stray"}}).Must(t)
	res := r.Env.Invoke(t, explain.Function, r.Evaluated, map[string]any{"rows": 50, "show": 4})
	var e explain.Explanation
	r.Env.JSON(t, res.Outputs["explanation"], &e)
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Trained.Raw)
	p, err := m.Predict(raw.Take(e.Rows))
	if err != nil {
		t.Fatal(err)
	}
	for i, score := range p.Scores {
		if got, want := e.Outputs[0].Total(i), math.Log2(score); math.Abs(got-want) > 1e-9 {
			t.Fatalf("row %d has a score of 2 to the %v, explained are %v", e.Rows[i], want, got)
		}
	}
	for _, s := range r.Evaluation(t).Anomalies.Top[:4] {
		if !slices.Contains(e.Rows, s.Row) {
			t.Errorf("row %d, of score %v, is not explained", s.Row, s.Score)
		}
	}
	if e.Method != explain.TreeSHAP || e.Scale != explain.LogScore || len(e.Columns) != 3 || e.Permuted.Metric != "mae" || e.Permuted.Value != 0 {
		t.Errorf("%s, %s, %+v", e.Method, e.Scale, e.Permuted)
	}
	for _, c := range e.Permuted.Columns {
		if important := c.Name != "kind"; important != (c.Mean > 0.02) {
			t.Errorf("without %s the scores differ by %v", c.Name, c.Mean)
		}
	}
}

// TestAnomaliesRefuse: what suits other tasks alone is refused by name, and a gate on
// the share of anomalies stops the chain.
func TestAnomaliesRefuse(t *testing.T) {
	task := map[string]any{"task": "anomaly_detection"}
	for _, c := range []struct {
		step string
		p    functest.Params
		want string
	}{
		{"ingest", functest.Params{"ingest": {"task": "anomaly_detection", "target": "stray"}}, `anomaly_detection has no target, and "stray" is named as one`},
		{"ingest", functest.Params{"ingest": {"task": "anomaly_detection", "weight": "a"}}, `the column of weights "a" means nothing to anomaly_detection`},
		{"ingest", functest.Params{"ingest": {"task": "anomaly_detection", "label": "kind"}}, `the label "kind" holds string values: want true and false, or 1 and 0`},
		{"ingest", functest.Params{"ingest": {"task": "anomaly_detection", "label": "b "}}, `no column "b "`},
		{"ingest", functest.Params{"ingest": {"target": "kind", "label": "stray"}}, "label is the column of known anomalies, and the task is auto"},
		{"clean", functest.Params{"ingest": {"task": "anomaly_detection", "label": "stray"}, "clean": {"drop_columns": []any{"stray"}}}, `column "stray" says which rows are anomalies`},
		{"train", functest.Params{"ingest": task, "train": {"model": "kmeans"}}, "kmeans is for clustering, the task is anomaly_detection (for that there are: isolation_forest)"},
		{"train", functest.Params{"ingest": task, "train": {"threshold": map[string]any{"metric": "f1"}}}, "threshold is of two classes, and the task is anomaly_detection"},
		{"train", functest.Params{"ingest": task, "train": {"balance": "weights"}}, "balance: weights is of classes, and the task is anomaly_detection"},
		{"evaluate", functest.Params{"ingest": task, "evaluate": {"beat_baseline": true}}, "anomalies that nobody has labelled have no baseline"},
		{"evaluate", functest.Params{"ingest": task, "evaluate": {"gate": map[string]any{"roc_auc": 0.5}}}, "no metric \"roc_auc\""},
		{"evaluate", functest.Params{"ingest": task, "evaluate": {"gate": map[string]any{"anomaly_share": 0.001}}}, "is above the gate of 0.001"},
	} {
		r := functest.Chain(t, "strays.csv", strays(), c.p)
		if r.Last != c.step || r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s: %s", r.Last, r.Err, c.step, c.want)
		}
	}
	r := functest.Chain(t, "strays.csv", strays(), functest.Params{
		"ingest": {"task": "anomaly_detection", "label": "stray", "split": "random"}, "evaluate": {"beat_baseline": true, "gate": map[string]any{"anomaly_share": 0.9, "roc_auc": 0.7}},
	}).Must(t)
	if e := r.Evaluation(t); e.Subset != "test" || e.Model.Rows > 90 || len(e.Gates) != 3 {
		t.Errorf("%s rows: %d, gates %+v", e.Subset, e.Model.Rows, e.Gates)
	}
	if _, err := r.Env.Try(t, tune.Function, r.Built, nil); err == nil || step.ClassOf(err) != step.ClassPermanent || !strings.Contains(err.Error(), "nothing says which of two models finds anomalies better") {
		t.Errorf("tune: error %v", err)
	}
}

// TestAnomalyMetadata: an upload asks for it, and names the label.
func TestAnomalyMetadata(t *testing.T) {
	env := functest.NewEnv(t)
	o := env.Object(t, "uploads", "strays.csv", strays())
	o.Metadata = map[string]string{"task": "anomaly_detection", "label": "stray"}
	r := functest.Continue(t, env, events.ObjectCreatedData{Object: o}, nil).Must(t)
	if d := r.Ingested.Dataset; d.Task != "anomaly_detection" || d.Target != "" || d.Roles["label"] != "stray" {
		t.Errorf("%+v", d)
	}
	// Numbers far out are not capped, and equal rows stay.
	if e := r.Evaluation(t); e.Model.Rows != 408 {
		t.Errorf("%d rows", e.Model.Rows)
	}
}
