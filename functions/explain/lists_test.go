package explain_test

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestRecommendations explains lists: the reasons sum to the scores of the answer.
func TestRecommendations(t *testing.T) {
	r := functest.Chain(t, "routes.csv", functest.Example(t, "routes/routes.csv"), functest.Params{
		"ingest": {"user": "plane", "item": "airport", "weight": "flights"}, "train": {"als": map[string]any{"factors": 8}}}).Must(t)
	explained := steptest.Emitted[events.ModelExplainedData](t, r.Env.Invoke(t, explain.Function, r.Evaluated, map[string]any{"rows": 20, "show": 2}), 0)
	var e explain.Recommendations
	r.Env.JSON(t, explained.Explanation, &e)
	if e.Method != explain.Contributions || len(e.Users) < 30 || e.Dataset != "routes" {
		t.Fatalf("%+v", e)
	}
	m := r.Model(t)
	for _, b := range e.Users {
		sum := b.Rest
		for _, reason := range b.Reasons {
			sum += reason.Adds
		}
		a, err := m.Recommender().Answer(recommend.Question{User: b.User, Most: 3})
		if err != nil {
			t.Fatal(err)
		}
		score := math.NaN()
		for _, s := range a.List {
			if s.Item == b.Item {
				score = s.Score
			}
		}
		if math.Abs(sum-b.Score) > 1e-9 || math.Abs(score-b.Score) > 1e-6 || len(b.Reasons) > 8 {
			t.Fatalf("%s to %s: reasons sum to %v, the score is %v, and %v in the answer", b.Item, b.User, sum, b.Score, score)
		}
	}
	if page := string(r.Env.Bytes(t, explained.Report)); !strings.Contains(page, e.Users[0].User) || strings.Contains(page, e.Users[len(e.Users)-1].User) {
		t.Error("the report does not show two users")
	}
	for want, q := range map[string]recommend.Question{"for no other reason": {User: "nobody"}, "is no user's": {Like: "SFO"}} {
		if _, err := explain.Why(m, q, "", 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
