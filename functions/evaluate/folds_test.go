package evaluate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/runtime/step"
)

// visits are ten rows of each of 60 people, whose answer only knowing them tells:
// the number x stands for the person, and says nothing of anybody else.
func visits() []byte {
	var b bytes.Buffer
	b.WriteString("person,x,day,answer\n")
	for i := range 600 {
		person := i % 60
		fmt.Fprintf(&b, "p%d,%d,%d,%s\n", person, person*37%60, i, []string{"no", "yes"}[person*person*7%13%2])
	}
	return b.Bytes()
}

// rising are numbers that grow with time: who knows the rows around one knows it,
// and who knows those before it does not.
func rising() []byte {
	var b bytes.Buffer
	b.WriteString("day,x,y\n")
	for i := range 400 {
		day := i * 67 % 400
		fmt.Fprintf(&b, "%d,%d,%d\n", day, day*day, day*day/10)
	}
	return b.Bytes()
}

// Folds go by what the rows were split by: they know no more than the test rows do.
func TestFoldsOfSplit(t *testing.T) {
	small := map[string]any{"model": "random_forest", "random_forest": map[string]any{"n_estimators": 20}}
	for _, c := range []struct {
		name    string
		content []byte
		ingest  map[string]any
		metric  string
		most    float64 // of the folds' mean
		in      string
	}{
		{"group", visits(), map[string]any{"target": "answer", "split": "group", "by": "person"}, "accuracy", 0.75, "5 folds by group (person)"},
		{"time", rising(), map[string]any{"target": "y", "split": "time", "by": "day"}, "r2", 0, "5 folds by time (day)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := functest.Chain(t, "d.csv", c.content, functest.Params{"ingest": c.ingest, "train": small}).Must(t)
			cv := r.Evaluation(t).CrossValid
			if cv == nil || len(cv.Folds) != 5 || cv.Mean[c.metric] > c.most || cv.In() != c.in {
				t.Fatalf("%+v, the test rows %v", cv, r.Evaluated.Metrics[c.metric])
			}
			if page := string(r.Env.Bytes(t, r.Evaluated.Report)); !strings.Contains(page, c.in) {
				t.Errorf("the page does not say %q", c.in)
			}
			c.ingest["split"] = "random"
			flattered := functest.Chain(t, "d.csv", c.content, functest.Params{"ingest": c.ingest, "train": small}).Must(t)
			if cv := flattered.Evaluation(t).CrossValid; cv.Mean[c.metric] < 0.95 || cv.In() != "5 folds" {
				t.Errorf("split at random: %v in %s", cv.Mean[c.metric], cv.In())
			}
		})
	}
}

// There are no more folds than groups, and none of a single one.
func TestFewGroups(t *testing.T) {
	for groups, want := range map[int]string{4: "3 folds by group (g)", 2: ""} {
		var b bytes.Buffer
		b.WriteString("g,x,y\n")
		for i := range 120 {
			fmt.Fprintf(&b, "%d,%d,%s\n", i%groups, i*i%31, []string{"no", "yes"}[i*5%11/6])
		}
		r := functest.Chain(t, "d.csv", b.Bytes(), functest.Params{"ingest": {"target": "y", "split": "group", "by": "g", "test": 1 / float64(groups)}}).Must(t)
		cv, notes := r.Evaluation(t).CrossValid, strings.Join(r.Results["evaluate"].Notes, "\n")
		if (cv == nil) != (want == "") || cv != nil && cv.In() != want || (cv == nil) != strings.Contains(notes, "no cross-validation: ") {
			t.Errorf("%d groups: %+v, notes %q", groups, cv, notes)
		}
	}
}

// Folds that fit anew are not of a model that went on from another one.
func TestContinuedHasNoFolds(t *testing.T) {
	content := functest.Example(t, "penguins/penguins.csv")
	r := functest.Chain(t, "penguins.csv", content, functest.Params{"ingest": {"target": "sex"}, "train": {"model": "sgd"}}).Must(t)
	if r.Evaluation(t).CrossValid == nil {
		t.Fatal("there are no folds")
	}
	if _, err := r.Env.Models().Register(t.Context(), "penguins", step.ModelVersion{Files: r.Trained.Model, Estimator: r.Trained.Estimator}); err != nil {
		t.Fatal(err)
	}
	again := functest.Continue(t, r.Env, events.ObjectCreatedData{Object: r.Env.Object(t, "uploads", "second.csv", content)},
		functest.Params{"ingest": {"target": "sex"}, "train": {"continue": "penguins@1"}}).Must(t)
	notes := strings.Join(again.Results["evaluate"].Notes, "\n")
	if cv := again.Evaluation(t).CrossValid; cv != nil || !strings.Contains(notes, "no cross-validation: the model goes on from penguins@1") {
		t.Errorf("%+v, notes %q", cv, notes)
	}
}
