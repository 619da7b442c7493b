package train_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table/stats"
)

func penguins(t *testing.T, target string, p functest.Params) *functest.Run {
	t.Helper()
	all := functest.Params{"ingest": {"target": target}, "evaluate": {"folds": 0}}
	for k, v := range p {
		all[k] = v
	}
	return functest.Chain(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), all).Must(t)
}

// TestModel finds in the model what is needed to serve it and to say where it
// came from.
func TestModel(t *testing.T) {
	r := penguins(t, "species", nil)
	m := r.Model(t)
	raw, split := r.Env.Read(t, r.Trained.Raw)
	rows := step.RowsOf(split, step.Train, raw.Rows())
	s, err := stats.Read(m.Statistics)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows != int64(len(rows)) || s.Column("body_mass_g").Mean() != stats.Of(raw.Take(rows), nil).Column("body_mass_g").Mean() {
		t.Errorf("statistics of %d rows, want those of the %d to learn from", s.Rows, len(rows))
	}
	if m.Metrics["train_accuracy"] < 0.99 || m.Metrics["train_accuracy"] != r.Trained.Metrics["accuracy"] || m.Seed != 42 {
		t.Errorf("metrics %v, seed %d", m.Metrics, m.Seed)
	}
	var names []string
	for _, in := range m.Inputs {
		names = append(names, in.Name)
	}
	if got, want := strings.Join(names, ","), "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year"; got != want {
		t.Errorf("inputs %s, want %s", got, want)
	}
	var lineage struct{ Dataset, Manifest, Features, Transformers string }
	if err := json.Unmarshal(m.Lineage, &lineage); err != nil {
		t.Fatal(err)
	}
	if lineage.Dataset != "penguins" || lineage.Manifest != r.Built.Raw.Manifest.Digest || lineage.Features != r.Built.Dataset.Manifest.Digest || lineage.Transformers != r.Built.Transformers.Digest {
		t.Errorf("lineage %+v", lineage)
	}
	if n := r.Trained.Model.Model.Size; n > 100<<10 {
		t.Errorf("model.json has %d bytes", n)
	}
	if p := r.Env.Reported(); p[len(p)-1].Unit == "" {
		t.Errorf("progress %+v", p[len(p)-1])
	}
}

// TestChoice fits the estimator that is asked for, with its parameters, or one
// that suits the rows.
func TestChoice(t *testing.T) {
	for _, c := range []struct {
		target string
		params functest.Params
		want   string
		param  string // of the estimator
		value  any
	}{
		{"species", nil, "random_forest", "n_estimators", 100.0},
		{"species", functest.Params{"ingest": {"target": "species", "test": 0.9}}, "logistic", "c", 1.0},
		{"body_mass_g", functest.Params{"ingest": {"target": "body_mass_g", "test": 0.9}}, "ridge", "alpha", 1.0},
		{"species", functest.Params{"train": {"model": "random_forest", "random_forest": map[string]any{"n_estimators": 7, "max_depth": 2}}}, "random_forest", "max_depth", 2.0},
		{"species", functest.Params{"train": {"model": "gradient_boosting", "gradient_boosting": map[string]any{"n_estimators": 7, "max_leaves": 5}}}, "gradient_boosting", "max_leaves", 5.0},
		{"body_mass_g", functest.Params{"train": {"model": "gradient_boosting", "gradient_boosting": map[string]any{"loss": "absolute", "n_estimators": 7}}}, "gradient_boosting", "loss", "absolute"},
		{"species", functest.Params{"train": {"model": "logistic", "logistic": map[string]any{"c": 0.01}}}, "logistic", "c", 0.01},
		{"body_mass_g", functest.Params{"train": {"model": "linear"}}, "linear", "no_intercept", false},
		{"body_mass_g", functest.Params{"train": {"model": "lasso", "lasso": map[string]any{"alpha": 3}}}, "lasso", "alpha", 3.0},
		{"body_mass_g", functest.Params{"train": {"model": "elastic_net", "elastic_net": map[string]any{"l1_ratio": 0.9}}}, "elastic_net", "l1_ratio", 0.9},
		{"species", functest.Params{"train": {"model": "logistic", "logistic": map[string]any{"l1_ratio": 1}}}, "logistic", "l1_ratio", 1.0},
		{"species", functest.Params{"train": {"model": "sgd", "sgd": map[string]any{"loss": "hinge"}}}, "sgd", "loss", "hinge"},
		{"body_mass_g", functest.Params{"train": {"model": "sgd", "sgd": map[string]any{"alpha": 0.01}}}, "sgd", "alpha", 0.01},
		{"species", functest.Params{"train": {"model": "neighbors", "neighbors": map[string]any{"k": 3, "weights": "distance"}}}, "neighbors", "k", 3.0},
		{"body_mass_g", functest.Params{"train": {"model": "neighbors"}}, "neighbors", "weights", "uniform"},
		{"species", functest.Params{"train": {"model": "naive_bayes"}}, "naive_bayes", "distribution", "gaussian"},
		{"body_mass_g", functest.Params{"train": {"model": "baseline"}}, "baseline", "", nil},
	} {
		t.Run(c.target+" "+c.want, func(t *testing.T) {
			r := penguins(t, c.target, c.params)
			m := r.Model(t)
			if r.Trained.Estimator != c.want || m.Params["model"] != c.want {
				t.Fatalf("trained %s, model %v, want %s", r.Trained.Estimator, m.Params["model"], c.want)
			}
			used, _ := m.Params[c.want].(map[string]any)
			if c.param != "" && used[c.param] != c.value {
				t.Errorf("%s is %v, want %v", c.param, used[c.param], c.value)
			}
		})
	}
}

// TestDamaged refuses artifacts that are not what they should be.
func TestDamaged(t *testing.T) {
	r := penguins(t, "species", nil)
	for name, damage := range map[string]string{"no JSON": "{", "no graph": `{"state": {"kind": "graph"}}`, "another kind": `{"state": {"kind": "forest", "params": {}}}`} {
		in := r.Built
		in.Transformers = r.Env.PutBytes(t, "application/json", []byte(damage))
		if _, err := r.Env.Try(t, train.Function, in, nil); step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("%s: class %s of %v", name, step.ClassOf(err), err)
		}
	}
	if _, err := model.Decode(r.Env.Bytes(t, r.Trained.Model.Model), []byte("no weights")); err == nil {
		t.Error("a model was read without its weights")
	}
}
