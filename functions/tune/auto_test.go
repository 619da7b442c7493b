package tune_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// small keeps trials short.
const small = `"folds": 3, "space": {"random_forest": {"n_estimators": [10], "max_depth": {"int": [2, 12]}}, "gradient_boosting": {"n_estimators": [10], "learning_rate": {"uniform": [0.05, 0.5]}}, %q: {%q: {"log_uniform": [0.001, 1000]}}}`

// TestAuto ends with a vote that train fits, and that is judged, explained,
// written down and read as any other model.
func TestAuto(t *testing.T) {
	for target, linear := range map[string][2]string{"sex": {"logistic", "c"}, "body_mass_g": {"ridge", "alpha"}} {
		t.Run(target, func(t *testing.T) {
			r := penguins(t, target)
			metric := ""
			if target == "sex" {
				metric = `"metric": "log_loss", `
			}
			p := params(t, `{"auto": true, "trials": 22, `+metric+fmt.Sprintf(small, linear[0], linear[1])+`}`)
			f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, p))
			best, _ := f.study.Best()
			greater, _ := metrics.Greater(f.Metric)
			if f.Trials != 22 || greater && f.Score < best.Score || !greater && f.Score > best.Score {
				t.Errorf("%d trials, %s %v, the best alone %v", f.Trials, f.Metric, f.Score, best.Score)
			}
			if f.choice.Model != "voting" || len(f.choice.Transforms) != 1 || !strings.Contains(f.report, "Votes") {
				t.Fatalf("chose %s with %d transforms", f.choice.Model, len(f.choice.Transforms))
			}
			seen := map[string]bool{}
			for _, x := range f.study.Trials() {
				seen[fmt.Sprint(x.Params["model"])] = true
				for _, name := range []string{"prepare.encode", "prepare.outliers"} {
					seen[name+fmt.Sprint(x.Params[name])] = true
				}
			}
			for _, want := range []string{"random_forest", "gradient_boosting", linear[0], "prepare.encodelinear", "prepare.outliersnone"} {
				if !seen[want] {
					t.Errorf("%s was not tried", want)
				}
			}
			trained := steptest.Emitted[events.ModelTrainedData](t, r.Env.Invoke(t, train.Function, f.FeaturesTunedData, nil), 0)
			judged := steptest.Emitted[events.ModelEvaluatedData](t, r.Env.Invoke(t, evaluate.Function, trained, params(t, `{"folds": 3}`)), 0)
			if v := judged.Metrics; v["accuracy"] < 0.85 && v["r2"] < 0.8 {
				t.Errorf("metrics %v", v)
			}
			var e evaluate.Evaluation
			r.Env.JSON(t, judged.Evaluation, &e)
			if e.CrossValid == nil {
				t.Error("the vote was not cross-validated")
			}
			m, err := model.Decode(r.Env.Bytes(t, trained.Model.Model), r.Env.Bytes(t, trained.Model.Weights))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := r.Env.Read(t, r.Built.Raw)
			all, err := m.Predict(raw)
			if err != nil {
				t.Fatal(err)
			}
			one, err := m.Predict(raw.Take([]int{17}))
			if err != nil || fmt.Sprint(all.Value(17)) != fmt.Sprint(one.Value(0)) {
				t.Errorf("row 17 alone: %v, among others %v, %v", one.Value(0), all.Value(17), err)
			}
			var x explain.Explanation
			explained := steptest.Emitted[events.ModelExplainedData](t, r.Env.Invoke(t, explain.Function, judged, params(t, `{"rows": 2, "permute": 1}`)), 0)
			r.Env.JSON(t, explained.Explanation, &x)
			if len(x.Columns) > len(m.Inputs) {
				t.Errorf("%d columns are explained of %d", len(x.Columns), len(m.Inputs))
			}
		})
	}
}

// TestAutoNeverWorse goes through the same trials first where there are more of
// them, and its score gets no worse.
func TestAutoNeverWorse(t *testing.T) {
	r := penguins(t, "sex")
	before := 2.0
	var trials []search.Trial
	for _, n := range []int{2, 9, 21} {
		p := params(t, fmt.Sprintf(`{"auto": true, "metric": "log_loss", "trials": %d, `, n)+fmt.Sprintf(small, "logistic", "c")+`}`)
		f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, p))
		now := f.study.Trials()
		if f.Score > before || len(now) != n || fmt.Sprint(now[:len(trials)]) != fmt.Sprint(trials) {
			t.Errorf("%d trials: a log loss of %v, with fewer %v", n, f.Score, before)
		}
		before, trials = f.Score, now
	}
}

// TestAutoPrunes lets those vote that were measured on all folds.
func TestAutoPrunes(t *testing.T) {
	r := penguins(t, "sex")
	p := params(t, `{"auto": true, "prune": "halving", "metric": "log_loss", "trials": 30, `+fmt.Sprintf(small, "logistic", "c")+`}`)
	f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, p))
	best, _ := f.study.Best()
	if n := f.study.Count(search.Pruned); f.Trials != 30 || n < 10 || f.Score > best.Score {
		t.Errorf("%d of %d trials were given up; a log loss of %v, of the best alone %v", n, f.Trials, f.Score, best.Score)
	}
}
