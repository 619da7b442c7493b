package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/rie"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/host/wasm"
	"github.com/runnel-dev/runnel/runtime/step"
)

// sandboxes is how many emulators there are: each answers one event at a time.
const sandboxes = 8

// The names of hosts, as they are printed.
const (
	isNative  = "native"
	inProcess = "wasm, in process"
	inWorker  = "wasm, in a worker"
	isLambda  = "lambda"
	floor     = ", empty guest"
	idle      = ", a step that does nothing"
)

// floorModule is (module (func (export "runnel_run") (result i32) i32.const 0)
// (memory (export "memory") 1)).
const floorModule = "\x00asm\x01\x00\x00\x00" +
	"\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x05\x03\x01\x00\x01" +
	"\x07\x17\x02\x06memory\x02\x00\x0arunnel_run\x00\x00" + "\x0a\x06\x01\x04\x00\x41\x00\x0b"

// floorFunction is what a floor is called as.
var floorFunction = step.New("floor", func(context.Context, *step.Call, probe.Params) error { return nil },
	step.Accepts(events.ObjectCreated), step.Emits(events.DatasetCleaned))

// A subject is a host and the function to call there.
type subject struct {
	name string
	host host.Host
	fn   *step.Function
	want string // the id of the event that it emits; "": none
}

// call calls once, and checks the answer.
func (s subject) call(ctx context.Context, inv step.Invocation) error {
	if s.want == "" {
		inv.Params = map[string]any{"do": "nothing"}
	}
	res, err := s.host.Run(ctx, s.fn, inv, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	got := ""
	for _, ev := range res.Events {
		got += ev.ID()
	}
	if got != s.want {
		return fmt.Errorf("%s emits %q, want %q", s.name, got, s.want)
	}
	return nil
}

// A bench is the hosts, and what they run.
type bench struct {
	dir      string
	guests   string // folder of modules
	inv      step.Invocation
	want     string // the id of the event that it is answered with
	subjects []subject
	wasm     []*wasm.Host

	emulator  string
	bootstrap string
	lambdas   []*rie.Function // nil: there is no emulator
	skipped   string          // why
}

func open(ctx context.Context, dir string) (*bench, error) {
	b := &bench{dir: dir, guests: filepath.Join(dir, "guests")}
	ev, err := events.NewRoot("/bench", "hosts", time.Unix(0, 0), events.ObjectCreatedData{}, "hosts")
	if err != nil {
		return nil, err
	}
	b.inv = step.Invocation{
		Event: ev, From: events.Emitter{Pipeline: "bench", Version: "v", Step: "probe"},
		Params: map[string]any{"do": "emit", "n": 1.0, "text": "once"}, Seed: 1, Time: time.Unix(0, 0), Attempt: 1,
	}
	res, err := native.Host{}.Run(ctx, probe.Function, b.inv, nil)
	if err != nil || len(res.Events) != 1 {
		return nil, fmt.Errorf("native emits %d events: %w", len(res.Events), err)
	}
	b.want = res.Events[0].ID()
	if err := buildGuests(ctx, b.guests); err != nil {
		return nil, err
	}
	here, err := b.openWASM(b.cache(), true)
	if err != nil {
		return nil, err
	}
	away, err := b.openWASM(b.cache(), false)
	if err != nil {
		return nil, err
	}
	b.wasm = []*wasm.Host{here, away}
	b.subjects = []subject{
		{isNative, native.Host{}, probe.Function, b.want},
		{inProcess + floor, here, floorFunction, ""},
		{inProcess + idle, here, probe.Function, ""},
		{inProcess, here, probe.Function, b.want},
		{inWorker + floor, away, floorFunction, ""},
		{inWorker + idle, away, probe.Function, ""},
		{inWorker, away, probe.Function, b.want},
	}
	if err := b.openLambda(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// buildGuests makes the step's module, as scripts/build makes guests, and the floor's.
func buildGuests(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-buildmode=c-shared",
		"-o", filepath.Join(dir, "probe.wasm"), "github.com/runnel-dev/runnel/runtime/host/hosttest/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the guest: %w\n%s", err, out)
	}
	return os.WriteFile(filepath.Join(dir, "floor.wasm"), []byte(floorModule), 0o644)
}

// cache is the folder of compiled code.
func (b *bench) cache() string { return filepath.Join(b.dir, "compiled") }

func (b *bench) openWASM(cache string, inProcess bool) (*wasm.Host, error) {
	return wasm.Open(wasm.Options{
		Modules: wasm.NewDir(b.guests), CacheDir: cache, TempDir: b.dir,
		InProcess: func(*step.Function) bool { return inProcess },
	})
}

// openLambda starts the step as a Lambda, where there is an emulator.
func (b *bench) openLambda(ctx context.Context) (err error) {
	python := cmp.Or(os.Getenv("RUNNEL_TEST_PYTHON"), filepath.Join(".venv", "bin", "python"))
	if b.emulator, err = rie.Find(ctx, python); err != nil {
		b.skipped = err.Error()
		fmt.Fprintln(os.Stderr, "!! skipped: lambda:", err)
		return nil
	}
	dir, err := rie.Build(ctx, "probe=./runtime/host/hosttest/guest")
	if err != nil {
		return err
	}
	b.bootstrap = filepath.Join(dir, "probe", "bootstrap")
	var urls []string
	for range sandboxes {
		f, err := b.startLambda(ctx)
		if err != nil {
			return err
		}
		b.lambdas = append(b.lambdas, f)
		urls = append(urls, f.URL)
	}
	b.subjects = append(b.subjects, subject{isLambda, lambdaAt(urls...), probe.Function, b.want})
	return nil
}

func (b *bench) startLambda(ctx context.Context) (*rie.Function, error) {
	return rie.Start(ctx, rie.Options{Emulator: b.emulator, Bootstrap: b.bootstrap, Env: []string{"RUNNEL_STORE=" + filepath.Join(b.dir, "store")}, Timeout: time.Minute})
}

func lambdaAt(urls ...string) host.Host {
	return lambda.New(lambda.NewHTTP(func(string) []string { return urls }), nil)
}

// rest ends the warm hosts.
func (b *bench) rest() error {
	var err error
	for _, h := range b.wasm {
		err = errors.Join(err, h.Close())
	}
	b.wasm = nil
	for _, f := range b.lambdas {
		f.Stop()
	}
	return err
}

func (b *bench) close() error { return b.rest() }
