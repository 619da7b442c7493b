package explain_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/learn"
)

// told is a model of which nothing is known but what it predicts.
type told struct {
	learn.Model
	logOdds bool // in the place of the probabilities of two classes
}

func (m told) Predict(x *learn.Matrix) []float64 {
	out := m.Model.Predict(x)
	for i := 0; m.logOdds && i < len(out); i += 2 {
		odds := math.Log(out[i+1] / out[i])
		out[i], out[i+1] = -odds, odds
	}
	return out
}

// The members' values add up to those of the whole: Kernel SHAP, which tries all
// sets of so few columns, finds the same.
func TestMembersAgainstWhole(t *testing.T) {
	small := map[string]any{"n_estimators": 20, "max_depth": 5}
	forest := map[string]any{"model": "random_forest", "params": small}
	extra := map[string]any{"model": "extra_trees", "params": small, "weight": 2}
	for _, c := range []struct {
		target, model string
		members       []any
		method        string
	}{
		{"species", "voting", []any{forest, extra}, explain.MemberSHAP},
		{"species", "voting", []any{forest, map[string]any{"model": "logistic"}}, explain.MemberKernelSHAP},
		{"body_mass_g", "voting", []any{forest, map[string]any{"model": "ridge"}, map[string]any{"model": "gradient_boosting", "params": map[string]any{"n_estimators": 10}}}, explain.MemberSHAP},
		{"sex", "stacking", []any{forest, map[string]any{"model": "logistic"}}, explain.MemberKernelSHAP},
		{"body_mass_g", "stacking", []any{forest, map[string]any{"model": "ridge"}}, explain.MemberSHAP},
	} {
		t.Run(fmt.Sprint(c.model, " ", c.target, " ", c.method), func(t *testing.T) {
			r := penguins(t, c.target, map[string]any{"model": c.model, c.model: map[string]any{"members": c.members}})
			raw, _ := r.Env.Read(t, r.Ingested.Dataset)
			raw = raw.Without(c.target)
			background, rows := raw.Take([]int{0, 60, 150, 200, 250, 320}), raw.Take([]int{3, 160, 300})
			m := r.Model(t)
			got, err := explain.Rows(context.Background(), m, rows, background, nil)
			if err != nil {
				t.Fatal(err)
			}
			whole := *m
			whole.Estimator = told{m.Estimator, got.Scale == explain.LogOdds}
			want, err := explain.Rows(context.Background(), &whole, rows, background, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Method != c.method || want.Method != explain.KernelSHAP {
				t.Fatalf("the methods are %s and %s", got.Method, want.Method)
			}
			for k, o := range got.Outputs {
				for g, column := range got.Columns {
					at := 0
					for want.Columns[at].Name != column.Name {
						at++
					}
					for i := range o.Values {
						a, b := o.Values[i][g], want.Outputs[k].Values[i][at]
						if math.Abs(a-b) > 1e-8*(1+math.Abs(b)) {
							t.Errorf("row %d, output %d, %s: %v, of the whole %v", i, k, column.Name, a, b)
						}
					}
				}
			}
		})
	}
}
