// Package functest runs the chain of functions in tests: in memory, one after
// the other, without a bus.
package functest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/evaluate"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/ingest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

// Params are those of each step, by its name.
type Params map[string]map[string]any

// A Run is what came of a chain, as far as it went.
type Run struct {
	Env     *steptest.Env
	Results map[string]step.Result // by step
	Last    string                 // the last step that was run
	Err     error                  // of that step; nil where the chain came to its end

	Ingested  events.DatasetIngestedData
	Cleaned   events.DatasetCleanedData
	Built     events.FeaturesBuiltData
	Trained   events.ModelTrainedData
	Evaluated events.ModelEvaluatedData
}

// NewEnv makes an environment that also reads uploaded Parquet files.
func NewEnv(t testing.TB) *steptest.Env {
	env := steptest.New(t)
	env.Decode = func(b step.Blob) (*table.Table, error) { return parquet.Read(b, b.Size(), nil) }
	return env
}

// Chain takes a file through ingest, clean, featurize, train and evaluate, up to
// the first error or the end.
func Chain(t testing.TB, name string, content []byte, p Params) *Run {
	t.Helper()
	env := NewEnv(t)
	return Continue(t, env, events.ObjectCreatedData{Object: env.Object(t, "uploads", name, content)}, p)
}

// Continue is Chain for an event.
func Continue(t testing.TB, env *steptest.Env, first events.Payload, p Params) *Run {
	t.Helper()
	r := &Run{Env: env, Results: map[string]step.Result{}}
	next := first
	for _, s := range []struct {
		fn   *step.Function
		take func(res step.Result) events.Payload
	}{
		{ingest.Function, func(res step.Result) events.Payload {
			r.Ingested = emitted[events.DatasetIngestedData](t, res)
			return r.Ingested
		}},
		{clean.Function, func(res step.Result) events.Payload {
			r.Cleaned = emitted[events.DatasetCleanedData](t, res)
			return r.Cleaned
		}},
		{featurize.Function, func(res step.Result) events.Payload {
			r.Built = emitted[events.FeaturesBuiltData](t, res)
			return r.Built
		}},
		{train.Function, func(res step.Result) events.Payload {
			r.Trained = emitted[events.ModelTrainedData](t, res)
			return r.Trained
		}},
		{evaluate.Function, func(res step.Result) events.Payload {
			r.Evaluated = emitted[events.ModelEvaluatedData](t, res)
			return r.Evaluated
		}},
	} {
		r.Last = s.fn.Name
		res, err := env.Try(t, s.fn, next, p[s.fn.Name])
		r.Results[s.fn.Name] = res
		if r.Err = err; err != nil || len(res.Events) == 0 {
			return r
		}
		next = s.take(res)
	}
	return r
}

func emitted[T events.Payload](t testing.TB, res step.Result) T {
	t.Helper()
	return steptest.Emitted[T](t, res, 0)
}

// Must fails the test where the chain failed, or ended before evaluate.
func (r *Run) Must(t testing.TB) *Run {
	t.Helper()
	if r.Err != nil {
		t.Fatalf("%s: %v", r.Last, r.Err)
	}
	if r.Evaluated.Evaluation.IsZero() {
		t.Fatalf("the chain ended at %s: %q", r.Last, r.Results[r.Last].Notes)
	}
	return r
}

// Model reads the model that was trained.
func (r *Run) Model(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Decode(r.Env.Bytes(t, r.Trained.Model.Model), r.Env.Bytes(t, r.Trained.Model.Weights))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Evaluation reads the evaluation.
func (r *Run) Evaluation(t testing.TB) *evaluate.Evaluation {
	t.Helper()
	e := &evaluate.Evaluation{}
	r.Env.JSON(t, r.Evaluated.Evaluation, e)
	return e
}

// Example reads a file of the examples, such as penguins/penguins.csv.
func Example(t testing.TB, name string) []byte {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "examples", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
