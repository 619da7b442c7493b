package tune_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// TestBeside refuses params of train that a search takes the place of in the
// definition of a pipeline. The step, which may be one of a run that began before
// they were refused, notes them and goes on; but for continue.
func TestBeside(t *testing.T) {
	r := penguins(t, "species")
	f := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params(t, `{"sampler": "grid", "folds": 2, "space": {"random_forest": {"n_estimators": [5, 6]}}}`)))
	for _, c := range []struct{ params, want string }{
		{`{}`, ""},
		{`{"model": "auto", "random_forest": {"n_estimators": 100}, "balance": "weights", "calibration": {"method": "sigmoid"}}`, ""},
		{`{"model": "stacking"}`, "params.model: the search chooses the estimator, and stacking would not be used: name what it is to choose from in models of tune"},
		{`{"random_forest": {"max_depth": 3, "n_estimators": 300}}`, "params.random_forest.n_estimators: the search chooses the parameters, and random_forest.n_estimators, random_forest.max_depth would not be used: put them into space of tune, where a single value is fixed"},
		{`{"continue": "churn@3"}`, "params.continue: it goes on with the parameters of churn@3 as they are, and those that the search found would not be used"},
	} {
		tuned := strings.Replace(pipeline.TunedYAML(), "on: features.tuned\n", "on: features.tuned\n    params: "+c.params+"\n", 1)
		_, err := pipeline.Parse("tuned.yaml", strings.NewReader(tuned), all.Functions())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), "step train: "+c.want) {
			t.Errorf("%s in a pipeline\n got %v\nwant %s", c.params, err, c.want)
		}
		without := strings.Replace(pipeline.DefaultYAML, "- name: train\n", "- name: train\n    params: "+c.params+"\n", 1)
		if _, err := pipeline.Parse("default.yaml", strings.NewReader(without), all.Functions()); err != nil {
			t.Errorf("%s without a search: %v", c.params, err)
		}
		res, err := r.Env.Try(t, train.Function, f.FeaturesTunedData, params(t, c.params))
		if said, ok := strings.CutPrefix(c.want, "params.continue"); ok {
			if err == nil || !strings.Contains(err.Error(), "continue"+said) || step.ClassOf(err) != step.ClassPermanent {
				t.Errorf("%s in the step\n got %v\nwant %s", c.params, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s in the step: %v", c.params, err)
			continue
		}
		noted := slices.ContainsFunc(res.Notes, func(n string) bool { return strings.HasPrefix(n, "not used: "+c.want) })
		if some := slices.ContainsFunc(res.Notes, func(n string) bool { return strings.HasPrefix(n, "not used: ") }); some != (c.want != "") || some && !noted {
			t.Errorf("%s in the step\n got %q\nwant %s", c.params, res.Notes, c.want)
		}
	}
}
