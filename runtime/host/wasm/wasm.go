// Package wasm runs functions that are WASM modules, in this process or in
// worker processes that can be killed. What a guest and its host say to each
// other is in docs/guest-abi.md.
package wasm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/host/wasm/scratch"
	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Options say where modules come from and what guests may use. Zero values are
// the defaults.
type Options struct {
	Modules  Modules        // required
	CacheDir string         // private folder of compiled code, which is kept small; "": it is kept in memory only
	TempDir  string         // of workers and large outputs; "": the system's
	Memory   int64          // bytes a guest may have; default abi.MaxMemory
	Files    guestfs.Limits // of one call
	Workers  int            // processes at most; default 4, and at least twice the processors
	Worker   []string       // command that starts one; default: this program with worker.Arg

	// InProcess says which functions run in this process; nil: none does. Only
	// those of trusted modules are asked for. While such a guest computes, this
	// process can neither stop it nor collect garbage.
	InProcess func(fn *step.Function) bool
}

// A Host runs functions that are WASM modules.
type Host struct {
	temp      *scratch.Dir
	modules   Modules
	inProcess func(fn *step.Function) bool
	sandbox   *sandbox.Sandbox
	workers   *worker.Pool
	memory    int64         // bytes that a guest may have
	out       int64         // bytes that a call may hand over
	large     chan struct{} // held by the call whose large table is in memory
}

var (
	_ host.Host     = (*Host)(nil)
	_ host.Warmer   = (*Host)(nil)
	_ host.Admitter = (*Host)(nil)
)

// Open makes a host, and removes the temporary files of hosts whose processes
// were killed. Nothing is compiled before it is called for.
func Open(o Options) (*Host, error) {
	if o.Modules == nil {
		return nil, fmt.Errorf("the wasm host needs to know where modules are: set Options.Modules")
	}
	temp, err := scratch.New(o.TempDir)
	if err != nil {
		return nil, err
	}
	limits := sandbox.Config{CacheDir: o.CacheDir, TempDir: temp.Path(), Memory: o.Memory, Files: o.Files}
	pool, err := worker.NewPool(worker.Config{Sandbox: limits, Command: o.Worker, Workers: o.Workers, TempDir: temp.Path()})
	if err != nil {
		return nil, errors.Join(err, temp.Close())
	}
	h := &Host{temp: temp, memory: o.Memory, modules: o.Modules, inProcess: o.InProcess, sandbox: sandbox.New(limits), workers: pool, out: o.Files.OutBytes, large: make(chan struct{}, 1)}
	if h.memory <= 0 {
		h.memory = abi.MaxMemory
	}
	if h.out <= 0 {
		h.out = abi.MaxOut
	}
	return h, nil
}

// Close ends the workers and gives up all instances. No function may be running
// in this process.
func (h *Host) Close() error {
	return errors.Join(h.workers.Close(), h.sandbox.Close(), h.temp.Close())
}

// Name implements host.Host.
func (h *Host) Name() string { return "wasm" }

// Run implements host.Host.
func (h *Host) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	if err := fn.Check(inv.Params); err != nil {
		return step.Result{}, step.Permanent(fmt.Errorf("params: %w", err))
	}
	s := h.newSession(ctx, fn, inv, env)
	var rest answered
	// What a function sends is checked and counted as in every other host: by a
	// function in front of the guest.
	front := step.New(fn.Name, func(ctx context.Context, call *step.Call, _ struct{}) (err error) {
		rest, err = h.call(ctx, s, call)
		return err
	}, step.Accepts(fn.Accepts...), step.Emits(fn.Emits...))
	inv.Params = nil
	res, err := front.Run(ctx, inv, env)
	rest.into(&res)
	return res, err
}

// call runs the guest and makes its answer the call's.
func (h *Host) call(ctx context.Context, s *session, call *step.Call) (answered, error) {
	m, err := h.module(ctx, s.fn, call.Open)
	if err != nil {
		return answered{}, err
	}
	s.module = m
	stdin, err := invocation(ctx, s.fn, s.inv, h.memory)
	if err != nil {
		return answered{}, step.Permanent(err)
	}
	c := sandbox.Call{Function: s.fn.Name, Stdin: stdin, Time: s.inv.Time, Random: random(s.inv)}
	whole := func() ([]byte, error) { return read(ctx, m) }
	var out sandbox.Outcome
	if h.isHere(m, s.fn) {
		var loaded *sandbox.Module
		if loaded, err = h.sandbox.Load(ctx, m.Digest, whole); err == nil {
			out, err = loaded.Run(ctx, c, s)
		}
	} else {
		out, err = h.workers.Run(ctx, m.Digest, whole, c, s)
	}
	if err != nil {
		return answered{}, fmt.Errorf("function %s: %w", s.fn.Name, err)
	}
	return s.finish(call, out)
}

// isHere reports whether the function runs in this process.
func (h *Host) isHere(m Module, fn *step.Function) bool {
	return m.Trusted && h.inProcess != nil && h.inProcess(fn)
}

// Warm implements host.Warmer: it compiles the function's module, loads it, and
// makes an instance. Memory is that of Options.
func (h *Host) Warm(ctx context.Context, fn *step.Function, _ int64, open host.Opener) error {
	m, err := h.module(ctx, fn, open)
	if err != nil {
		return err
	}
	whole := func() ([]byte, error) { return read(ctx, m) }
	if !h.isHere(m, fn) {
		return h.workers.Warm(ctx, m.Digest, fn.Name, whole)
	}
	loaded, err := h.sandbox.Load(ctx, m.Digest, whole)
	if err != nil {
		return err
	}
	return loaded.Warm(ctx, fn.Name)
}

// here is the room of what runs in this process, which waits within its time.
type here struct{}

// Leave implements host.Room.
func (here) Leave() {}

// Admit implements host.Admitter: it waits for a worker.
func (h *Host) Admit(ctx context.Context, fn *step.Function, _ int64) (host.Room, error) {
	m, err := h.module(ctx, fn, nil) // it is not opened
	if err != nil {
		return nil, err
	}
	if h.isHere(m, fn) {
		return here{}, nil
	}
	place, err := h.workers.Reserve(ctx, m.Digest)
	if err != nil {
		return nil, err
	}
	return place, nil
}

// module finds the function's module: a user's is an artifact.
func (h *Host) module(ctx context.Context, fn *step.Function, open host.Opener) (Module, error) {
	if fn.Module.IsZero() {
		return h.modules.Find(ctx, fn)
	}
	return Module{
		Digest: fn.Module.Digest, Size: fn.Module.Size,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			b, err := open(ctx, fn.Module)
			if err != nil {
				return nil, err
			}
			return blobReader{step.ReaderOf(b), b}, nil
		},
		Network: slices.Contains(fn.Uses, step.UsesNetwork), Models: slices.Contains(fn.Uses, step.UsesModels),
	}, nil
}

type blobReader struct {
	io.Reader
	io.Closer
}

// read reads a module whole.
func read(ctx context.Context, m Module) ([]byte, error) {
	r, err := m.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var buf bytes.Buffer
	buf.Grow(int(min(max(m.Size, 0), maxModule)) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(r, maxModule+1)); err != nil {
		return nil, err
	}
	b := buf.Bytes()
	if len(b) > maxModule {
		return nil, step.Permanent(fmt.Errorf("the module has more than %d bytes", maxModule))
	}
	if sum := sha256.Sum256(b); isDigest(m.Digest) && m.Digest != digestPrefix+hex.EncodeToString(sum[:]) {
		if m.Trusted { // a file, which somebody builds anew
			return nil, step.Retryable(fmt.Errorf("the module %s changed while it was read", m.Digest))
		}
		return nil, step.Permanent(fmt.Errorf("the module %s is damaged: store it again by running its pipeline with `runnel run`", m.Digest))
	}
	return b, nil
}

// invocation is what the guest finds on its standard input.
func invocation(ctx context.Context, fn *step.Function, inv step.Invocation, memory int64) ([]byte, error) {
	in := abi.Invocation{
		ABI: abi.Version, Function: fn.Name, Event: inv.Event, Set: inv.Set, From: abi.From(inv.From),
		Params: fn.Params.Complete(inv.Params), Seed: inv.Seed, Time: inv.Time, Attempt: inv.Attempt, Memory: memory,
	}
	if at, ok := ctx.Deadline(); ok {
		in.DeadlineMS = max(1, time.Until(at).Milliseconds())
	}
	b, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("function %s: the invocation: %w", fn.Name, err)
	}
	return b, nil
}

// random is the key of the guest's random numbers: that of the seed and the event.
func random(inv step.Invocation) [32]byte {
	b := binary.LittleEndian.AppendUint64([]byte("runnel guest random 1\n"), inv.Seed)
	for _, text := range []string{inv.Event.Source(), inv.Event.ID(), inv.From.Step} {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(text)))
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}
