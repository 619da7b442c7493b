package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// guests is the folder of the modules that TestMain builds.
var guests string

func TestMain(m *testing.M) {
	if worker.Is() {
		os.Exit(worker.Main())
	}
	if os.Getenv(parentOf) != "" {
		os.Exit(parent())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runnel-wasm-test-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	guests = dir
	for name, flags := range map[string][]string{"probe": {"-buildmode=c-shared", "-tags=reactor"}, "command": nil} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w")
		cmd.Args = append(append(cmd.Args, flags...), "-o", filepath.Join(dir, name+".wasm"), "./testdata/probe")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the guest %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}

type probeParams struct {
	Do  string `json:"do" default:"nothing"`
	Arg string `json:"arg"`
	N   int    `json:"n"`
}

// probe is the function whose guest does what it is told; see testdata/probe.
func probe(name string) *step.Function {
	return step.New(name, func(context.Context, *step.Call, probeParams) error { return errors.New("not native") },
		step.Accepts(events.DatasetIngested), step.Emits(events.DatasetExplored))
}

func open(t testing.TB, o *Options) *Host {
	t.Helper()
	if o == nil {
		o = &Options{}
	}
	if o.Modules == nil {
		o.Modules = NewDir(guests)
	}
	if o.CacheDir == "" {
		o.CacheDir = filepath.Join(guests, "cache")
	}
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	h, err := Open(*o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func invocationOf(t testing.TB, fn *step.Function, data events.Payload, params any) step.Invocation {
	t.Helper()
	root, err := events.NewRoot("/tests", "subject", steptest.Time(), data, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	b, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(b, &values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return step.Invocation{
		Event: root, From: events.Emitter{Pipeline: "test", Version: "sha256:test", Step: fn.Name},
		Params: values, Seed: steptest.Seed, Time: steptest.Time(), Attempt: 1,
	}
}

// do lets a probe do something with the dataset of small.
func do(t testing.TB, h *Host, name string, env *steptest.Env, p probeParams) (step.Result, error) {
	t.Helper()
	fn := probe(name)
	return h.Run(t.Context(), fn, invocationOf(t, fn, events.DatasetIngestedData{Dataset: small(t, env)}, p), env)
}

// noted is do for what answers with notes.
func noted(t testing.TB, h *Host, env *steptest.Env, p probeParams) []string {
	t.Helper()
	res, err := do(t, h, "probe", env, p)
	if err != nil {
		t.Fatal(described(err))
	}
	return res.Notes
}

func described(err error) string {
	var e *step.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s: %v\n%s", e.Class, err, e.Detail)
	}
	return err.Error()
}

func small(t testing.TB, env *steptest.Env) events.Dataset {
	tbl := &table.Table{Columns: []*table.Column{
		table.IntColumn("n", []int64{1, 2, 3, 4, 5}),
		table.StringColumn("s", []string{"a", "b", "a", "c", "c"}),
	}}
	return env.Dataset(t, events.Dataset{Name: "d", Target: "s"}, tbl, []step.Subset{0, 1, 2, 0, 0}, 2)
}

func TestSees(t *testing.T) {
	h := open(t, nil)
	var first []string
	for i := range 3 {
		got := noted(t, h, steptest.New(t), probeParams{Do: "notes"})
		if i == 0 {
			first = got
			want := []string{"args [probe]", "environment []", "time 2026-01-02T03:04:05Z", "root [host in out] <nil>"}
			if strings.Join(got[:4], "\n") != strings.Join(want, "\n") {
				t.Errorf("the guest sees\n%s", strings.Join(got, "\n"))
			}
			continue
		}
		if got[4] != first[4] {
			t.Errorf("call %d: %s, the first %s", i, got[4], first[4])
		}
		if got[5] != fmt.Sprint("call ", i+1) {
			t.Errorf("the instance was not used again: %s", got[5])
		}
	}
}

func TestDataset(t *testing.T) {
	for _, name := range []string{"probe", "command"} {
		h, env := open(t, nil), steptest.New(t)
		res, err := do(t, h, name, env, probeParams{Do: "copy"})
		if err != nil {
			t.Fatal(described(err))
		}
		got, split := env.Read(t, steptest.Emitted[events.DatasetExploredData](t, res, 0).Dataset)
		if got.Rows() != 5 || got.Column("s").Text(3) != "c" || len(split) != 5 || split[1] != step.Validation {
			t.Errorf("%d rows, split %v", got.Rows(), split)
		}
	}
}

// TestDir: a module that is built anew is the one that runs.
func TestDir(t *testing.T) {
	dir := t.TempDir()
	h := open(t, &Options{Modules: NewDir(dir)})
	file := filepath.Join(dir, "probe.wasm")
	for i, status := range []byte{0, 7, 0} {
		if err := os.WriteFile(file, reactor(i32Const, status).bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t, h, "probe", steptest.New(t), probeParams{}); (err == nil) != (status == 0) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	for name, want := range map[string]string{"absent": "scripts/build", "../probe": "no file name", "": "no file name"} {
		if _, err := do(t, h, name, steptest.New(t), probeParams{}); step.ClassOf(err) != step.ClassPermanent || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	changed := made{"probe": reactor(i32Const, 0).bytes()}
	m, err := changed.Find(t.Context(), probe("probe"))
	if err != nil {
		t.Fatal(err)
	}
	m.Digest = "sha256:" + strings.Repeat("0", 64)
	for trusted, want := range map[bool]step.Class{true: step.ClassRetryable, false: step.ClassPermanent} { // a file that changes, and an artifact
		m.Trusted = trusted
		if _, err := read(t.Context(), m); step.ClassOf(err) != want {
			t.Errorf("other bytes than its digest's: %v, want class %s", err, want)
		}
	}
}
