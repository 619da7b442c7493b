package train_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestCombined fits, judges, writes down and explains what is made of several
// estimators, or of one and what goes around it.
func TestCombined(t *testing.T) {
	small := map[string]any{"n_estimators": 10}
	for _, c := range []struct {
		name, target string
		train        map[string]any
		explained    string // the method
	}{
		{"voting", "species", map[string]any{"model": "voting", "random_forest": small, "gradient_boosting": small}, explain.MemberKernelSHAP},
		{"voting", "body_mass_g", map[string]any{"model": "voting", "voting": map[string]any{"members": []any{
			map[string]any{"model": "ridge", "weight": 2}, map[string]any{"model": "random_forest", "params": small}}}}, explain.MemberSHAP},
		{"stacking", "species", map[string]any{"model": "stacking", "random_forest": small, "gradient_boosting": small, "stacking": map[string]any{"folds": 3}}, explain.MemberKernelSHAP},
		{"stacking", "body_mass_g", map[string]any{"model": "stacking", "random_forest": small, "gradient_boosting": small}, explain.MemberSHAP},
		{"calibrated", "species", map[string]any{"model": "random_forest", "random_forest": small, "calibration": map[string]any{"method": "sigmoid"}}, explain.KernelSHAP},
		{"balanced", "species", map[string]any{"model": "random_forest", "random_forest": small, "balance": "over", "calibration": map[string]any{"method": "isotonic"}}, explain.KernelSHAP},
	} {
		t.Run(c.name+" "+c.target, func(t *testing.T) {
			r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"target": c.target}, "train": c.train, "evaluate": {"folds": 3}}).Must(t)
			m := r.Model(t)
			if v := r.Evaluated.Metrics; v["accuracy"] < 0.95 && v["r2"] < 0.75 {
				t.Errorf("metrics %v", v)
			}
			description, weights, err := model.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			again, err := model.Decode(description, weights)
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := r.Env.Read(t, r.Trained.Raw)
			p, err := m.Predict(raw)
			if err != nil {
				t.Fatal(err)
			}
			q, err := again.Predict(raw)
			if err != nil || fmt.Sprint(p.Values, p.Probabilities) != fmt.Sprint(q.Values, q.Probabilities) {
				t.Errorf("the model that was written down predicts otherwise: %v", err)
			}
			explained := steptest.Emitted[events.ModelExplainedData](t, r.Env.Invoke(t, explain.Function, r.Evaluated, map[string]any{"rows": 3, "permute": 1}), 0)
			var e explain.Explanation
			r.Env.JSON(t, explained.Explanation, &e)
			if e.Method != c.explained || len(e.Outputs) == 0 {
				t.Errorf("explained by %s", e.Method)
			}
		})
	}
}

// TestThreshold tells two classes apart where the metric is best on rows that
// were not fitted on, and judges by that.
func TestThreshold(t *testing.T) {
	chain := func(threshold map[string]any) *functest.Run {
		return penguins(t, "sex", functest.Params{"train": {"model": "logistic", "threshold": threshold}})
	}
	costly := chain(map[string]any{"metric": "cost", "false_negative": 20})
	m := costly.Model(t)
	if m.Threshold <= 0 || m.Threshold > 0.3 || !strings.Contains(strings.Join(costly.Results["train"].Notes, "\n"), "threshold: ") {
		t.Errorf("threshold %v, notes %q", m.Threshold, costly.Results["train"].Notes)
	}
	plain := chain(nil)
	if a, b := costly.Evaluated.Metrics["recall"], plain.Evaluated.Metrics["recall"]; a < b || plain.Model(t).Threshold != 0 {
		t.Errorf("a recall of %v, %v without a threshold", a, b)
	}
	raw, _ := costly.Env.Read(t, costly.Trained.Raw)
	p, err := m.Predict(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i, label := range p.Labels {
		if want := p.Classes[0]; (p.Probabilities[2*i+1] >= m.Threshold) == (label == want) {
			t.Fatalf("row %d is said to be %s with a probability of %v", i, label, p.Probabilities[2*i+1])
		}
	}
	if at := chain(map[string]any{"at": 0.25}).Model(t).Threshold; at != 0.25 {
		t.Errorf("threshold %v", at)
	}
}

// TestThresholdOfNoTwoClasses is refused before anything is read or fitted.
func TestThresholdOfNoTwoClasses(t *testing.T) {
	for _, c := range []struct {
		ingest map[string]any
		of     string
	}{
		{map[string]any{"target": "species"}, "classification of 3 classes"},
		{map[string]any{"target": "body_mass_g"}, "regression"},
		{map[string]any{"task": "clustering"}, "clustering"},
		{map[string]any{"user": "island", "item": "species"}, "recommendation"},
	} {
		for _, threshold := range []map[string]any{{"metric": "f1"}, {"at": 0.3}} {
			r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": c.ingest, "train": {"threshold": threshold}})
			if r.Last != "train" || step.ClassOf(r.Err) != step.ClassPermanent || r.Results["train"].Rows != 0 ||
				!strings.HasPrefix(r.Err.Error(), "threshold is of two classes, and the task is "+c.of) {
				t.Errorf("%v of %s: %s ends after %d rows with %v", threshold, c.of, r.Last, r.Results["train"].Rows, r.Err)
			}
		}
	}
}

func TestCombinedParams(t *testing.T) {
	members := func(m map[string]any) map[string]any {
		return map[string]any{"voting": map[string]any{"members": []any{m}}}
	}
	for _, c := range []struct {
		params map[string]any
		want   string
	}{
		{members(map[string]any{"model": "ridge", "params": map[string]any{"alpha": 2}}), ""},
		{members(map[string]any{"model": "rigde"}), `voting.members.0.model: "rigde" is no estimator to combine; did you mean ridge?`},
		{members(map[string]any{"model": "stacking"}), `voting.members.0.model: "stacking" is no estimator to combine`},
		{members(map[string]any{"model": "ridge", "params": map[string]any{"alhpa": 2}}), "voting.members.0.params.alhpa: no such parameter; did you mean alpha?"},
		{members(map[string]any{"model": "ridge", "params": map[string]any{"alpha": -2}}), "voting.members.0.params.alpha: -2 is below"},
		{map[string]any{"stacking": map[string]any{"final": "forest"}}, `stacking.final: "forest" is no estimator`},
		{map[string]any{"threshold": map[string]any{"at": 0.3, "metric": "f1"}}, "threshold: at is 0.3 and metric is f1"},
		{map[string]any{"threshold": map[string]any{"at": 1}}, "threshold: at is 1: "},
		{map[string]any{"balance": "smote"}, "balance: "},
	} {
		err := train.Function.Check(c.params)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v\n got %v\nwant %s", c.params, err, c.want)
		}
	}
}
