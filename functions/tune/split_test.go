package tune_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/tune"
)

// TestSplitFolds measures trials as the test rows do, where rows were split by group or
// time: what cv says wins.
func TestSplitFolds(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("person,x,day,same,answer\n")
	for i := range 600 { // ten rows of each person, whose number says nothing of others
		person := i % 60
		fmt.Fprintf(&b, "p%d,%d,%d,one,%s\n", person, person*37%60, i, []string{"no", "yes"}[person*person*7%13%2])
	}
	built := func(ingest map[string]any) *functest.Run {
		ingest["target"] = "answer"
		return functest.Chain(t, "d.csv", b.Bytes(), functest.Params{"ingest": ingest, "train": {"model": "baseline"}, "evaluate": {"folds": 0}}).Must(t)
	}
	group, time := built(map[string]any{"split": "group", "by": "person"}), built(map[string]any{"split": "time", "by": "day"})
	few := built(map[string]any{"split": "group", "by": "answer", "test": 0.0})
	one := built(map[string]any{"split": "group", "by": "day"})
	one.Built.Raw.Roles = map[string]string{"group": "same"}
	for name, c := range map[string]struct {
		run    *functest.Run
		params string
		least  float64
		most   float64
		folds  int
		note   string
	}{
		"group":     {group, `{"folds": 3}`, 0, 0.75, 3, "3 folds by group (person)"},
		"repeated":  {group, `{"folds": 3, "repeats": 2}`, 0, 0.75, 6, "3 folds by group (person)"},
		"at random": {group, `{"folds": 3, "cv": "stratified"}`, 0.95, 1, 3, ""},
		"in time":   {time, `{"folds": 4}`, 0.5, 1, 4, "4 folds by time (day)"},
		"time once": {time, `{"folds": 4, "repeats": 2}`, 0.5, 1, 4, "repeats: folds by time (day), as the rows were split, are the same each time"},
		"one group": {one, `{"folds": 3}`, 0.95, 1, 3, "folds are at random, for all training rows are of one group by same"},
		"few":       {few, `{"folds": 5}`, 0, 1, 2, "2 folds by group (answer)"},
		"halving":   {few, `{"folds": 5, "prune": "halving", "trials": 4}`, 0, 1, 2, "2 folds by group (answer)"},
	} {
		t.Run(name, func(t *testing.T) {
			p := params(t, c.params)
			p["models"] = []any{"random_forest"}
			if p["trials"] == nil {
				p["trials"] = 1.0
			}
			res := c.run.Env.Invoke(t, tune.Function, c.run.Built, p)
			f := read(t, c.run, res)
			best, _ := f.study.Best()
			if f.Score < c.least || f.Score > c.most || len(best.Scores) != c.folds {
				t.Errorf("%v in %d folds", f.Score, len(best.Scores))
			}
			if notes := strings.Join(res.Notes, "\n"); !strings.Contains(notes, c.note) || (c.note == "") == strings.Contains(notes, " by ") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
