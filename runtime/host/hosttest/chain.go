package hosttest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A chained case is a table that goes through every function.
type chained struct {
	name, file string
	params     map[string]map[string]any
	long       bool
}

func cases() []chained {
	train := func(target, model string) map[string]map[string]any {
		p := map[string]map[string]any{"ingest": {"target": target}}
		if model != "" {
			p["train"] = map[string]any{"model": model}
		}
		return p
	}
	prepared := train("body_mass_g", "ridge")
	prepared["clean"] = map[string]any{"missing": "knn", "outliers": "both", "indicators": true, "categories": "mode"}
	prepared["featurize"] = map[string]any{
		"bins":         []any{map[string]any{"columns": []any{"bill_length_mm"}, "method": "quantile"}},
		"interactions": []any{map[string]any{"pairs": []any{[]any{"bill_depth_mm", "flipper_length_mm"}}}},
		"frequency":    []any{map[string]any{"columns": []any{"island"}}},
		"scale":        []any{map[string]any{"columns": []any{"bill_depth_mm", "flipper_length_mm"}, "method": "robust"}},
	}
	return []chained{
		{name: "penguins", file: "penguins/penguins.csv", params: train("species", "")},
		{name: "penguins logistic", file: "penguins/penguins.csv", params: train("species", "logistic")},
		{name: "penguins forest of numbers", file: "penguins/penguins.csv", params: train("body_mass_g", "")},
		{name: "penguins linear", file: "penguins/penguins.csv", params: train("body_mass_g", "linear")},
		{name: "penguins prepared", file: "penguins/penguins.csv", params: prepared},
		{name: "penguins without a target", file: "penguins/penguins.csv", params: map[string]map[string]any{}},
		{name: "flights", file: "flights/flights.csv", params: train("late", ""), long: true},
	}
}

// chain takes tables through every function in two hosts, each with a store of
// its own, and compares all that comes of it.
func (s *suite) chain(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if c.long && (s.o.Again || testing.Short()) {
				t.Skip("a long one")
			}
			want, got := s.walk(t, same, c), s.walk(t, s.host, c)
			if len(want.steps) < 4 || len(want.steps) < 9 && c.params["ingest"] != nil {
				t.Fatalf("in process the chain ended after %d steps", len(want.steps))
			}
			for i, w := range want.steps {
				if i >= len(got.steps) {
					t.Fatalf("the chain ended before %s", w.name)
				}
				compare(t, w.name, want.env, got.env, w.res, got.steps[i].res)
			}
		})
	}
}

// A walked chain is what came of each step, in order.
type walked struct {
	env   *env
	steps []struct {
		name string
		res  step.Result
	}
}

// walk sends each event to every function that accepts it, but an upload to ingest alone.
func (s *suite) walk(t *testing.T, h host.Host, c chained) walked {
	t.Helper()
	content := example(t, c.file)
	w := walked{env: newEnv(t)}
	run := func(fn *step.Function, e events.Event, params map[string]any) []events.Event {
		res, err := h.Run(t.Context(), fn, following(t, fn, e, params), w.env)
		if err != nil {
			t.Fatalf("%s in %s: %v", fn.Name, h.Name(), described(err))
		}
		w.steps = append(w.steps, struct {
			name string
			res  step.Result
		}{fn.Name, res})
		return res.Events
	}
	// What searches and what explains does the same with less of it.
	brief := map[string]map[string]any{"tune": {"trials": 2, "folds": 2}, "explain": {"rows": 20}}
	paramsOf := func(name string) map[string]any {
		if p := c.params[name]; p != nil {
			return p
		}
		return brief[name]
	}
	functions := all.Functions()
	upload := w.env.object(t, filepath.Base(c.file), content)
	first := Invocation(t, functions["ingest"], upload, nil).Event
	queue := run(functions["ingest"], first, paramsOf("ingest"))
	deployed := false
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		deployed = deployed || e.Type() == events.ModelDeployed
		for _, fn := range all.List() {
			// A dataset without a target ends at its exploration; two steps accept
			// what is cleaned, and each is run once for it.
			if slices.Contains(fn.Accepts, e.Type()) {
				params := paramsOf(fn.Name)
				if e.Type() == events.FeaturesTuned {
					params = nil // the search has found them
				}
				queue = append(queue, run(fn, e, params)...)
			}
		}
	}
	if deployed {
		run(functions["predict"], first, map[string]any{"model": modelOf(t, w)})
	}
	return w
}

// modelOf is the name under which the chain registered its model.
func modelOf(t *testing.T, w walked) string {
	t.Helper()
	for _, s := range w.steps {
		for _, e := range s.res.Events {
			if e.Type() == events.ModelDeployed {
				d, err := events.Data[events.ModelDeployedData](e)
				if err != nil {
					t.Fatal(err)
				}
				return d.Name
			}
		}
	}
	t.Fatal("no model was deployed")
	return ""
}

// compare reports how two results differ, down to the bytes of their artifacts.
func compare(t *testing.T, name string, wantEnv, gotEnv *env, want, got step.Result) {
	t.Helper()
	want, got = untimed(name, want), untimed(name, got)
	if w, g := asJSON(t, want), asJSON(t, got); !bytes.Equal(w, g) {
		t.Errorf("%s gives\n%s\nand in process\n%s", name, g, w)
	}
	for _, output := range slices.Sorted(maps.Keys(want.Outputs)) {
		ref, ok := got.Outputs[output]
		if !ok {
			continue // it was told
		}
		if !bytes.Equal(wantEnv.bytes(t, want.Outputs[output]), gotEnv.bytes(t, ref)) {
			t.Errorf("%s: the output %s has other bytes than in process", name, output)
		}
	}
}

// untimed is a result without the outputs that say how long the work took.
func untimed(function string, res step.Result) step.Result {
	if function == "tune" {
		res.Outputs = maps.Clone(res.Outputs)
		delete(res.Outputs, "study")
		delete(res.Outputs, "report")
	}
	return res
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// example reads a file of the examples.
func example(t testing.TB, name string) []byte {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "..", "examples", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
