package train_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// visits are ten rows of each of some people, whose number x says nothing of others.
func visits(people int) []byte {
	var b bytes.Buffer
	b.WriteString("person,x,day,answer\n")
	random := rand.New(rand.NewPCG(1, 2))
	x, answer := random.Perm(people), random.Perm(people)
	for i := range 10 * people {
		person := i % people
		fmt.Fprintf(&b, "p%d,%d,%d,%s\n", person, x[person], i, []string{"no", "yes"}[answer[person]%2])
	}
	return b.Bytes()
}

// TestFoldsOfGroups calibrates by people who were not fitted on, where the rows were
// split by people: what is sure of those it knows is not sure of others.
func TestFoldsOfGroups(t *testing.T) {
	for _, c := range []map[string]any{
		{"model": "random_forest", "calibration": map[string]any{"method": "sigmoid"}},
		{"model": "stacking", "stacking": map[string]any{"members": []any{map[string]any{"model": "random_forest"}}}},
	} {
		c["random_forest"] = map[string]any{"n_estimators": 20}
		r := functest.Chain(t, "d.csv", visits(120), functest.Params{"ingest": {"target": "answer", "split": "group", "by": "person"}, "clean": {"drop_columns": []any{"person"}}, "train": c, "evaluate": {"folds": 3}}).Must(t)
		if notes := r.Results["train"].Notes; len(notes) != 0 {
			t.Errorf("notes %q", notes)
		}
		// As if the rows had not been split by group.
		in := r.Built
		in.Raw.Roles = nil
		trained := steptest.Emitted[events.ModelTrainedData](t, r.Env.Invoke(t, train.Function, in, c), 0)
		flattered := steptest.Emitted[events.ModelEvaluatedData](t, r.Env.Invoke(t, evaluate.Function, trained, map[string]any{"folds": 0}), 0)
		if honest, other := r.Evaluated.Metrics["log_loss"], flattered.Metrics["log_loss"]; honest > 0.75 || other < 0.8 {
			t.Errorf("%v: a log loss of %.3g, by folds at random %.3g", c["model"], honest, other)
		}
	}
}

// TestFoldsAreNot says where folds do not go by what the rows were split by.
func TestFoldsAreNot(t *testing.T) {
	sigmoid := map[string]any{"model": "logistic", "calibration": map[string]any{"method": "sigmoid"}, "threshold": map[string]any{"metric": "f1"}}
	byTime := map[string]any{"target": "answer", "split": "time", "by": "day"}
	oneGroup := map[string]any{"target": "answer", "split": "group", "by": "answer", "test": 0.5}
	for _, c := range []struct {
		ingest, train map[string]any
		want          string // "": no note of it
	}{
		{byTime, sigmoid, "calibration, threshold: their folds are at random, and not by time (day)"},
		{byTime, map[string]any{"model": "logistic"}, ""},
		{oneGroup, map[string]any{"model": "baseline"}, ""},
		{map[string]any{"target": "x", "task": "regression", "split": "group", "by": "answer", "test": 0.5}, map[string]any{"model": "stacking", "stacking": map[string]any{"members": []any{map[string]any{"model": "ridge"}}}},
			"stacking: its folds are at random, for all training rows are of one group by answer"},
		{map[string]any{"target": "answer", "split": "group", "by": "answer", "test": 0.0}, sigmoid,
			`calibration, threshold: their folds are at random, and not by group (answer): fold 1 of 2 has all rows of the class "`},
	} {
		r := functest.Chain(t, "d.csv", visits(20), functest.Params{"ingest": c.ingest, "train": c.train, "evaluate": {"folds": 0}})
		notes := strings.Join(r.Results["train"].Notes, "\n")
		if r.Err != nil || !strings.Contains(notes, c.want) || (c.want == "") == strings.Contains(notes, "folds") {
			t.Errorf("%v %v: %v, notes %q", c.ingest, c.train, r.Err, notes)
		}
	}
	// A step of one's own takes the column away before clean, or rows out after it.
	r := functest.Chain(t, "d.csv", visits(20), functest.Params{"ingest": {"target": "answer", "split": "group", "by": "person"}, "train": sigmoid, "evaluate": {"folds": 0}}).Must(t)
	raw, split := r.Env.Read(t, r.Ingested.Dataset)
	gone := r.Ingested
	gone.Dataset = r.Env.Dataset(t, gone.Dataset, raw.Without("person"), split)
	cleaned := steptest.Emitted[events.DatasetCleanedData](t, r.Env.Invoke(t, clean.Function, gone, nil), 0)
	fewer := r.Built
	fewer.Raw = r.Env.Dataset(t, fewer.Raw, raw, append(slices.Repeat([]step.Subset{step.Excluded}, 10), split[10:]...))
	for want, in := range map[string]events.FeaturesBuiltData{
		"rows have been taken out since": fewer,
		"\"person\" has gone since":      steptest.Emitted[events.FeaturesBuiltData](t, r.Env.Invoke(t, featurize.Function, cleaned, nil), 0),
	} {
		res := r.Env.Invoke(t, train.Function, in, sigmoid)
		if notes := strings.Join(res.Notes, "\n"); !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %s", notes, want)
		}
		trained := steptest.Emitted[events.ModelTrainedData](t, res, 0)
		if notes := strings.Join(r.Env.Invoke(t, evaluate.Function, trained, nil).Notes, "\n"); strings.HasPrefix(want, "\"") && !strings.Contains(notes, want) {
			t.Errorf("notes %q of evaluate, want %s", notes, want)
		}
	}
}
