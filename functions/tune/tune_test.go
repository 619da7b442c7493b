package tune_test

import (
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func TestGridThenTrain(t *testing.T) {
	r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"target": "species"}, "evaluate": {"folds": 0}}).Must(t)
	res, err := r.Env.Try(t, tune.Function, r.Built, map[string]any{"sampler": "grid", "space": map[string]any{
		"random_forest": map[string]any{"n_estimators": []any{10, 20}, "max_depth": []any{1, 5}}}})
	if err != nil {
		t.Fatal(err)
	}
	out := steptest.Emitted[events.FeaturesTunedData](t, res, 0)
	var c fitted.Choice
	r.Env.JSON(t, out.Choice, &c)
	var s search.Study
	r.Env.JSON(t, res.Outputs["study"], &s)
	t.Log(res.Notes, c)
	for _, x := range s.Trials() {
		t.Logf("%+v", x)
	}
	res = r.Env.Invoke(t, train.Function, out, nil)
	t.Log(res.Notes)
}
