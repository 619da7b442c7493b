package tune_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func penguins(t *testing.T, target string) *functest.Run {
	t.Helper()
	return functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{
		"ingest": {"target": target}, "train": {"model": "baseline"}, "evaluate": {"folds": 0}}).Must(t)
}

// found is what a step said and stored at the end of a search.
type found struct {
	events.FeaturesTunedData
	choice fitted.Choice
	study  search.Study
	report string
}

func read(t *testing.T, r *functest.Run, res step.Result) found {
	t.Helper()
	f := found{FeaturesTunedData: steptest.Emitted[events.FeaturesTunedData](t, res, 0)}
	r.Env.JSON(t, f.Choice, &f.choice)
	r.Env.JSON(t, res.Outputs["study"], &f.study)
	f.report = string(r.Env.Bytes(t, res.Outputs["report"]))
	return f
}

func params(t *testing.T, text string) map[string]any {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGrid tries every point, and train uses the best.
func TestGrid(t *testing.T) {
	r := penguins(t, "species")
	f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"sampler": "grid", "space": {"random_forest": {"n_estimators": [5, 20], "max_depth": [1, 6]}}}`)))
	trials := f.study.Trials()
	if len(trials) != 4 || f.Trials != 4 || f.Metric != "accuracy" {
		t.Fatalf("%d trials by %s", f.Trials, f.Metric)
	}
	best, _ := f.study.Best()
	for _, x := range trials {
		if len(x.Scores) != 5 || math.Abs(x.Score-(x.Scores[0]+x.Scores[1]+x.Scores[2]+x.Scores[3]+x.Scores[4])/5) > 1e-12 || x.Score > best.Score {
			t.Errorf("%+v", x)
		}
	}
	own, _ := f.choice.Params["random_forest"].(map[string]any)
	if f.choice.Model != "random_forest" || own["max_depth"] != 6.0 || own["min_samples_leaf"] != 1.0 || f.Score != best.Score || best.Score < 0.95 {
		t.Errorf("%+v, score %v", f.choice, f.Score)
	}
	for _, want := range []string{"History", "random_forest.max_depth", "<svg", "Trials"} {
		if !strings.Contains(f.report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	trained := steptest.Emitted[events.ModelTrainedData](t, r.Env.Invoke(t, train.Function, f.FeaturesTunedData, params(t, `{"balance": "weights"}`)), 0)
	m, err := model.Decode(r.Env.Bytes(t, trained.Model.Model), r.Env.Bytes(t, trained.Model.Weights))
	if err != nil {
		t.Fatal(err)
	}
	used, _ := m.Params["random_forest"].(map[string]any)
	if fmt.Sprint(used) != fmt.Sprint(own) {
		t.Errorf("trained with %v, found %v", used, own)
	}
}

// TestSameBytes stores the same study and report when it is done again.
func TestSameBytes(t *testing.T) {
	r := penguins(t, "species")
	p := params(t, `{"models": ["logistic"], "trials": 3, "folds": 3}`)
	one, other := r.Env.Invoke(t, tune.Function, r.Built, p), r.Env.Invoke(t, tune.Function, r.Built, p)
	if !maps.Equal(one.Outputs, other.Outputs) || len(one.Outputs) != 3 {
		t.Errorf("%v\n%v", one.Outputs, other.Outputs)
	}
}

// TestSearches finds good parameters in every way of searching.
func TestSearches(t *testing.T) {
	r := penguins(t, "species")
	for name, c := range map[string]struct {
		params string
		trials int
		least  float64
	}{
		"models":    {`{"models": ["logistic", "random_forest", "baseline"], "trials": 14, "folds": 3}`, 14, 0.97},
		"random":    {`{"sampler": "random", "trials": 6, "space": {"logistic.c": {"log_uniform": [0.001, 100]}}}`, 6, 0.97},
		"process":   {`{"sampler": "gp", "trials": 12, "folds": 3, "space": {"logistic.c": {"log_uniform": [0.00001, 100]}}}`, 12, 0.97},
		"halving":   {`{"prune": "halving", "trials": 18, "space": {"logistic.c": {"log_uniform": [0.00001, 100]}}}`, 18, 0.97},
		"hyperband": {`{"prune": "hyperband", "trials": 20, "space": {"logistic.c": {"log_uniform": [0.00001, 100]}}}`, 20, 0.97},
		"network":   {`{"trials": 2, "folds": 2, "models": ["neural_network"]}`, 2, 0.97},
		"log loss":  {`{"metric": "log_loss", "trials": 5, "models": ["logistic"]}`, 5, 0},
		"group":     {`{"cv": "group", "by": "year", "folds": 3, "trials": 2, "models": ["logistic"]}`, 2, 0.95},
		"time":      {`{"cv": "time", "by": "year", "folds": 3, "trials": 2, "models": ["logistic"]}`, 2, 0.9},
		"repeated":  {`{"repeats": 2, "folds": 2, "trials": 2, "models": ["logistic"]}`, 2, 0.9},
		"budget":    {`{"budget": "1ns", "trials": 50, "models": ["logistic"]}`, 1, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, c.params)))
			if f.Trials != c.trials || len(f.study.Running()) > 0 || f.Score < c.least || (f.Metric == "log_loss" && f.Score > 0.3) {
				t.Errorf("%d trials, %s %v", f.Trials, f.Metric, f.Score)
			}
			if strings.HasPrefix(name, "h") && f.study.Count(search.Pruned) < c.trials/3 {
				t.Errorf("%d trials were given up", f.study.Count(search.Pruned))
			}
		})
	}
}

func TestRegression(t *testing.T) {
	r := penguins(t, "body_mass_g")
	f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"metric": "rmse", "trials": 5, "models": ["ridge", "linear"]}`)))
	best, _ := f.study.Best()
	for _, x := range f.study.Trials() {
		if x.Score < best.Score {
			t.Errorf("%v is better than the best, %v", x.Score, best.Score)
		}
	}
	if f.Score > 400 {
		t.Errorf("rmse %v", f.Score)
	}
}

// TestSpread does the same trials as events, in any order, and finds the same.
func TestSpread(t *testing.T) {
	for name, c := range map[string]struct {
		spec   string
		rounds int
	}{
		"tpe":  {`{"models": ["logistic", "random_forest"], "trials": 14, "batch": 7, "folds": 3, "spread": %v}`, 2},
		"auto": {`{"auto": true, "metric": "log_loss", "trials": 17, "batch": 7, "spread": %v, ` + fmt.Sprintf(small, "logistic", "c") + `}`, 3},
	} {
		t.Run(name, func(t *testing.T) { spreads(t, c.spec, c.rounds) })
	}
}

func spreads(t *testing.T, spec string, want int) {
	t.Helper()
	r := penguins(t, "species")
	whole := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, fmt.Sprintf(spec, false))))
	res := r.Env.Invoke(t, tune.Function, r.Built, params(t, fmt.Sprintf(spec, true)))
	rounds := 0
	for ; res.Events[0].Type() == events.TrialRequested; rounds++ {
		set := make([]events.Event, len(res.Events))
		for i := range slices.Backward(res.Events) {
			done := answer(t, r, tune.Trial, res.Events[i], nil)
			set[i] = done.Events[0]
		}
		res = answer(t, r, tune.Choose, set[len(set)-1], set)
	}
	spread := read(t, r, res)
	if rounds != want || spread.Choice.Digest != whole.Choice.Digest || spread.Score != whole.Score {
		t.Errorf("%d rounds; spread %+v, whole %+v", rounds, spread.choice, whole.choice)
	}
	for i, x := range spread.study.Trials() {
		if y := whole.study.Trials()[i]; fmt.Sprint(x.Params, x.Scores) != fmt.Sprint(y.Params, y.Scores) {
			t.Errorf("trial %d: %v %v, whole %v %v", i, x.Params, x.Scores, y.Params, y.Scores)
		}
	}
}

// answer runs a function on an event of another's, or on the set that it is of.
func answer(t *testing.T, r *functest.Run, fn *step.Function, e events.Event, set []events.Event) step.Result {
	t.Helper()
	res, err := fn.Run(t.Context(), step.Invocation{Event: e, Set: set, From: events.Emitter{Pipeline: "test", Step: fn.Name}, Seed: steptest.Seed, Time: steptest.Time(), Attempt: 1}, r.Env)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestParams says which params are wrong, and where.
func TestParams(t *testing.T) {
	for _, c := range []struct{ params, want string }{
		{`{}`, ""},
		{`{"space": {"random_forest": {"max_depth": {"int": [2, 20]}}, "ridge.alpha": [1, 2]}}`, ""},
		{`{"space": {"random_forest": {"max_dept": [1]}}}`, "space.random_forest.max_dept: no such parameter; did you mean max_depth?"},
		{`{"space": {"random_forest": {"max_depth": {"int": [-2, 20]}}}}`, "space.random_forest.max_depth: -2 is below the least allowed, 0"},
		{`{"space": {"random_forest": {"max_depth": {"itn": [2, 20]}}}}`, `space.random_forest.max_depth.itn: want a number, not {"itn":2}`},
		{`{"space": {"random_forst": {"max_depth": [1]}}}`, `space.random_forst.max_depth: "random_forst" is no estimator; did you mean random_forest?`},
		{`{"space": {"random_forest": {"max_depth": {"uniform": [2, 20]}}}, "sampler": "grid"}`, "space.random_forest.max_depth: a grid has no end"},
		{`{"models": ["ridge"], "space": {"random_forest": {"max_depth": [1]}}}`, "space.random_forest.max_depth: random_forest is none of the models ridge"},
		{`{"models": ["ridge", "forest"]}`, `models.1: no estimator "forest"`},
		{`{"models": ["ridge", "ridge"]}`, `models.1: ridge is there twice`},
		{`{"metric": "acuracy"}`, `metric: no metric "acuracy"; did you mean accuracy`},
		{`{"budget": "soon"}`, `budget: "soon" is not a duration`},
		{`{"budget": "10"}`, "budget: 10 of what? Write 10s or 10m"},
		{`{"budget": 10}`, "budget: want text, not 10"},
		{`{"models": ["stacking"]}`, "models: stacking has nothing to search: give a space, or several models to choose from; without a search, train fits it by model: stacking"},
		{`{"models": ["voting"], "auto": true}`, "models: voting has nothing to search"},
		{`{"models": ["linear"]}`, "models: linear has nothing to search"},
		{`{"models": ["linear", "ridge"]}`, ""},
		{`{"models": ["baseline"], "sampler": "grid"}`, "models: baseline has nothing to search"},
		{`{"models": ["gradient_boosting"], "sampler": "grid"}`, "sampler: gradient_boosting has a space of its own where none is given, and gradient_boosting.l2: a grid has no end"},
		{`{"models": ["random_forest", "logistic"], "sampler": "grid", "space": {"random_forest.max_depth": [2, 3]}}`, "sampler: logistic has a space of its own"},
		{`{"models": ["random_forest"], "sampler": "grid"}`, ""},
		{`{"sampler": "grid", "space": {"random_forest": {"max_depth": {"int": [1, 9999]}, "n_estimators": {"int": [1, 9999]}}}}`, "space: the grid has up to 1e+08 points"},
		{`{"cv": "group"}`, "by: cv: group and cv: time go by a column"},
		{`{"auto": true, "spread": true}`, ""},
		{`{"auto": true, "prune": "halving"}`, ""},
		{`{"auto": true, "sampler": "grid"}`, "auto: it begins with each family at about its defaults, which no grid holds"},
		{`{"spread": true, "prune": "halving"}`, "prune: halving compares trials within the step"},
	} {
		err := tune.Function.Check(params(t, c.params))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.params, err, c.want)
		}
	}
}

// TestNothingToTune says why a search cannot begin, or that no trial could be done.
func TestNothingToTune(t *testing.T) {
	r := penguins(t, "species")
	for _, c := range []struct{ params, want string }{
		{`{"models": ["baseline"]}`, "baseline has nothing to search"},
		{`{"models": ["ridge"]}`, "estimator ridge is for regression, the task is classification"},
		{`{"cv": "group", "by": "yaer"}`, `has no column "yaer"`},
		{`{"cv": "time", "by": "island"}`, `column "island" is of type string`},
		{`{"metric": "rmse", "models": ["logistic"], "trials": 2}`, "metric: rmse does not judge a classification of 3 classes: want one of accuracy"},
		{`{"folds": 50, "cv": "group", "by": "year"}`, "3 groups cannot"},
	} {
		_, err := r.Env.Try(t, tune.Function, r.Built, params(t, c.params))
		if err == nil || !strings.Contains(err.Error(), c.want) || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("%s\n got %v\nwant %s", c.params, err, c.want)
		}
	}
}
