package explain_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func penguins(t *testing.T, target string, train map[string]any) *functest.Run {
	t.Helper()
	return functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"),
		functest.Params{"ingest": {"target": target}, "train": train, "evaluate": {"folds": 0}}).Must(t)
}

func explained(t *testing.T, r *functest.Run, params map[string]any) (explain.Explanation, step.Result) {
	t.Helper()
	res := r.Env.Invoke(t, explain.Function, r.Evaluated, params)
	out := steptest.Emitted[events.ModelExplainedData](t, res, 0)
	var e explain.Explanation
	r.Env.JSON(t, out.Explanation, &e)
	if dir := os.Getenv("RUNNEL_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".html"), r.Env.Bytes(t, out.Report), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return e, res
}

// What the columns add leads from the base to the prediction.
func TestExplain(t *testing.T) {
	forests := []any{map[string]any{"model": "random_forest", "params": map[string]any{"n_estimators": 20}}, map[string]any{"model": "extra_trees", "params": map[string]any{"n_estimators": 20}, "weight": 2}}
	linear := []any{map[string]any{"model": "random_forest", "params": map[string]any{"n_estimators": 20}}, map[string]any{"model": "ridge"}}
	mixed := []any{map[string]any{"model": "random_forest", "params": map[string]any{"n_estimators": 20}}, map[string]any{"model": "logistic"}}
	network := map[string]any{"model": "neural_network", "neural_network": map[string]any{"hidden_layer_sizes": []any{20}, "max_iter": 200}}
	for _, c := range []struct {
		name, target string
		train        map[string]any
		method       string
		scale        string
		outputs      []string
		first        string
	}{
		{"three classes", "species", nil, explain.TreeSHAP, explain.Probability, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"two classes", "sex", nil, explain.TreeSHAP, explain.Probability, []string{"male"}, "body_mass_g"},
		{"a value", "body_mass_g", nil, explain.TreeSHAP, explain.Value, []string{""}, "species"},
		{"logistic", "sex", map[string]any{"model": "logistic"}, explain.LinearSHAP, explain.LogOdds, []string{"male"}, "body_mass_g"},
		{"boosted, three classes", "species", map[string]any{"model": "gradient_boosting"}, explain.TreeSHAP, explain.Score, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"boosted, two classes", "sex", map[string]any{"model": "gradient_boosting"}, explain.TreeSHAP, explain.LogOdds, []string{"male"}, "body_mass_g"},
		{"logistic, three classes", "species", map[string]any{"model": "logistic"}, explain.LinearSHAP, explain.Score, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"sgd", "sex", map[string]any{"model": "sgd", "sgd": map[string]any{"alpha": 0.05}}, explain.LinearSHAP, explain.LogOdds, []string{"male"}, "body_mass_g"},
		{"sgd, three classes", "species", map[string]any{"model": "sgd", "sgd": map[string]any{"alpha": 0.05}}, explain.LinearSHAP, explain.RestOdds, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"ridge", "body_mass_g", map[string]any{"model": "ridge"}, explain.LinearSHAP, explain.Value, []string{""}, "species"},
		{"vote of forests", "species", map[string]any{"model": "voting", "voting": map[string]any{"members": forests}}, explain.MemberSHAP, explain.Probability, []string{"Adelie", "Chinstrap", "Gentoo"}, "island"},
		{"vote of values", "body_mass_g", map[string]any{"model": "voting", "voting": map[string]any{"members": linear}}, explain.MemberSHAP, explain.Value, []string{""}, "species"},
		{"vote of some", "sex", map[string]any{"model": "voting", "voting": map[string]any{"members": mixed}}, explain.MemberKernelSHAP, explain.Probability, []string{"male"}, "body_mass_g"},
		{"hard vote", "sex", map[string]any{"model": "voting", "voting": map[string]any{"members": mixed, "vote": "hard"}}, explain.KernelSHAP, explain.Probability, []string{"male"}, "body_mass_g"},
		{"stacking", "sex", map[string]any{"model": "stacking", "stacking": map[string]any{"members": forests}}, explain.MemberSHAP, explain.LogOdds, []string{"male"}, "body_mass_g"},
		{"stacking, three classes", "species", map[string]any{"model": "stacking", "stacking": map[string]any{"members": mixed}}, explain.MemberKernelSHAP, explain.Score, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"stacking, a value", "body_mass_g", map[string]any{"model": "stacking", "stacking": map[string]any{"members": linear}}, explain.MemberSHAP, explain.Value, []string{""}, "species"},
		{"stacking by a forest", "body_mass_g", map[string]any{"model": "stacking", "random_forest": map[string]any{"n_estimators": 5, "max_depth": 4}, "stacking": map[string]any{"members": linear, "final": "random_forest"}}, explain.KernelSHAP, explain.Value, []string{""}, "species"},
		{"network", "sex", network, explain.IntegratedGradients, explain.LogOdds, []string{"male"}, "species"},
		{"network, three classes", "species", network, explain.IntegratedGradients, explain.Score, []string{"Adelie", "Chinstrap", "Gentoo"}, "bill_length_mm"},
		{"network, a value", "body_mass_g", network, explain.IntegratedGradients, explain.Value, []string{""}, "species"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := penguins(t, c.target, c.train)
			e, _ := explained(t, r, nil)
			if e.Method != c.method || e.Scale != c.scale || len(e.Outputs) != len(c.outputs) || e.Columns[0].Name != c.first {
				t.Errorf("method %s, scale %s, %d outputs, first %+v", e.Method, e.Scale, len(e.Outputs), e.Columns[0])
			}
			for _, column := range e.Columns {
				if column.Name == "island" && len(column.Features) != 3 {
					t.Errorf("island became %v", column.Features)
				}
			}
			m := r.Model(t)
			raw, _ := r.Env.Read(t, r.Ingested.Dataset)
			p, err := m.Predict(raw.Take(e.Rows).Without(c.target))
			if err != nil {
				t.Fatal(err)
			}
			for k, o := range e.Outputs {
				if o.Class != c.outputs[k] {
					t.Errorf("output %d is of %q", k, o.Class)
				}
				for i := range e.Rows {
					want := p.Distribution(i)[o.Class]
					if e.Scale == explain.LogOdds {
						want = math.Log(want / (1 - want))
					}
					if e.Scale == explain.Score { // of which only differences count
						want = math.Log(want/p.Distribution(i)[e.Outputs[0].Class]) + e.Outputs[0].Total(i)
					}
					if e.Scale == explain.RestOdds { // of which the probabilities are shares
						sum := 0.0
						for _, of := range e.Outputs {
							sum += 1 / (1 + math.Exp(-of.Total(i)))
						}
						want = math.Log(want * sum / (1 - want*sum))
					}
					if m.Task == learn.Regression {
						want = p.Values[i]
					}
					exact := 1e-9 * max(1, math.Abs(want))
					if e.Method == explain.IntegratedGradients {
						exact = 1e-4 // of what probabilities of float32 leave of log odds, and a thousandth
						for _, v := range o.Values[i] {
							exact += 1e-3 * math.Abs(v)
						}
					}
					if got := o.Total(i); math.Abs(got-want) > exact {
						t.Fatalf("row %d, class %q: base and values sum to %v, the model says %v", i, o.Class, got, want)
					}
				}
			}
		})
	}
}

// Permuting what decides makes a model worse.
func TestExplainPermutes(t *testing.T) {
	r := penguins(t, "species", nil)
	e, _ := explained(t, r, map[string]any{"permute": 5, "metric": "log_loss"})
	p := e.Permuted
	if p.Metric != "log_loss" || p.Repeats != 5 || p.Rows != 69 || p.Value != r.Evaluated.Metrics["log_loss"] {
		t.Errorf("%+v, want the log loss %v", p, r.Evaluated.Metrics["log_loss"])
	}
	first, last := p.Columns[0], p.Columns[len(p.Columns)-1]
	if first.Mean < 0.1 || first.Mean < 10*last.Mean || first.Name != e.Columns[0].Name {
		t.Errorf("%+v, %+v", first, last)
	}
	if e, _ := explained(t, r, map[string]any{"permute": 0}); e.Permuted != nil {
		t.Error("it was permuted")
	}
	if _, err := r.Env.Try(t, explain.Function, r.Evaluated, map[string]any{"metric": "acuracy"}); err == nil || !strings.Contains(err.Error(), "did you mean accuracy?") {
		t.Errorf("the error is %v", err)
	}
}

// A model of another kind is explained by its predictions.
func TestRowsOfAnyModel(t *testing.T) {
	r := penguins(t, "body_mass_g", nil)
	m := r.Model(t)
	m.Estimator = doubled{m.Estimator}
	raw, _ := r.Env.Read(t, r.Ingested.Dataset)
	rows := raw.Take([]int{0, 100, 200}).Without("body_mass_g")
	e, err := explain.Rows(t.Context(), m, rows, raw.Take([]int{5, 150, 250, 300}), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predict(rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range p.Values {
		if got := e.Outputs[0].Total(i); e.Method != explain.KernelSHAP || math.Abs(got-want) > 1e-6 {
			t.Errorf("by %s, base and values sum to %v, the model says %v", e.Method, got, want)
		}
	}
}

// doubled hides what a model is made of.
type doubled struct{ learn.Model }

func (d doubled) Predict(x *learn.Matrix) []float64 {
	out := d.Model.Predict(x)
	for i := range out {
		out[i] *= 2
	}
	return out
}

// The same event gives the same bytes, and fewer rows are those asked for.
func TestExplainRows(t *testing.T) {
	r := penguins(t, "species", nil)
	e, res := explained(t, r, map[string]any{"rows": 10, "show": 0})
	if len(e.Rows) != 10 || res.Rows != 10 {
		t.Errorf("%d rows", len(e.Rows))
	}
	again := r.Env.Invoke(t, explain.Function, r.Evaluated, map[string]any{"rows": 10, "show": 0})
	for name, ref := range res.Outputs {
		if again.Outputs[name] != ref {
			t.Errorf("%s differs from run to run", name)
		}
	}
	if html := r.Env.Bytes(t, res.Outputs["report"]); bytes.Contains(html, []byte("NaN")) || !bytes.Contains(html, []byte("bill_length_mm")) {
		t.Error("the page is not right")
	}
}

// A model that looks at no feature is not explained, and says so.
func TestExplainBaseline(t *testing.T) {
	r := penguins(t, "species", map[string]any{"model": "baseline"})
	res := r.Env.Invoke(t, explain.Function, r.Evaluated, nil)
	if len(res.Events) != 0 || len(res.Notes) != 1 || !strings.Contains(res.Notes[0], "does not depend on the features") {
		t.Errorf("%d events, notes %q", len(res.Events), res.Notes)
	}
}
