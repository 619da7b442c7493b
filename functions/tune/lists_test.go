package tune_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/tune"
	"github.com/runnel-dev/runnel/learn/search/crossval"
)

// TestLists searches for factors by lists of what users came to, and leads to
// the same choice each time.
func TestLists(t *testing.T) {
	r := functest.Chain(t, "routes.csv", functest.Example(t, "routes/routes.csv"), functest.Params{
		"ingest": {"user": "plane", "item": "airport"}, "train": {"als": map[string]any{"factors": 8, "iterations": 2}}}).Must(t)
	params := map[string]any{"folds": 2, "repeats": 2, "trials": 3, "sampler": "grid", "metric": "recall_at_k", "k": 5,
		"space": map[string]any{"als": map[string]any{"factors": []any{2, 8, 12}, "iterations": []any{3}}}}
	var digests []string
	for range 2 {
		searched := read(t, r, r.Env.Invoke(t, tune.Function, r.Built, params))
		found, c := searched.FeaturesTunedData, searched.choice
		als, _ := c.Params["als"].(map[string]any)
		if c.Model != "als" || als["factors"] == 2.0 || found.Metric != "recall_at_k" || found.Score < 0.3 || found.Trials != 3 {
			t.Fatalf("%+v of %+v", c, found)
		}
		for _, x := range searched.study.Trials() {
			if len(x.Scores) != 2*2 || x.Score != crossval.Mean(x.Scores) {
				t.Errorf("trial %d has the scores %v of 2 folds, twice", x.Number, x.Scores)
			}
		}
		if want := "cross-validation in 4 folds of each user&#39;s items"; !strings.Contains(searched.report, want) {
			t.Errorf("the report lacks %q", want)
		}
		digests = append(digests, found.Choice.Digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("choices %v", digests)
	}
	for want, p := range map[string]map[string]any{
		"metric: accuracy does not judge a recommendation: want one of precision_at_k": {"metric": "accuracy"},
		"there is one estimator":      {"auto": true},
		"cv: stratified divides rows": {"cv": "stratified"},
		"estimator ridge is for":      {"models": []any{"ridge"}},
	} {
		if _, err := r.Env.Try(t, tune.Function, r.Built, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", p, err, want)
		}
	}
}
