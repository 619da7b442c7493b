package pipeline_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/runtime/pipeline"
)

func TestHosts(t *testing.T) {
	const text = `
name: x
host: wasm
steps:
  - name: ingest
    memory: 1.5GiB
  - name: clean
    host: native
`
	p, err := pipeline.Parse("x.yaml", strings.NewReader(text), functions())
	if err != nil {
		t.Fatal(err)
	}
	if in, clean := p.Step("ingest"), p.Step("clean"); in.Host != "wasm" || in.Memory != 3<<29 || clean.Host != "native" || clean.Memory != 1<<30 {
		t.Errorf("ingest has %s, %d, clean %s, %d", in.Host, in.Memory, clean.Host, clean.Memory)
	}
	moved, err := p.WithHost("lambda", functions())
	if err != nil {
		t.Fatal(err)
	}
	if moved.Step("ingest").Host != "lambda" || moved.Step("clean").Host != "lambda" || moved.Version == p.Version || p.Step("clean").Host != "native" {
		t.Errorf("moved: %+v", moved.Spec)
	}
	if _, err := p.WithHost("wams", functions()); err == nil || !strings.Contains(err.Error(), "did you mean wasm") {
		t.Errorf("no host: %v", err)
	}
}
