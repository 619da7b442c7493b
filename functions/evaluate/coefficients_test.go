package evaluate_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/evaluate"
)

// The report of a linear model has its coefficients: a column a class, or one,
// the largest first; what the penalty left out is counted.
func TestCoefficientsInReport(t *testing.T) {
	for _, c := range []struct {
		target string
		train  map[string]any
		want   []string
		not    string
	}{
		{"species", map[string]any{"model": "logistic"}, []string{"Coefficients", ">Adelie<", ">Chinstrap<", ">Gentoo<", "bill_length_mm", "(intercept)"}, "have no coefficient"},
		{"sex", map[string]any{"model": "sgd"}, []string{">male<", "(intercept)"}, ">female</th><th"},
		{"body_mass_g", map[string]any{"model": "lasso", "lasso": map[string]any{"alpha": 100}}, []string{">body_mass_g<", "features have no coefficient."}, "Mean decrease in impurity"},
		{"species", map[string]any{"model": "baseline"}, nil, "(intercept)"},
	} {
		r := penguins(t, c.target, c.train)
		res, err := r.Env.Try(t, evaluate.Function, r.Trained, map[string]any{"folds": 0})
		if err != nil {
			t.Fatal(err)
		}
		html := string(r.Env.Bytes(t, res.Outputs["report"]))
		for _, want := range c.want {
			if !strings.Contains(html, want) {
				t.Errorf("%s by %v: the report has no %q", c.target, c.train["model"], want)
			}
		}
		if strings.Contains(html, c.not) {
			t.Errorf("%s by %v: the report has %q", c.target, c.train["model"], c.not)
		}
	}
}
