package train_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// halves are the rows of the penguins by turns, each with the header.
func halves(t *testing.T) (halves [2][]byte) {
	t.Helper()
	lines := bytes.SplitAfter(functest.Example(t, "penguins/penguins.csv"), []byte("\n"))
	for i := range halves {
		halves[i] = append(halves[i], lines[0]...)
	}
	for i, line := range lines[1:] {
		halves[i%2] = append(halves[i%2], line...)
	}
	return halves
}

// begun trains a model on the first half, and registers it as penguins@1.
func begun(t *testing.T, params map[string]any) *functest.Run {
	t.Helper()
	r := functest.Chain(t, "first.csv", halves(t)[0], functest.Params{"ingest": {"target": "sex"}, "train": params, "evaluate": {"folds": 0}}).Must(t)
	if _, err := r.Env.Models().Register(t.Context(), "penguins", step.ModelVersion{Files: r.Trained.Model, Estimator: r.Trained.Estimator}); err != nil {
		t.Fatal(err)
	}
	return r
}

// goOn takes another table through the chain, in which train goes on.
func goOn(t *testing.T, r *functest.Run, content []byte, ingest, params map[string]any) *functest.Run {
	t.Helper()
	return functest.Continue(t, r.Env, events.ObjectCreatedData{Object: r.Env.Object(t, "uploads", "second.csv", content)},
		functest.Params{"ingest": ingest, "train": params, "evaluate": {"folds": 0}})
}

// A model that goes on has learnt from both tables, and is the same each time.
func TestContinue(t *testing.T) {
	r := begun(t, map[string]any{"model": "sgd"})
	again := goOn(t, r, halves(t)[1], map[string]any{"target": "sex"}, map[string]any{"continue": "penguins@1"}).Must(t)
	before, m := r.Model(t), again.Model(t)
	_, rounds := before.Estimator.(*linear.Model).Converged()
	if _, more := m.Estimator.(*linear.Model).Converged(); more != rounds+1 {
		t.Errorf("%d rounds after %d", more, rounds)
	}
	if m.Params["model"] != "sgd" || again.Trained.Estimator != "sgd" || again.Evaluated.Metrics["accuracy"] < 0.85 {
		t.Errorf("params %v, metrics %v", m.Params, again.Evaluated.Metrics)
	}
	// What it does to rows before them is as it was.
	raw, split := r.Env.Read(t, again.Ingested.Dataset)
	rows := raw.Take(step.RowsOf(split, step.Train, raw.Rows())).Without("sex")
	x, err := before.Matrix(rows)
	if err != nil {
		t.Fatal(err)
	}
	y, err := m.Matrix(rows)
	if err != nil {
		t.Fatal(err)
	}
	for j, col := range x.Columns {
		for i, v := range col {
			if y.Columns[j][i] != v {
				t.Fatalf("feature %s of row %d is %v, and was %v", m.Features[j], i, y.Columns[j][i], v)
			}
		}
	}
	for i, in := range m.Inputs {
		if was := before.Inputs[i]; in.Name != was.Name || in.Min != nil && (*in.Min > *was.Min || *in.Max < *was.Max) {
			t.Errorf("input %+v, before %+v", in, was)
		}
	}
	var lineage struct {
		Dataset   string
		Continues struct{ Model, Weights string }
	}
	if err := json.Unmarshal(m.Lineage, &lineage); err != nil {
		t.Fatal(err)
	}
	if lineage.Dataset != "second" || lineage.Continues.Model != "penguins@1" || lineage.Continues.Weights != r.Trained.Model.Weights.Digest {
		t.Errorf("lineage %+v", lineage)
	}
	res := r.Env.Invoke(t, train.Function, again.Built, map[string]any{"continue": "penguins@1"})
	if same := steptest.Emitted[events.ModelTrainedData](t, res, 0); same.Model != again.Trained.Model {
		t.Errorf("once more it is %+v, not %+v", same.Model, again.Trained.Model)
	}
}

// What cannot go on says so, and what to do.
func TestContinueRefuses(t *testing.T) {
	second := halves(t)[1]
	for _, c := range []struct {
		name   string
		first  map[string]any
		ingest map[string]any
		from   string
		want   string
	}{
		{"a forest", nil, map[string]any{"target": "sex"}, "penguins@1", "only sgd"},
		{"calibrated", map[string]any{"model": "sgd", "calibration": map[string]any{"method": "sigmoid"}}, map[string]any{"target": "sex"}, "penguins@1", "calibrates"},
		{"balanced", map[string]any{"model": "sgd", "balance": "weights"}, map[string]any{"target": "sex"}, "penguins@1", "balance"},
		{"another target", map[string]any{"model": "sgd"}, map[string]any{"target": "island"}, "penguins@1", `classification of "sex"`},
		{"no such version", map[string]any{"model": "sgd"}, map[string]any{"target": "sex"}, "penguins@7", "continue: penguins@7 cannot be gone on from (runnel models list"},
		{"an alias", map[string]any{"model": "sgd"}, map[string]any{"target": "sex"}, "penguins@champion", "write it as churn@3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := goOn(t, begun(t, c.first), second, c.ingest, map[string]any{"continue": c.from})
			if r.Err == nil || r.Last != "train" || !strings.Contains(r.Err.Error(), c.want) {
				t.Errorf("at %s: %v, want an error of train with %q", r.Last, r.Err, c.want)
			}
		})
	}
}

// What is named beside would not be used, and so is refused; what is the default
// anyway is not.
func TestContinueBeside(t *testing.T) {
	for _, c := range []struct {
		params string
		want   []string
	}{
		{`{}`, nil},
		{`{"model": "sgd"}`, nil},
		{`{"sgd": {"max_iter": null}, "balance": "none", "calibration": {"folds": 5}}`, nil},
		{`{"model": "random_forest"}`, []string{"model is random_forest", "leave one of them out"}},
		{`{"sgd": {"loss": "hinge", "alpha": 0.01}}`, []string{"sgd.alpha", "sgd.loss", "penguins@1", "train anew"}},
		{`{"balance": "weights", "threshold": {"metric": "f1"}}`, []string{"balance", "threshold.metric"}},
		{`{"random_forest": {"n_estimators": 7}}`, []string{"random_forest.n_estimators would not be used"}},
	} {
		params := map[string]any{}
		if err := json.Unmarshal([]byte(c.params), &params); err != nil {
			t.Fatal(err)
		}
		params["continue"] = "penguins@1"
		err := train.Function.Check(params)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.params, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", c.params, err, want)
			}
		}
	}
}

// What a search found would not be used either.
func TestContinueAfterSearch(t *testing.T) {
	r := begun(t, map[string]any{"model": "sgd"})
	_, err := r.Env.Try(t, train.Function, events.FeaturesTunedData{FeaturesBuiltData: r.Built}, map[string]any{"continue": "penguins@1"})
	if err == nil || !strings.Contains(err.Error(), "leave out tune") {
		t.Errorf("the error is %v", err)
	}
}
