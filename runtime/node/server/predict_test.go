package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// register fits a model of rents, all of them times factor, and registers it.
func register(t testing.TB, n *node.Node, name string, factor float64) step.ModelVersion {
	t.Helper()
	ctx := t.Context()
	rent := []float64{1000, 1500, 2000, 800, 1300, 1800}
	for i := range rent {
		rent[i] *= factor
	}
	rows, err := table.New(
		table.FloatColumn("rooms", []float64{2, 3, 4, 2, 3, 4}),
		table.StringColumn("town", []string{"Bern", "Bern", "Bern", "Rome", "Rome", "Rome"}),
		table.FloatColumn("rent", rent))
	check(t, err)
	y, _, err := preprocess.Target(rows, "rent", learn.Regression, nil)
	check(t, err)
	graph, features, err := preprocess.Fit(ctx, rows.Without("rent"), y, nil, &preprocess.Auto{Family: "linear"})
	check(t, err)
	x, err := preprocess.Matrix(features, nil)
	check(t, err)
	fitted, err := linear.LeastSquares{}.Fit(ctx, x, y, nil)
	check(t, err)
	description, weights, err := model.Encode(&model.Model{Task: y.Task, Target: "rent", Inputs: model.Describe(rows, "rent"),
		Graph: graph, Features: x.Names, Estimator: fitted})
	check(t, err)
	var files events.ModelRef
	files.Model, err = n.Store.Put(ctx, events.MediaModel, bytes.NewReader(description))
	check(t, err)
	files.Weights, err = n.Store.Put(ctx, events.MediaSafetensors, bytes.NewReader(weights))
	check(t, err)
	v, err := n.Registry.Register(ctx, name, step.ModelVersion{Files: files, Cause: fmt.Sprint(name, factor)})
	check(t, err)
	return v
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPredict(t *testing.T) {
	s := serve(t, nil)
	if status, answer := s.do(http.MethodPost, "/predict", `{}`); status != http.StatusNotFound || !strings.Contains(answer, "no model is registered yet") {
		t.Errorf("%d %s", status, answer)
	}
	register(t, s.node, "rents", 1)
	register(t, s.node, "rents", 2)
	if status, answer := s.do(http.MethodPost, "/predict", `{}`); status != http.StatusNotFound || !strings.Contains(answer, "runnel models promote rents VERSION") {
		t.Errorf("%d %s", status, answer)
	}
	s.each(func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		value := func(version string, row any) float64 {
			t.Helper()
			out, err := c.Predict(ctx, "rents", version, row)
			check(t, err)
			n, _ := out["prediction"].(json.Number)
			v, err := n.Float64()
			if err != nil {
				t.Fatalf("answer %v", out)
			}
			return v
		}
		near := func(got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 1e-6 {
				t.Errorf("predicted %v, want %v", got, want)
			}
		}
		row := map[string]any{"rooms": 5.0, "town": "Rome"}
		_, err := c.Promote(ctx, "rents", api.Promotion{Version: 1})
		check(t, err)
		near(value("", row), 2300)
		near(value("2", row), 4600)
		move, err := c.Promote(ctx, "rents", api.Promotion{Version: 2})
		check(t, err)
		if move != (api.Move{Alias: "champion", From: 1, To: 2}) {
			t.Errorf("%+v", move)
		}
		near(value("", row), 4600)
		near(value("champion", []any{1.0, "Bern"}), 1000)
		move, err = c.Rollback(ctx, "rents", api.Promotion{})
		check(t, err)
		if move != (api.Move{Alias: "champion", From: 2, To: 1}) {
			t.Errorf("%+v", move)
		}
		near(value("", row), 2300)
		_, err = c.Promote(ctx, "rents", api.Promotion{Version: 2, Alias: "challenger"})
		check(t, err)
		near(value("challenger", row), 4600)

		out, err := c.Predict(ctx, "rents", "1", []any{row, row, row})
		check(t, err)
		if list, ok := out["predictions"].([]any); !ok || len(list) != 3 || out["model"] != "rents" || out["version"] != json.Number("1") {
			t.Errorf("answer %v", out)
		}
		m, err := c.Model(ctx, "rents")
		check(t, err)
		if len(m.Versions) != 2 || m.Aliases["champion"] != 1 || m.Aliases["challenger"] != 2 {
			t.Errorf("%+v", m)
		}
		for name, test := range map[string]struct {
			row            any
			status         int
			column, within string
		}{
			"no number":  {map[string]any{"rooms": "five", "town": "Rome"}, http.StatusUnprocessableEntity, "rooms", "no number"},
			"absent":     {map[string]any{"town": "Rome"}, http.StatusUnprocessableEntity, "rooms", ""},
			"misspelt":   {map[string]any{"town": "Rome", "rom": 1.0}, http.StatusUnprocessableEntity, "rooms", "rom"},
			"no version": {nil, http.StatusNotFound, "", "versions are 1 to 2"},
		} {
			version := ""
			if test.row == nil {
				version = "7"
			}
			_, err := c.Predict(ctx, "rents", version, test.row)
			var e *api.Error
			if !errors.As(err, &e) || e.Status != test.status || e.Column != test.column || !strings.Contains(e.Message, test.within) {
				t.Errorf("%s: %+v", name, err)
			}
		}
		for name, p := range map[string]api.Promotion{"version": {Version: 9}, "alias": {Version: 1, Alias: "No Alias"}} {
			if _, err := c.Promote(ctx, "rents", p); status(err) < 400 || status(err) >= 500 {
				t.Errorf("promoting with a bad %s: %v", name, err)
			}
		}
	})
	for _, body := range []string{"", "{", "[]", `"text"`, "[[[]]]", "{} {}"} {
		if status, answer := s.do(http.MethodPost, "/predict", body); status < 400 || status >= 500 {
			t.Errorf("the body %s: %d %s", body, status, answer)
		}
	}
	register(t, s.node, "others", 1)
	if status, answer := s.do(http.MethodPost, "/predict", `{}`); status != http.StatusBadRequest || !strings.Contains(answer, "there are 2 models") {
		t.Errorf("%d %s", status, answer)
	}
}

// The hot path: one row over HTTP, with the alias looked up each time.
func BenchmarkPredict(b *testing.B) {
	s := serve(b, nil)
	register(b, s.node, "rents", 1)
	_, err := s.node.Registry.Promote(b.Context(), "rents", 1, "cause")
	check(b, err)
	row := map[string]any{"rooms": 5.0, "town": "Rome"}
	for name, c := range s.clients {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Predict(b.Context(), "rents", "", row); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("registry", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.node.Registry.Alias(context.Background(), "rents", "champion"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
