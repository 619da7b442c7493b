package serve_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events/bus/structured"
	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/runtime/host/lambda/message"
	"github.com/runnel-dev/runnel/runtime/host/lambda/serve"
	"github.com/runnel-dev/runnel/runtime/step"
)

const samples = "../../../../events/samples"

// Every sample is an invocation: the events for the functions that accept them,
// those in lambda/ as AWS sends them to the functions of the template.
func TestSamples(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(samples, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	answered := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := structured.Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, fn := range all.List() {
			if !slices.Contains(fn.Accepts, ev.Type()) || fn.Name == "ingest" && strings.Contains(path, "ingest.requested") { // which fetches
				continue
			}
			out, err := alone(t, fn, t.TempDir()).Invoke(t.Context(), b)
			var resp message.Response
			if err != nil || json.Unmarshal(out, &resp) != nil || resp.Error == nil && len(resp.Result.Events) == 0 {
				t.Errorf("%s: %s answers %s, %v", path, fn.Name, out, err)
			}
			answered++
		}
	}
	if answered < len(all.List()) {
		t.Errorf("%d answers", answered)
	}
	for name, want := range map[string]string{
		"sqs.json": "answering events as step ingest", "eventbridge.json": "answering events as step ingest", "s3-object-created.json": "answering events as step ingest",
		"request.json": "running the function",
	} {
		b, err := os.ReadFile(filepath.Join(samples, "lambda", name))
		if err != nil {
			t.Fatal(err)
		}
		out, err := alone(t, all.Functions()["ingest"], "").Invoke(t.Context(), b)
		said := string(out)
		if err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, want+": the environment variables RUNNEL_STORE") {
			t.Errorf("%s without an environment: %s, want it to be taken for what it is", name, said)
		}
	}
}

// alone is a function with a store and nothing else.
func alone(t testing.TB, fn *step.Function, dir string) *serve.Server {
	return serve.New(fn, &serve.Options{Log: slog.New(slog.DiscardHandler), Getenv: func(name string) string {
		return map[string]string{serve.EnvStore: dir}[name]
	}})
}
