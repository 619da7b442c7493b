package functest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
)

// weighed writes every penguin twice: as it is, with a weight of 2, and of another
// species, with a weight of wrong.
func weighed(t *testing.T, wrong string) []byte {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(functest.Example(t, "penguins/penguins.csv"))), "\n")
	other := map[string]string{"Adelie": "Gentoo", "Gentoo": "Chinstrap", "Chinstrap": "Adelie"}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s,count\n", lines[0])
	for _, line := range lines[1:] {
		species, rest, _ := strings.Cut(line, ",")
		if other[species] == "" {
			t.Fatalf("no species in %q", line)
		}
		fmt.Fprintf(&b, "%s,2\n%s,%s,%s\n", line, other[species], rest, wrong)
	}
	return b.Bytes()
}

// TestWeights learns from rows half of which are wrong, and do not count.
func TestWeights(t *testing.T) {
	for _, model := range []string{"random_forest", "gradient_boosting", "logistic", "neighbors"} {
		t.Run(model, func(t *testing.T) {
			params := functest.Params{"ingest": {"target": "species", "weight": "count"}, "train": {"model": model}}
			r := functest.Chain(t, "weighed.csv", weighed(t, "0"), params).Must(t)
			e := r.Evaluation(t)
			for _, in := range r.Model(t).Inputs {
				if in.Name == "count" {
					t.Error("the model takes the weight as an input")
				}
			}
			if accuracy := e.Model.Metrics["accuracy"]; accuracy < 0.95 {
				t.Errorf("the accuracy is %.3f, though no wrong row counts", accuracy)
			}
			if e.CrossValid == nil || e.CrossValid.Mean["accuracy"] < 0.95 {
				t.Errorf("cross-validation is %+v", e.CrossValid)
			}
			params["ingest"] = map[string]any{"target": "species"}
			params["clean"] = map[string]any{"drop_columns": []any{"count"}}
			if without := functest.Chain(t, "weighed.csv", weighed(t, "0"), params).Must(t).Evaluation(t).Model.Metrics["accuracy"]; without > 0.7 {
				t.Errorf("without weights the accuracy is %.3f", without)
			}
		})
	}
}

// TestBadWeight says at once, and not steps later, which row has a weight that is
// none, and what to do.
func TestBadWeight(t *testing.T) {
	for wrong, want := range map[string]string{
		"-1":      `"-1" in row 2`,
		"":        `"" in row 2`,
		"inf":     `in row 2`,
		"x":       `"x" in row 2`,
		"1e999":   `in row 2`,
		"1.5e308": "sum to +Inf",
	} {
		r := functest.Chain(t, "weighed.csv", weighed(t, wrong), functest.Params{"ingest": {"target": "species", "weight": "count"}})
		if r.Err == nil || r.Last != "ingest" || !strings.Contains(r.Err.Error(), want) || !strings.Contains(r.Err.Error(), "mend the column") {
			t.Errorf("with a weight of %q: %v at %s, want %q", wrong, r.Err, r.Last, want)
		}
	}
	for want, weight := range map[string]func(i int) int{
		"sum to 0 over the training rows": func(int) int { return 0 },
		"sum to 0 over the test rows":     func(i int) int { return (99 - i) / 20 },
	} {
		var b strings.Builder
		b.WriteString("at,y,count\n")
		for i := range 100 {
			fmt.Fprintf(&b, "%d,%d,%d\n", i, i%7, weight(i))
		}
		r := functest.Chain(t, "weighed.csv", []byte(b.String()), functest.Params{"ingest": {"target": "y", "weight": "count", "split": "time", "by": "at"}})
		if r.Err == nil || r.Last != "ingest" || !strings.Contains(r.Err.Error(), want) || !strings.Contains(r.Err.Error(), "split otherwise") {
			t.Errorf("%v at %s, want %q", r.Err, r.Last, want)
		}
	}
}

// TestNoWeight: a row without a target needs no weight, for it is left out; nor does
// one of a table that is only looked at.
func TestNoWeight(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y,count\n")
	for i := range 100 {
		fmt.Fprintf(&b, "%d,%d,%d\n", i, i%7, 1+i%2)
	}
	b.WriteString("5,,\n6,,-1\n")
	functest.Chain(t, "weighed.csv", []byte(b.String()), functest.Params{"ingest": {"target": "y", "weight": "count", "task": "regression"}, "train": {"model": "ridge"}}).Must(t)
	r := functest.Chain(t, "weighed.csv", []byte(b.String()), functest.Params{"ingest": {"weight": "count"}})
	if r.Err != nil && r.Last == "ingest" {
		t.Errorf("nothing is to be learnt, and the weights are refused: %v", r.Err)
	}
}

// TestEqualRows keeps equal rows where how often they come counts.
func TestEqualRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("kind,size,count,y\n")
	for i := range 120 {
		fmt.Fprintf(&b, "%c,%d,1,%d\n", 'a'+rune(i%2), i%2*7, i%2)
	}
	for name, c := range map[string]struct {
		params functest.Params
		rows   int64
	}{
		"dropped":  {functest.Params{"ingest": {"target": "y"}}, 2},
		"weights":  {functest.Params{"ingest": {"target": "y", "weight": "count"}}, 120},
		"clusters": {functest.Params{"ingest": {"task": "clustering"}}, 120},
		"told":     {functest.Params{"ingest": {"task": "clustering"}, "clean": {"duplicates": "drop"}}, 2},
	} {
		r := functest.Chain(t, "equal.csv", []byte(b.String()), c.params)
		cleaned, _ := r.Env.Read(t, r.Cleaned.Dataset)
		if int64(cleaned.Rows()) != c.rows {
			t.Errorf("%s: %d rows are left, want %d", name, cleaned.Rows(), c.rows)
		}
	}
}
