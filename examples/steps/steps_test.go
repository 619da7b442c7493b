package steps_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/examples/steps"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// TestNew starts a step in each language: it has its own name wherever one is.
func TestNew(t *testing.T) {
	for _, l := range steps.Languages() {
		t.Run(l.Name, func(t *testing.T) {
			files, err := l.New("mine")
			if err != nil {
				t.Fatal(err)
			}
			spec, err := pipeline.ParseFunction("function.yaml", bytes.NewReader(files["function.yaml"]))
			if err != nil {
				t.Fatal(err)
			}
			if spec.Name != "mine" || spec.Module != "mine.wasm" || spec.Build == "" {
				t.Errorf("name %q, module %q, build %q", spec.Name, spec.Module, spec.Build)
			}
			if files[l.Source] == nil {
				t.Errorf("there is no %s to change", l.Source)
			}
			for name, b := range files {
				if strings.Contains(string(b), l.Step+".wasm") || strings.Contains(string(b), "name: "+l.Step) || strings.Contains(string(b), `"`+l.Step+`"`) {
					t.Errorf("%s has the name %s still", name, l.Step)
				}
			}
		})
	}
	if _, err := steps.Find("assemblyscrip"); err == nil || !strings.Contains(err.Error(), "did you mean assemblyscript?") {
		t.Errorf("error %v", err)
	}
}
