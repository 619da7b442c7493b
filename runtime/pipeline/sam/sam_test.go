package sam_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/all"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// branched has what the default pipeline has not: two steps of one function,
// names with dashes, filters, sources, a join, and timeouts of its own.
const branched = `
name: shop-floor
steps:
  - name: ingest
    on:
      - {type: object.created, filters: [{prefix: {subject: sales/}}, {suffix: {subject: .csv}}, {sql: "subject LIKE 'sales/%'"}]}
      - ingest.requested
    timeout: 90s
  - {name: clean-1, function: clean, timeout: 5m, params: {missing: median}}
  - {name: clean1, function: clean, timeout: 14m45s}
  - name: explore
    on: {type: dataset.cleaned, from: [clean-1], filters: [{all: [{exact: {source: /pipelines/shop-floor/steps/clean-1}}]}]}
  - name: featurize
    on: [{type: dataset.cleaned, from: [clean-1]}]
    retry: {attempts: 100}
  - {name: train}
  - name: evaluate
    join: true
    on: [model.trained, dataset.explored]
`

func parse(t testing.TB, text string) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.Parse("pipeline.yaml", strings.NewReader(text), all.Functions())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func render(t testing.TB, p *pipeline.Pipeline) string {
	t.Helper()
	text, _, err := sam.Render(p, &sam.Options{OnDemand: []*step.Function{predict.Function}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// pipelines are those whose templates are checked.
func pipelines(t testing.TB) map[string]*pipeline.Pipeline {
	p, err := pipeline.Default(all.Functions())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*pipeline.Pipeline{"default": p, "branched": parse(t, branched)}
}

func TestShippedTemplate(t *testing.T) {
	b, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if render(t, pipelines(t)["default"]) != string(b) {
		t.Error("template.yaml is not that of the default pipeline: go run ./cmd/runnel pipeline sam --output template.yaml")
	}
}

func TestTimeoutsBeyondLambda(t *testing.T) {
	text := func(timeout string) string {
		return "name: slow\nsteps:\n  - {name: ingest, timeout: " + timeout + "}\n"
	}
	_, _, err := sam.Render(parse(t, text("20m")), nil)
	want := "step ingest: timeout: 20m is more than a Lambda can run, 15m0s, of which 15s go to recording what came of it: want at most 14m45s, or another host for the step"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, notes, err := sam.Render(parse(t, text("14m45s")), nil); err != nil || len(notes) > 0 {
		t.Errorf("14m45s: %v, %v", notes, err)
	}
	_, notes, err := sam.Render(parse(t, "name: slow\nsteps:\n  - name: ingest\n"), nil)
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0], "14m45s") {
		t.Errorf("a step that does not say its timeout: %v, %v", notes, err)
	}
}

// A definition too large for a Lambda's environment goes by the store.
func TestLargeDefinition(t *testing.T) {
	var b strings.Builder
	b.WriteString("name: large\nsteps:\n")
	for i := range 60 {
		fmt.Fprintf(&b, "  - {name: step-%d, function: ingest, params: {target: %x}}\n", i, sha256.Sum256([]byte{byte(i)}))
	}
	p := parse(t, b.String())
	text, notes, err := sam.Render(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "RUNNEL_DEFINITION") || !strings.Contains(strings.Join(notes, "\n"), "--define") {
		t.Errorf("the definition is in the template, or it is not said how it gets to the functions: %v", notes)
	}
	s, err := store.Open(t.Context(), "mem://", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		if err := sam.Define(t.Context(), s, p); err != nil {
			t.Fatal(err)
		}
	}
	var spec pipeline.Spec
	if err := s.Get(t.Context(), store.Key("pipelines", p.Version), &spec); err != nil || spec.Name != "large" {
		t.Errorf("the store has %q, %v", spec.Name, err)
	}
}

// What AWS's own checkers say of the templates: nothing.
func TestLint(t *testing.T) {
	python := testneed.Python(t, "cfnlint")
	for name, p := range pipelines(t) {
		path := filepath.Join(t.TempDir(), "template.yaml")
		if err := os.WriteFile(path, []byte(render(t, p)), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), python, "-c", "import sys, cfnlint.runner; sys.exit(cfnlint.runner.main())", path).CombinedOutput(); err != nil || len(strings.TrimSpace(string(out))) > 0 {
			t.Errorf("%s: cfn-lint: %v\n%s", name, err, out)
		}
	}
}

// sam build takes the folders that scripts/build lambda made as they are.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("a long one")
	}
	python := testneed.Python(t, "samcli")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("template.yaml", render(t, pipelines(t)["branched"]))
	for name := range all.Functions() {
		write("dist/"+name+"/bootstrap", "program")
	}
	cmd := exec.CommandContext(t.Context(), python, "-m", "samcli", "build")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0", "AWS_DEFAULT_REGION=us-east-1", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Build Succeeded") {
		t.Fatalf("sam build: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, ".aws-sam", "build", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := sam.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for id, r := range built.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		code, _ := r.Properties["CodeUri"].(string)
		if _, err := os.Stat(filepath.Join(dir, ".aws-sam", "build", code, "bootstrap")); err != nil {
			t.Errorf("%s: after sam build its program is not at %q: %v", id, code, err)
		}
	}
}
