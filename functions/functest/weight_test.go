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

// TestBadWeight names the row of a weight that is none.
func TestBadWeight(t *testing.T) {
	for wrong, want := range map[string]string{
		"-1": `weight "count" is "-1" in row 2: want a number of at least 0`,
		"":   `weight "count" is "" in row 2: want a number of at least 0`,
		"x":  `weight`,
	} {
		r := functest.Chain(t, "weighed.csv", weighed(t, wrong), functest.Params{"ingest": {"target": "species", "weight": "count"}})
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) {
			t.Errorf("with a weight of %q: %v, want %q", wrong, r.Err, want)
		}
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
