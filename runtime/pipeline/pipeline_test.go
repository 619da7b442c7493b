package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

var update = flag.Bool("update", false, "write the golden files anew")

type cleanParams struct {
	Missing string             `json:"missing" default:"mean" enum:"mean,median"`
	Share   float64            `json:"share" default:"0.5" min:"0" max:"1"`
	Columns []string           `json:"columns"`
	Gate    map[string]float64 `json:"gate"`
	Limit   uint64             `json:"limit" default:"10"`
}

func (p cleanParams) Check() error {
	if len(p.Columns) > 2 {
		return errors.New("at most two columns")
	}
	return nil
}

func function[P any](name string, accepts, emits string) *step.Function {
	list := func(s string) []string {
		var out []string
		for f := range strings.FieldsSeq(s) {
			out = append(out, events.FullType(f))
		}
		return out
	}
	return step.New(name, func(context.Context, *step.Call, P) error { return nil }, step.Accepts(list(accepts)...), step.Emits(list(emits)...))
}

// functions are a few for the tests, so that those of the house can change.
func functions() pipeline.Functions {
	out := pipeline.Functions{}
	for _, f := range []*step.Function{
		function[struct{}]("ingest", "object.created ingest.requested", "dataset.ingested"),
		function[cleanParams]("clean", "dataset.ingested", "dataset.cleaned"),
		function[struct{}]("explore", "dataset.ingested dataset.cleaned", "dataset.explored"),
		function[struct{}]("featurize", "dataset.cleaned", "features.built"),
		function[struct{}]("alter", "dataset.ingested", "dataset.ingested"),
		function[struct{}]("register", "features.built", "model.registered"),
		function[struct{}]("loop", "features.built", "dataset.ingested"),
		function[struct{}]("report", "dataset.explored", ""),
	} {
		out[f.Name] = f
	}
	return out
}

// TestLint lints the definitions of testdata/lint.txtar, each of which is
// followed by what is said about it.
func TestLint(t *testing.T) {
	const file = "testdata/lint.txtar"
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(a.Files); i++ {
		f := a.Files[i]
		t.Run(f.Name, func(t *testing.T) {
			got := "ok\n"
			p, err := pipeline.Parse(f.Name, bytes.NewReader(f.Data), functions())
			if err == nil {
				for _, w := range p.Warnings {
					got += w.String() + "\n"
				}
			} else {
				var problems pipeline.Problems
				if !errors.As(err, &problems) {
					t.Errorf("an error that is no list of problems: %v", err)
				}
				got = err.Error() + "\n"
			}
			switch following := i+1 < len(a.Files) && a.Files[i+1].Name == "said"; {
			case *update && following:
				a.Files[i+1].Data = []byte(got)
			case *update:
				a.Files = append(a.Files[:i+1:i+1], append([]txtar.File{{Name: "said", Data: []byte(got)}}, a.Files[i+1:]...)...)
			case !following:
				t.Error("what is said does not follow: -update writes it")
			case string(a.Files[i+1].Data) != got:
				t.Errorf("got\n%swant\n%s", got, a.Files[i+1].Data)
			}
			i++
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHostile parses what is large or deep to do harm.
func TestHostile(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	many := "name: many\nsteps:\n"
	for i := range 501 {
		many += fmt.Sprintf("  - {name: s%d, function: clean}\n", i)
	}
	for _, c := range []struct{ name, text, want string }{
		{"aliases", bomb, "too many values"},
		{"an alias of itself", "name: &a [*a]\nsteps: []\n", ""},
		{"deep lists", strings.Repeat("[", 100_000), ""},
		{"deep mappings", "name: x\nsteps:\n  - " + strings.Repeat("{a: ", 10_000) + strings.Repeat("}", 10_000), ""},
		{"deep within bounds of the parser", "params: " + strings.Repeat("[", 90) + strings.Repeat("]", 90), "nested too deep"},
		{"too large", "name: x\n#" + strings.Repeat("x", pipeline.MaxSize), "at most 1048576 bytes"},
		{"many steps", many, "steps: 501 steps, a pipeline has at most 500"},
		{"NUL", "name: a\x00b\n", ""},
		{"not UTF-8", "name: \xff\xfe\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := pipeline.Parse("hostile.yaml", strings.NewReader(c.text), functions())
			var problems pipeline.Problems
			if !errors.As(err, &problems) || len(problems) == 0 || problems[0].Line < 1 || problems[0].Column < 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.200v, want problems: %s", err, c.want)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// TestManySteps binds and draws a graph with a great many paths.
func TestManySteps(t *testing.T) {
	text := "name: many\nsteps:\n"
	for i := range 120 {
		text += fmt.Sprintf("  - {name: i%d, function: ingest}\n  - {name: c%d, function: clean}\n  - {name: f%d, function: featurize}\n", i, i, i)
	}
	start := time.Now()
	p, err := pipeline.Parse("many.yaml", strings.NewReader(text), functions())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Edges()); n != 2*120*120 {
		t.Errorf("%d edges", n)
	}
	if n := strings.Count(p.Text(), "\n"); n > 40_000 {
		t.Errorf("%d lines", n)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

const branched = `name: branched
description: Two cleanings, explored together
seed: 18446744073709551615
steps:
  - name: ingest
    on:
      type: object.created
      filters: [{prefix: {subject: sales/}}, {sql: "EXISTS sequence OR 1 < 2"}]
  - {name: clean, params: {share: 0.25, gate: {b: 1e21, a: 0.1}, limit: 18446744073709551615, columns: ["\u0001 \u007f 😀", <&>]}}
  - {name: clean-two, function: clean, params: {missing: median}, timeout: 90s, retry: {attempts: 2}}
  - {name: explore, on: [{type: dataset.cleaned, from: [clean-two]}]}
  - {name: all, function: explore, on: [dataset.cleaned, {type: dataset.explored, from: [explore]}], join: true}
  - featurize-is: 1
    name: featurize
`

// TestGraph draws a pipeline.
func TestGraph(t *testing.T) {
	p, err := pipeline.Parse("branched.yaml", strings.NewReader(strings.Replace(branched, "featurize-is: 1\n    ", "", 1)), functions())
	if err != nil {
		t.Fatal(err)
	}
	d, err := pipeline.Default(pipeline.Functions(all.Functions()))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range []*pipeline.Pipeline{p, d} {
		for _, e := range p.Edges() {
			fmt.Fprintf(&b, "%s -> %s: %s\n", e.From.Name, e.To.Name, e.Type)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n", p.Text(), p.Mermaid())
	}
	const file = "testdata/graph.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestVersion is of what a pipeline does, not of how it is written down.
func TestVersion(t *testing.T) {
	parse := func(text string) *pipeline.Pipeline {
		t.Helper()
		p, err := pipeline.Parse("v.yaml", strings.NewReader(text), functions())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := parse("name: p\nsteps: [{name: ingest}, {name: clean}]\n")
	for name, text := range map[string]string{
		"comments and order of keys": "# a comment\nsteps:\n- name: ingest\n- {name: clean}\nname: p\n",
		"defaults spelt out":         "name: p\nseed: 42\nsteps: [{name: ingest, on: [object.created, ingest.requested]}, {name: clean, function: clean, on: dataset.ingested, params: {missing: mean, share: 0.5}, host: native, timeout: 30m, retry: {attempts: 5}, concurrency: 4}]\n",
		"null":                       "name: p\nsteps: [{name: ingest, params: null, on: null}, {name: clean, params: {missing: null}}]\n",
	} {
		if p := parse(text); p.Version != first.Version {
			t.Errorf("%s: another version:\n%s\n%s", name, p.JSON(), first.JSON())
		}
	}
	if p := parse("name: p\nsteps: [{name: ingest}, {name: clean, params: {share: 0.4}}]\n"); p.Version == first.Version || p.Shape() != first.Shape() {
		t.Error("other params: want another version of the same shape")
	}
	if p := parse("name: p\nsteps: [{name: ingest}, {name: cleaning, function: clean}]\n"); p.Shape() == first.Shape() {
		t.Error("another step has the same shape")
	}
}

// TestStored reads back what was stored, whatever text and numbers are in it.
func TestStored(t *testing.T) {
	text := strings.Replace(branched, "featurize-is: 1\n    ", "", 1)
	p, err := pipeline.Parse("b.yaml", strings.NewReader(text), functions())
	if err != nil {
		t.Fatal(err)
	}
	restored(t, p)
	rapid.Check(t, func(t *rapid.T) {
		spec := p.Spec
		spec.Doc = rapid.String().Draw(t, "description")
		spec.Seed = rapid.Uint64().Draw(t, "seed")
		spec.Steps = append([]pipeline.Step(nil), spec.Steps...)
		spec.Steps[1].Params = map[string]any{
			"columns": []any{rapid.String().Draw(t, "column")}, "limit": rapid.Uint64().Draw(t, "limit"),
			"gate": map[string]any{rapid.String().Draw(t, "key"): rapid.Float64().Draw(t, "value")}, "share": rapid.Float64Range(0, 1).Draw(t, "share"),
		}
		q, err := pipeline.FromSpec(spec, functions())
		if err != nil {
			t.Fatal(err)
		}
		restored(t, q)
	})
	if _, err := pipeline.Load([]byte(`{"name": "p", "steps": [{"name": "gone"}]}`), functions()); err == nil || !strings.Contains(err.Error(), "does not fit the functions of this version") {
		t.Errorf("a function that is gone: %v", err)
	}
	if _, err := pipeline.Load([]byte(`{"name": `), functions()); err == nil {
		t.Error("half a definition was read")
	}
}

func restored(t rapid.TB, p *pipeline.Pipeline) {
	t.Helper()
	for _, load := range []func() (*pipeline.Pipeline, error){
		func() (*pipeline.Pipeline, error) { return pipeline.Load(p.JSON(), functions()) },
		func() (*pipeline.Pipeline, error) { return pipeline.FromSpec(p.Spec, functions()) },
	} {
		q, err := load()
		if err != nil {
			t.Fatal(err)
		}
		if q.Version != p.Version || !bytes.Equal(q.JSON(), p.JSON()) || q.Shape() != p.Shape() {
			t.Fatalf("stored\n%s\nread back\n%s", p.JSON(), q.JSON())
		}
	}
}

// TestStoredBesideASearch binds what an earlier version stored: params of train
// that a search takes the place of. They are refused where somebody writes them.
func TestStoredBesideASearch(t *testing.T) {
	tuned, err := pipeline.Parse("tuned.yaml", strings.NewReader(pipeline.TunedYAML()), all.Functions())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ params, want string }{
		{`{"random_forest": {"n_estimators": 60}}`, "step train: params.random_forest.n_estimators: the search chooses the parameters"},
		{`{"model": "stacking"}`, "step train: params.model: the search chooses the estimator"},
		{`{"continue": "churn@3"}`, "step train: params.continue: it goes on with the parameters of churn@3"},
	} {
		var params map[string]any
		if err := json.Unmarshal([]byte(c.params), &params); err != nil {
			t.Fatal(err)
		}
		spec := tuned.Spec
		spec.Steps = append([]pipeline.Step(nil), spec.Steps...)
		for i := range spec.Steps {
			if spec.Steps[i].Name == "train" {
				spec.Steps[i].Params = params
			}
		}
		p, err := pipeline.FromSpec(spec, all.Functions())
		if err != nil {
			t.Fatalf("%s, stored: %v", c.params, err)
		}
		if q, err := pipeline.Load(p.JSON(), all.Functions()); err != nil || q.Version != p.Version {
			t.Errorf("%s, read back: %v", c.params, err)
		}
		var problems pipeline.Problems
		if _, err := pipeline.Changed(spec, all.Functions()); !errors.As(err, &problems) || !strings.HasPrefix(problems[0].Message, c.want) {
			t.Errorf("%s, changed\n got %v\nwant %s", c.params, err, c.want)
		}
		if _, err := pipeline.Parse("tuned.yaml", bytes.NewReader(p.JSON()), all.Functions()); !errors.As(err, &problems) || !strings.HasPrefix(problems[0].Message, c.want) {
			t.Errorf("%s, in a file\n got %v\nwant %s", c.params, err, c.want)
		}
	}
}

// TestMatch finds the trigger that an event pulls.
func TestMatch(t *testing.T) {
	p, err := pipeline.Parse("b.yaml", strings.NewReader(strings.Replace(branched, "featurize-is: 1\n    ", "", 1)), functions())
	if err != nil {
		t.Fatal(err)
	}
	object := func(key string) events.Event {
		e, err := events.NewRoot("/buckets/b", key, time.Unix(0, 0), events.ObjectCreatedData{}, key)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	from := func(name string, data events.Payload) events.Event {
		e, err := events.NewChild(object("x"), events.Emitter{Pipeline: p.Name, Version: p.Version, Step: name}, 0, time.Unix(0, 0), "", data)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, c := range []struct {
		step string
		e    events.Event
		want int
	}{
		{"ingest", object("sales/may.csv"), 0},
		{"ingest", object("other/may.csv"), -1},
		{"clean", object("sales/may.csv"), -1},
		{"explore", from("clean-two", events.DatasetCleanedData{}), 0},
		{"explore", from("clean", events.DatasetCleanedData{}), -1},
		{"all", from("explore", events.DatasetExploredData{}), 1},
	} {
		if got := p.Step(c.step).Match(c.e); got != c.want {
			t.Errorf("%s on %s of %q: trigger %d, want %d", c.step, c.e.Type(), c.e.Subject(), got, c.want)
		}
	}
	if p.Step("gone") != nil {
		t.Error("a step that there is not was found")
	}
	if s := p.Step("clean-two"); s.Timeout != 90*time.Second || s.Retry.Attempts != 2 || s.Backoff != time.Second || s.MaxWait != time.Minute {
		t.Errorf("limits of clean-two: %+v", s)
	}
}

// TestJSONSchema holds what editors need.
func TestJSONSchema(t *testing.T) {
	s := pipeline.JSONSchema(functions())
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/schema.golden.json"
	if *update {
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(b)+"\n" != string(want) {
		t.Error("it differs from " + file + ": -update writes it anew")
	}
	if again := pipeline.JSONSchema(functions()); !reflect.DeepEqual(again, s) {
		t.Error("a second time it is another")
	}
}

// FuzzParse parses anything: a pipeline that can be stored, or problems with a place.
func FuzzParse(f *testing.F) {
	a, err := txtar.ParseFile("testdata/lint.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		f.Add(string(file.Data))
	}
	f.Add(branched)
	fns := functions()
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pipeline.Parse("fuzz.yaml", strings.NewReader(text), fns)
		if err != nil {
			var problems pipeline.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("an error that is no list of problems: %v", err)
			}
			for _, q := range problems {
				if q.Line < 1 || q.Column < 1 || q.Message == "" {
					t.Fatalf("a problem without a place: %+v", q)
				}
			}
			return
		}
		q, err := pipeline.Load(p.JSON(), fns)
		if err != nil {
			t.Fatalf("%v\n%s", err, p.JSON())
		}
		if q.Version != p.Version {
			t.Fatalf("stored\n%s\nread back\n%s", p.JSON(), q.JSON())
		}
		_, _ = p.Text(), p.Mermaid()
	})
}
