package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A model that was not trained by a run is registered once for a cause, and only
// if its files are a model of what its name predicts.
func TestRegister(t *testing.T) {
	serve(t, nil).each(func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		version := func(target string) step.ModelVersion {
			y := &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3}}
			x := &learn.Matrix{Names: []string{"x"}, Columns: [][]float64{{1, 2, 3}}, Rows: 3}
			fitted, err := (&baseline.Estimator{}).Fit(ctx, x, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			description, weights, err := model.Encode(&model.Model{Task: y.Task, Target: target, TargetKind: table.Float64,
				Inputs: []model.Input{{Name: "x", Kind: table.Float64}}, Features: x.Names, Estimator: fitted})
			if err != nil {
				t.Fatal(err)
			}
			v := step.ModelVersion{Cause: target, Estimator: "what is said is not asked"}
			if v.Files.Model, err = c.PutArtifact(ctx, events.MediaModel, bytes.NewReader(description)); err != nil {
				t.Fatal(err)
			}
			if v.Files.Weights, err = c.PutArtifact(ctx, events.MediaSafetensors, bytes.NewReader(weights)); err != nil {
				t.Fatal(err)
			}
			return v
		}
		for range 2 {
			v, err := c.Register(ctx, "rents", version("rent"))
			if err != nil || v.Version != 1 || v.Target != "rent" || v.Task != "regression" || v.Estimator != baseline.Kind {
				t.Fatalf("%+v (error %v)", v, err)
			}
		}
		p, err := c.Predict(ctx, "rents", "1", map[string]any{"x": 7})
		if p["prediction"] != json.Number("2") {
			t.Errorf("%v (error %v)", p, err)
		}
		if _, err := c.Register(ctx, "rents", version("price")); status(err) != http.StatusBadRequest || !strings.Contains(err.Error(), "model rents predicts rent (regression), and this one price") {
			t.Errorf("of another target: %v", err)
		}
		half := version("rent")
		half.Files.Weights = half.Files.Model
		half.Files.Model.Digest = "sha256:" + strings.Repeat("0", 64)
		if _, err := c.Register(ctx, "rents", half); status(err) != http.StatusNotFound || !strings.Contains(err.Error(), "the model's files: ") {
			t.Errorf("of no files: %v", err)
		}
	})
}
