package steps_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// TestNewIsWhole starts each step under its own name: nothing of the folder is
// left out, and nothing else is there.
func TestNewIsWhole(t *testing.T) {
	made := regexp.MustCompile(`^(\.gitignore|go\.mod|Cargo\.lock|package-lock\.json|.*\.wasm)$`)
	for _, l := range steps.Languages() {
		files, err := l.New(l.Step)
		if err != nil {
			t.Fatal(err)
		}
		err = filepath.WalkDir(l.Step, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.Name() == "target" || e.Name() == "node_modules" {
				if e.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			name, err := filepath.Rel(l.Step, path)
			if err != nil || e.IsDir() || made.MatchString(name) {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name = filepath.ToSlash(name)
			if !bytes.Equal(files[name], b) {
				t.Errorf("%s: %s is left out, or another", l.Name, name)
			}
			delete(files, name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range files {
			if !made.MatchString(name) {
				t.Errorf("%s: %s is in no folder", l.Name, name)
			}
		}
	}
}
