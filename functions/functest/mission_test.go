package functest_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// mission is testdata/mission.json: what pandas and scikit-learn give.
type mission struct {
	Cases []struct {
		Name, CSV, Target string
		Kept              []int
		Clean, Features   map[string][]any
	}
	Scores map[string]struct {
		Accuracy  float64
		F1Macro   float64 `json:"f1_macro"`
		LogLoss   float64 `json:"log_loss"`
		ROCAUC    float64 `json:"roc_auc"`
		R2        float64
		MSE       float64
		MAE       float64
		Confusion [][]float64
	}
}

func readMission(t *testing.T) *mission {
	t.Helper()
	b, err := os.ReadFile("testdata/mission.json")
	if err != nil {
		t.Fatal(err)
	}
	var m mission
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

// everyFourth holds back the rows that the fixture does.
func everyFourth(n int) []step.Subset {
	split := make([]step.Subset, n)
	for i := 1; i < n; i += 4 {
		split[i] = step.Test
	}
	return split
}

func ingested(t *testing.T, env *steptest.Env, text, target string) events.DatasetIngestedData {
	t.Helper()
	tbl, _, err := csv.Read(t.Context(), csv.Bytes("fixture.csv", []byte(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	ds := events.Dataset{Name: "fixture", Target: target}
	task, _ := preprocess.DecideTask(tbl.Column(target))
	if ds.Task = string(task); task == "classification" {
		ds.Classes = preprocess.Classes(tbl.Column(target))
	}
	return events.DatasetIngestedData{Dataset: env.Dataset(t, ds, tbl, everyFourth(tbl.Rows()), 100)}
}

// same compares a column with the reference: numbers, texts, dates as 2006-01-02, nil.
func same(t *testing.T, c *table.Column, want []any) {
	t.Helper()
	if c.Len() != len(want) {
		t.Fatalf("column %s has %d rows, want %d", c.Name, c.Len(), len(want))
	}
	for i, w := range want {
		switch w := w.(type) {
		case nil:
			if !c.Missing(i) {
				t.Fatalf("column %s, row %d: %q, want none", c.Name, i, c.Text(i))
			}
		case float64:
			if v := c.Numbers(); v == nil || !(math.Abs(v[i]-w) <= 1e-12*math.Abs(w)) {
				t.Fatalf("column %s, row %d: %s, want %v", c.Name, i, c.Text(i), w)
			}
		case string:
			if got := c.Text(i); got != w && !(c.Kind == table.Time && got == w+"T00:00:00Z") {
				t.Fatalf("column %s, row %d: %q, want %q", c.Name, i, got, w)
			}
		}
	}
}

// TestMissionCode cleans and engineers features with the parameters that stand
// for the mission's own code.
func TestMissionCode(t *testing.T) {
	for _, c := range readMission(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			env := functest.NewEnv(t)
			in := ingested(t, env, c.CSV, c.Target)
			out := steptest.Emitted[events.DatasetCleanedData](t, env.Invoke(t, clean.Function, in, nil), 0)
			_, split := env.Read(t, out.Raw)
			var kept []int
			for i, s := range split {
				if s != step.Excluded {
					kept = append(kept, i)
				}
			}
			if kept != nil && !slices.Equal(kept, c.Kept) {
				t.Fatalf("rows kept %v, want %v", kept, c.Kept)
			}
			cleaned, cleanedSplit := env.Read(t, out.Dataset)
			if cleaned.Rows() != len(c.Kept) || len(cleanedSplit) != len(c.Kept) || len(cleaned.Columns) != len(c.Clean) {
				t.Fatalf("%d rows and %d columns, want %d and %d", cleaned.Rows(), len(cleaned.Columns), len(c.Kept), len(c.Clean))
			}
			for name, want := range c.Clean {
				same(t, cleaned.Column(name), want)
			}
			if c.Features == nil {
				return
			}
			groups := []any{"Child", "Youth", "Adult", "Mid-Age", "Senior"}
			built := steptest.Emitted[events.FeaturesBuiltData](t, env.Invoke(t, featurize.Function, out, map[string]any{
				"bins":         []any{map[string]any{"columns": []any{"age"}, "edges": []any{0, 18, 30, 50, 80, 120}, "labels": groups, "into": "age_group"}},
				"interactions": []any{map[string]any{"pairs": []any{[]any{"height", "income"}}, "into": "interaction_feature"}},
				"one_hot":      []any{map[string]any{"columns": []any{"age_group"}, "orders": map[string]any{"age_group": groups}, "drop_first": true}},
			}), 0)
			features, _ := env.Read(t, built.Dataset)
			for name, want := range c.Features {
				if name != "signup_date" { // taken apart here, left as it is there
					same(t, features.Column(name), want)
				}
			}
		})
	}
}

// TestScores fits the estimators and finds scikit-learn's scores: to rounding
// where the optimum is one, and no worse where chance is in it.
func TestScores(t *testing.T) {
	want := readMission(t)
	for _, c := range []struct {
		estimator, score, target string
		drop                     []any
	}{
		{"logistic", "logistic", "species", []any{"island", "sex"}},
		{"random_forest", "random_forest", "species", []any{"island", "sex"}},
		{"linear", "linear", "body_mass_g", []any{"island", "sex", "species"}},
		{"ridge", "ridge", "body_mass_g", []any{"island", "sex", "species"}},
		{"random_forest", "random_forest_r2", "body_mass_g", []any{"island", "sex", "species"}},
	} {
		t.Run(c.score, func(t *testing.T) {
			w := want.Scores[c.score]
			env := functest.NewEnv(t)
			// Rows are equal, or not, by every column: those left out are dropped from features alone.
			in := ingested(t, env, want.Cases[1].CSV, c.target)
			cleaned := steptest.Emitted[events.DatasetCleanedData](t, env.Invoke(t, clean.Function, in, map[string]any{"drop_columns": c.drop}), 0)
			built := steptest.Emitted[events.FeaturesBuiltData](t, env.Invoke(t, featurize.Function, cleaned, nil), 0)
			trained := steptest.Emitted[events.ModelTrainedData](t, env.Invoke(t, train.Function, built,
				map[string]any{"model": c.estimator, "random_forest": map[string]any{"max_depth": 10}}), 0)
			judged := steptest.Emitted[events.ModelEvaluatedData](t, env.Invoke(t, evaluate.Function, trained, map[string]any{"folds": 0}), 0)
			if c.estimator == "random_forest" {
				if got := judged.Metrics["accuracy"]; w.Accuracy > 0 && got < w.Accuracy-.02 {
					t.Errorf("accuracy %v, scikit-learn's forests have %v on average", got, w.Accuracy)
				}
				if got := judged.Metrics["r2"]; w.R2 > 0 && got < w.R2-.02 {
					t.Errorf("r2 %v, scikit-learn's forests have %v on average", got, w.R2)
				}
				return
			}
			for name, want := range map[string]float64{"accuracy": w.Accuracy, "f1_macro": w.F1Macro, "log_loss": w.LogLoss, "roc_auc": w.ROCAUC, "r2": w.R2, "mse": w.MSE, "mae": w.MAE} {
				if got := judged.Metrics[name]; want != 0 && math.Abs(got-want) > 1e-5*want {
					t.Errorf("%s %v, want %v", name, got, want)
				}
			}
			var e evaluate.Evaluation
			env.JSON(t, judged.Evaluation, &e)
			for i, row := range w.Confusion {
				if !slices.Equal(e.Model.Confusion[i], row) {
					t.Errorf("confusion of class %s: %v, want %v", e.Model.Classes[i].Class, e.Model.Confusion[i], row)
				}
			}
			if !strings.HasPrefix(trained.Estimator, c.estimator) {
				t.Errorf("estimator %s", trained.Estimator)
			}
		})
	}
}
