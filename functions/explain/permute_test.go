package explain_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/runtime/step"
)

// What columns are permuted from is what the evaluation says of the same rows: by
// the threshold, and by how much rows count.
func TestPermutedIsEvaluated(t *testing.T) {
	lines := bytes.Split(bytes.TrimSpace(functest.Example(t, "penguins/penguins.csv")), []byte("\n"))
	var weighed bytes.Buffer
	for i, line := range lines {
		weight := fmt.Sprint(1 + i%5*i%7)
		if i == 0 {
			weight = "count"
		}
		fmt.Fprintf(&weighed, "%s,%s\n", line, weight)
	}
	for target, more := range map[string][]any{"sex": {"accuracy", "f1"}, "body_mass_g": {"r2", "rmse"}} {
		train := map[string]any{"model": "ridge"}
		if target == "sex" {
			train = map[string]any{"model": "logistic", "threshold": map[string]any{"at": 0.2}}
		}
		r := functest.Chain(t, "penguins.csv", weighed.Bytes(), functest.Params{"ingest": {"target": target, "weight": "count"}, "train": train, "evaluate": {"folds": 0}}).Must(t)
		for _, metric := range more {
			e, _ := explained(t, r, map[string]any{"permute": 1, "metric": metric})
			if want := r.Evaluated.Metrics[metric.(string)]; e.Permuted.Metric != metric || e.Permuted.Value != want {
				t.Errorf("%s of %s is %v, evaluated as %v", metric, target, e.Permuted.Value, want)
			}
		}
	}
}

// A metric that there is not for the task is refused before anything is explained,
// and one that the rows do not define costs no explanation.
func TestMetricOfAnotherTask(t *testing.T) {
	species, mass := penguins(t, "species", nil), penguins(t, "body_mass_g", nil)
	untaught := func(task learn.Task) *functest.Run {
		return functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), functest.Params{"ingest": {"task": string(task)}}).Must(t)
	}
	clusters, strays := untaught(learn.Clustering), untaught(learn.AnomalyDetection)
	visits := functest.Chain(t, "visits.csv", []byte("who,what\na,x\na,y\nb,x\nb,z\nc,y\nc,z\n"), functest.Params{"ingest": {"user": "who", "item": "what"}}).Must(t)
	for _, c := range []struct {
		run          *functest.Run
		metric, want string
	}{
		{species, "rmse", "metric: rmse does not judge a classification of 3 classes: want one of accuracy"},
		{species, "f1", "metric: f1 does not judge a classification of 3 classes"},
		{mass, "accuracy", "metric: accuracy does not judge a regression"},
		{clusters, "silhouette", "metric: silhouette is none of a clustering"},
		{strays, "roc_auc", "metric: roc_auc does not compare scores"},
		{visits, "ndcg_at_k", "metric: ndcg_at_k is not measured of a recommendation"},
	} {
		res, err := c.run.Env.Try(t, explain.Function, c.run.Evaluated, map[string]any{"metric": c.metric, "rows": 5})
		if step.ClassOf(err) != step.ClassPermanent || !strings.HasPrefix(err.Error(), c.want) || res.Rows != 0 {
			t.Errorf("%v after %d rows, want %s", err, res.Rows, c.want)
		}
	}
	sex := penguins(t, "sex", nil)
	for rows := 2; ; rows++ { // until one of each
		e, res := explained(t, sex, map[string]any{"rows": rows, "metric": "roc_auc"})
		if e.Permuted != nil {
			if rows == 2 {
				t.Error("the first two rows are of two classes")
			}
			break
		}
		if len(e.Outputs) == 0 || !strings.Contains(strings.Join(res.Notes, "\n"), "no column is permuted: roc_auc is not defined for the explained rows") {
			t.Errorf("%d rows: notes %q", rows, res.Notes)
		}
	}
}
