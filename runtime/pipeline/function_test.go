package pipeline_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

const zscore = `name: zscore
description: Takes out rows that are far from the mean
accepts: [dataset.cleaned]
emits: [dataset.cleaned]
params:
  - name: threshold
    type: number
    default: 3
    min: 0
    description: standard deviations from the mean
  - name: columns
    type: array
`

func folder(spec string) pipeline.Loader {
	return func(path string) (pipeline.Function, error) {
		if path != "./steps/zscore" {
			return pipeline.Function{}, fmt.Errorf("there is no folder %s", path)
		}
		f, err := pipeline.ParseFunction("function.yaml", strings.NewReader(spec))
		return pipeline.Function{Describes: f.Describes, Module: events.Ref{Digest: "sha256:" + strings.Repeat("ab", 32), MediaType: "application/wasm", Size: 7}}, err
	}
}

func TestFunctionFile(t *testing.T) {
	f, err := pipeline.ParseFunction("function.yaml", strings.NewReader(zscore))
	if err != nil {
		t.Fatal(err)
	}
	if f.Module != "zscore.wasm" || f.Accepts[0] != events.DatasetCleaned || f.Emits[0] != events.DatasetCleaned {
		t.Errorf("module %q, accepts %v, emits %v", f.Module, f.Accepts, f.Emits)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"no name":            {"name: zscore\n", "", `name: "" is not a name`},
		"accepts nothing":    {"[dataset.cleaned]\nemits", "[]\nemits", "accepts at least one type"},
		"no event type":      {"emits: [dataset.cleaned]", "emits: ['a b']", `function.yaml:4:9: emits: "a b" is not an event type`},
		"unknown field":      {"params:", "paramz:", "did you mean params?"},
		"unknown type":       {"type: number", "type: float", `"float" is none of`},
		"default of no type": {"default: 3", "default: three", "function.yaml:8:5: params: the default of threshold: want a number"},
		"default too small":  {"default: 3", "default: -1", "below the least allowed"},
		"a name twice":       {"name: columns", "name: threshold", "each has one of its own"},
		"items of a number":  {"min: 0", "items: string", "items belongs to an array"},
		"uses the disk":      {"params:", "uses: [networks]\nparams:", `"networks" is none of network, models; did you mean network?`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(zscore, c.from, c.to, 1)
			_, err := pipeline.ParseFunction("function.yaml", strings.NewReader(text))
			var problems pipeline.Problems
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestBrought binds a step to a function in a folder, stores the definition, and
// loads it where there is no folder.
func TestBrought(t *testing.T) {
	const definition = `name: mine
host: lambda
steps:
  - name: ingest
    host: native
  - name: clean
  - name: far
    function: ./steps/zscore
    on: {type: dataset.cleaned, from: [clean]}
    params: {threshold: 2.5}
`
	p, err := pipeline.ParseWith("mine.yaml", strings.NewReader(definition), functions(), folder(zscore))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := pipeline.Load(p.JSON(), functions())
	if err != nil {
		t.Fatal(err)
	}
	again, err := pipeline.Parse("sent.json", strings.NewReader(string(p.JSON())), functions())
	if err != nil {
		t.Fatal(err)
	}
	moved, err := p.WithHost("native", functions())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*pipeline.Pipeline{p, stored, again, moved} {
		s := q.Step("far")
		if q != moved && q.Version != p.Version || s.Function != "zscore" || s.Host != "wasm" || s.Fn.Module.Size != 7 || s.Params["threshold"] != 2.5 {
			t.Errorf("version %s of %s, step %+v", q.Version, p.Version, s.Step)
		}
	}
	if h := moved.Step("clean").Host; h != "native" {
		t.Errorf("clean was not moved: it is on %s", h)
	}
	if err := p.Step("far").Fn.Check(map[string]any{"threshold": -1.0}); err == nil {
		t.Error("a threshold below 0 is accepted")
	}
	if _, err := p.Step("far").Fn.Run(t.Context(), step.Invocation{Event: events.Event{}}, nil); err == nil {
		t.Error("the module ran without a host of guests")
	}

	for name, c := range map[string]struct{ from, to, want string }{
		"another folder":                 {"./steps/zscore", "./steps/zscor", "mine.yaml:8:5: step far: function ./steps/zscor: there is no folder"},
		"a wrong param":                  {"threshold: 2.5", "threshold: -2", "mine.yaml:10:14: step far: params.threshold: -2 is below the least allowed"},
		"another host":                   {"    params", "    host: native\n    params", "it runs on host wasm, not on native"},
		"a type that it does not accept": {"dataset.cleaned,", "dataset.ingested,", `does not accept "dataset.ingested"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.ParseWith("mine.yaml", strings.NewReader(strings.Replace(definition, c.from, c.to, 1)), functions(), folder(zscore))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := pipeline.Parse("mine.yaml", strings.NewReader(definition), functions()); err == nil || !strings.Contains(err.Error(), "cannot be read from here") {
		t.Errorf("without folders: %v", err)
	}
	clash := strings.Replace(zscore, "zscore", "clean", 1)
	if _, err := pipeline.ParseWith("mine.yaml", strings.NewReader(definition), functions(), folder(clash)); err == nil || !strings.Contains(err.Error(), "two functions are named clean") {
		t.Errorf("a function named like one of the program: %v", err)
	}
}

func FuzzFunctionFile(f *testing.F) {
	f.Add(zscore)
	f.Add("name: a\naccepts: [x]\nparams: [{name: a, type: array, items: integer, default: [1]}]")
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := pipeline.ParseFunction("function.yaml", strings.NewReader(text))
		if err != nil {
			return
		}
		fn := pipeline.Function{Describes: spec.Describes}.Function()
		if errs := fn.Params.Check(fn.Params.Complete(nil)); len(errs) > 0 {
			t.Errorf("the defaults do not fit: %v", errs[0])
		}
	})
}
