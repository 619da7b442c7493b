package evaluate_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func penguins(t *testing.T, target string, params map[string]any) *functest.Run {
	t.Helper()
	return functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"),
		functest.Params{"ingest": {"target": target}, "train": params, "evaluate": {"folds": 0}}).Must(t)
}

// TestGates stops the chain where a threshold is missed, and writes down why.
func TestGates(t *testing.T) {
	species := penguins(t, "species", nil)
	mass := penguins(t, "body_mass_g", nil)
	poor := penguins(t, "species", map[string]any{"model": "baseline"})
	for _, c := range []struct {
		name   string
		run    *functest.Run
		params map[string]any
		missed string // "": passed
	}{
		{"reached", species, map[string]any{"gate": map[string]any{"accuracy": 0.9, "log_loss": 0.5}, "beat_baseline": true}, ""},
		{"too low", species, map[string]any{"gate": map[string]any{"accuracy": 0.9, "f1_macro": 1}}, "f1_macro"},
		{"too high", species, map[string]any{"gate": map[string]any{"log_loss": 1e-6}}, "is above the gate of 1e-06"},
		{"two missed", species, map[string]any{"gate": map[string]any{"accuracy": 1, "recall_macro": 1}}, "accuracy 0.9855 is below the gate of 1; recall_macro"},
		{"errors", mass, map[string]any{"gate": map[string]any{"rmse": 1000, "r2": 0.5}, "beat_baseline": true}, ""},
		{"too large errors", mass, map[string]any{"gate": map[string]any{"mae": 1}}, "mae"},
		{"no better than the baseline", poor, map[string]any{"beat_baseline": true}, "accuracy 0.4348 is no better than the baseline's 0.4348"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.params["folds"] = 0
			res, err := c.run.Env.Try(t, evaluate.Function, c.run.Trained, c.params)
			ref, ok := res.Outputs["evaluation"]
			if !ok {
				t.Fatalf("no evaluation was written: %v", err)
			}
			var e evaluate.Evaluation
			c.run.Env.JSON(t, ref, &e)
			for _, g := range e.Gates {
				if !g.Passed && c.missed == "" {
					t.Errorf("gate %+v", g)
				}
			}
			if c.missed == "" {
				if err != nil || len(res.Events) != 1 || len(e.Gates) == 0 {
					t.Errorf("%v, %d events, %d gates", err, len(res.Events), len(e.Gates))
				}
				return
			}
			if step.ClassOf(err) != step.ClassGate || len(res.Events) != 0 || !strings.Contains(err.Error(), c.missed) {
				t.Errorf("class %s of %v, %d events; want %s", step.ClassOf(err), err, len(res.Events), c.missed)
			}
		})
	}
}

// TestMetrics measures the model's own predictions of the test rows again.
func TestMetrics(t *testing.T) {
	for _, target := range []string{"species", "body_mass_g"} {
		r := penguins(t, target, nil)
		m := r.Model(t)
		raw, parts := r.Env.Read(t, r.Trained.Raw)
		test := raw.Take(step.RowsOf(parts, step.Test, raw.Rows()))
		y, absent, err := preprocess.Target(test, target, m.Task, m.Classes)
		if err != nil {
			t.Fatal(err)
		}
		rows := preprocess.Without(test.Rows(), absent)
		test, y = test.Take(rows), y.Take(rows)
		p, err := m.Predict(test)
		if err != nil {
			t.Fatal(err)
		}
		e := r.Evaluation(t)
		if e.Subset != "test" || e.Model.Rows != len(rows) {
			t.Errorf("%s: measured on %d %s rows, want %d", target, e.Model.Rows, e.Subset, len(rows))
		}
		right, errors := 0.0, 0.0
		for i := range rows {
			if m.Task == learn.Classification && p.Labels[i] == test.Column(target).Text(i) {
				right++
			} else if m.Task == learn.Regression {
				errors += math.Abs(p.Values[i] - y.Values[i])
			}
		}
		n := float64(len(rows))
		if got := e.Model.Metrics["accuracy"]; m.Task == learn.Classification && got != right/n {
			t.Errorf("accuracy %v, want %v", got, right/n)
		}
		if got := e.Model.Metrics["mae"]; m.Task == learn.Regression && math.Abs(got-errors/n) > 1e-9 {
			t.Errorf("mae %v, want %v", got, errors/n)
		}
		if !maps.Equal(e.Model.Metrics, r.Evaluated.Metrics) || !maps.Equal(e.Baseline.Metrics, r.Evaluated.Baseline) {
			t.Error("the event says other metrics than the evaluation")
		}
	}
}

// TestCrossValidation fits every fold again, by hand, with every transform of
// the chain spelt out.
func TestCrossValidation(t *testing.T) {
	for _, c := range []struct {
		target, model string
		estimator     learn.Estimator
		more          []preprocess.Spec
	}{
		{"species", "logistic", linear.Logistic{C: 1, MaxIter: 1000, Tolerance: 1e-6, ClassWeight: "none"}, []preprocess.Spec{&preprocess.Impute{}, &preprocess.Scale{}}},
		{"body_mass_g", "random_forest", func() learn.Estimator { f := tree.NewForest(); f.Estimators = 20; return f }(), nil},
	} {
		t.Run(c.target, func(t *testing.T) {
			r := functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"),
				functest.Params{"ingest": {"target": c.target}, "train": {"model": c.model, "random_forest": map[string]any{"n_estimators": 20}}, "evaluate": {"folds": 4}}).Must(t)
			raw, parts := r.Env.Read(t, r.Trained.Raw)
			train := raw.Take(step.RowsOf(parts, step.Train, raw.Rows()))
			m := r.Model(t)
			y, _, err := preprocess.Target(train, c.target, m.Task, m.Classes)
			if err != nil {
				t.Fatal(err)
			}
			x := train.Without(c.target)
			folds := split.Folds{K: 4, Shuffle: true, Repeats: 1, Seed: steptest.Seed}
			rounds, err := folds.Plain(y.Len())
			if m.Task == learn.Classification {
				rounds, _, err = folds.Stratified(y.Labels, y.Classes)
			}
			if err != nil {
				t.Fatal(err)
			}
			opts := &learn.Options{Seed: steptest.Seed}
			specs := append([]preprocess.Spec{&preprocess.Tidy{}, &preprocess.Dates{}, &preprocess.Impute{Numeric: "mean", Categorical: "keep"}, &preprocess.Cap{}, &preprocess.Auto{}}, c.more...)
			var got []float64
			name := map[learn.Task]string{learn.Classification: "log_loss", learn.Regression: "r2"}[m.Task]
			cv := r.Evaluation(t).CrossValid
			for k, f := range rounds {
				g, fx, err := preprocess.Fit(t.Context(), x.Take(f.Train), y.Take(f.Train), opts, specs...)
				if err != nil {
					t.Fatal(err)
				}
				matrix, err := preprocess.Matrix(fx, nil)
				if err != nil {
					t.Fatal(err)
				}
				fitted, err := c.estimator.Fit(t.Context(), matrix, y.Take(f.Train), opts)
				if err != nil {
					t.Fatal(err)
				}
				tx, err := g.Transform(x.Take(f.Test))
				if err != nil {
					t.Fatal(err)
				}
				matrix, err = preprocess.Matrix(tx, matrix.Names)
				if err != nil {
					t.Fatal(err)
				}
				report, err := metrics.Evaluate(y.Take(f.Test), fitted.Predict(matrix), nil)
				if err != nil {
					t.Fatal(err)
				}
				if cv.Folds[k][name] != report.Metrics[name] {
					t.Errorf("fold %d: %s %v, want %v", k, name, cv.Folds[k][name], report.Metrics[name])
				}
				got = append(got, report.Metrics[name])
			}
			mean, squares := 0.0, 0.0
			for _, v := range got {
				mean += v / 4
			}
			for _, v := range got {
				squares += (v - mean) * (v - mean)
			}
			if std := math.Sqrt(squares / 3); math.Abs(cv.Mean[name]-mean) > 1e-12 || math.Abs(cv.Std[name]-std) > 1e-12 {
				t.Errorf("%v ± %v, want %v ± %v", cv.Mean[name], cv.Std[name], mean, std)
			}
		})
	}
}

// TestFewRows cross-validates where there are enough rows, and where a fold
// lacks a class says what is known.
func TestFewRows(t *testing.T) {
	for rows, folds := range map[int]int{12: 0, 13: 5, 30: 5} { // a fifth are test rows
		var b bytes.Buffer
		b.WriteString("x,z,y\n")
		for i := range rows {
			fmt.Fprintf(&b, "%d,%d,%s\n", i, i*i%17, []string{"a", "b", "b", "b"}[i%4])
		}
		e := functest.Chain(t, "d.csv", b.Bytes(), functest.Params{"ingest": {"target": "y"}}).Must(t).Evaluation(t)
		n := 0
		if e.CrossValid != nil {
			n = len(e.CrossValid.Folds)
			if _, ok := e.CrossValid.Mean["accuracy"]; !ok || e.CrossValid.Mean["accuracy"] > 1 {
				t.Errorf("%d rows: mean %v", rows, e.CrossValid.Mean)
			}
			for name, v := range e.CrossValid.Std {
				if math.IsNaN(v) {
					t.Errorf("%d rows: the deviation of %s is no number", rows, name)
				}
			}
		}
		if n != folds {
			t.Errorf("%d rows: %d folds, want %d", rows, n, folds)
		}
	}
}
