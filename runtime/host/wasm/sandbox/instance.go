package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/sysfs"
	"github.com/tetratelabs/wazero/sys"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/host/wasm/module"
	"github.com/runnel-dev/runnel/runtime/step"
)

// An instance is a module with a memory of its own. One goroutine uses it at a time.
type instance struct {
	name   string // of the function, its only argument
	mod    api.Module
	run    api.Function
	memory *bounded // nil before there is one
	stack  [1]uint64
	calls  int
	state
}

// state is what the guest sees of its call.
type state struct {
	ctx    context.Context
	fs     guestfs.FS
	random *rand.ChaCha8
	now    time.Time
	stdin  bytes.Reader
	stdout capped
	stderr tail
}

// interrupted ends a guest at its next call of WASI.
type interrupted struct{ cause error }

func (i *interrupted) Error() string { return "the guest was ended: " + i.cause.Error() }

func (i *interrupted) Unwrap() error { return i.cause }

func (s *state) checkTime() {
	if s.ctx != nil {
		if err := s.ctx.Err(); err != nil {
			panic(&interrupted{err})
		}
	}
}

func (s *state) sleep(ns int64) {
	t := time.NewTimer(time.Duration(ns))
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ctx.Done():
		s.checkTime()
	}
}

// instantiate makes an instance; a reactor's is initialised, always with the
// same clock and random numbers.
func (m *Module) instantiate(ctx context.Context, name string) (in *instance, err error) {
	defer caught(&err)
	in = &instance{name: name}
	in.begin(ctx, Call{Time: time.Unix(0, 0)}, nil)
	start := m.sandbox.start
	cfg := wazero.NewModuleConfig().
		WithName("").
		WithStartFunctions().
		WithArgs(name).
		WithStdin(&in.stdin).
		WithStdout(&in.stdout).
		WithStderr(&in.stderr).
		WithRandSource(readFunc(func(p []byte) (int, error) { return in.random.Read(p) })).
		WithWalltime(func() (int64, int32) { return in.now.Unix(), int32(in.now.Nanosecond()) }, 1000).
		WithNanotime(func() int64 { return int64(time.Since(start)) }, 1).
		WithNanosleep(in.sleep).
		WithFSConfig(wazero.NewFSConfig().(sysfs.FSConfig).WithSysFSMount(&in.fs, "/"))
	ctx = context.WithValue(ctx, instanceKey{}, in)
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		in.memory = newMemory(min(most, uint64(m.sandbox.cfg.Memory)))
		return in.memory
	}))
	if in.mod, err = m.runtime.InstantiateModule(ctx, m.compiled, cfg); err != nil {
		return nil, err
	}
	if m.kind.Reactor && m.kind.Initialize {
		if _, err = in.mod.ExportedFunction(abi.InitExport).Call(ctx); err != nil {
			in.close()
			return nil, fmt.Errorf("%s: %w", abi.InitExport, err)
		}
	}
	entry := abi.StartExport
	if m.kind.Reactor {
		entry = abi.RunExport
	}
	in.run = in.mod.ExportedFunction(entry)
	return in, nil
}

func (in *instance) close() { _ = in.mod.Close(context.Background()) } // it holds nothing but memory

func (in *instance) begin(ctx context.Context, call Call, area *guestfs.Area) {
	in.ctx, in.now = ctx, call.Time
	in.random = rand.NewChaCha8(call.Random)
	in.stdin.Reset(call.Stdin)
	in.stdout.reset(abi.MaxAnswer)
	in.stderr.reset(abi.MaxStderr)
	in.fs.Enter(area)
}

// A Call is one call of a guest.
type Call struct {
	Function string    // name of the function, the guest's argument
	Stdin    []byte    // the invocation
	Time     time.Time // the wall clock
	Random   [32]byte  // key of the random numbers
}

// An Outcome is how a call ended.
type Outcome struct {
	Status   uint32 // 0: well
	Trap     string // why the guest did not come to its end, with its stack; "" where it did
	Answer   []byte // standard output
	TooLong  bool   // there was more of it than an answer may have
	NoMemory bool   // it asked for more memory than it may have
	Stderr   []byte // the end of standard error
	NewStart bool   // an instance was made for the call
}

// Run calls the guest. An error is not the guest's: ctx ended, or what it wrote
// could not be taken away (retryable).
func (m *Module) Run(ctx context.Context, call Call, backend guestfs.Backend) (out Outcome, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return out, ctx.Err()
	}
	defer func() { <-m.slots }()
	in, err := m.take(ctx, call.Function)
	if err != nil {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		return Outcome{Trap: "starting the guest: " + err.Error()}, nil
	}
	area := guestfs.NewArea(backend, m.sandbox.cfg.Files, m.sandbox.cfg.TempDir, call.Time)
	in.begin(ctx, call, area)
	reusable := false
	defer func() {
		m.release(in, reusable)
		if wrong := area.Close(); wrong != nil && err == nil {
			err = step.Retryable(wrong)
		}
	}()
	in.memory.denied = false
	failed := in.call(context.WithValue(ctx, instanceKey{}, in), m.kind, &out)
	out.Answer, out.TooLong, out.Stderr = bytes.Clone(in.stdout.b), in.stdout.over, in.stderr.bytes()
	out.NewStart, out.NoMemory = in.calls == 0, in.memory.denied
	if ctx.Err() != nil && (failed || out.Status != 0) {
		return out, ctx.Err()
	}
	if out.Trap == "" && out.Status == 0 {
		handOver(area, out.Answer)
	}
	in.calls++
	reusable = m.kind.Reactor && !failed && area.Open() == 0 && in.calls < m.sandbox.cfg.Calls && int64(in.mod.Memory().Size()) <= m.sandbox.cfg.Keep
	in.begin(context.Background(), Call{}, nil) // nothing of this call is kept
	return out, nil
}

// handOver takes the dataset of a guest that wrote one and names no events.
func handOver(area *guestfs.Area, answer []byte) {
	wrote := area.Written(abi.Out+abi.DatasetFile) || area.Written(abi.Out+abi.SplitFile)
	var a abi.Answer
	if !wrote || len(answer) > 0 && json.Unmarshal(answer, &a) != nil || len(a.Events) > 0 || a.Error != nil {
		return
	}
	for _, put := range []abi.Put{
		{File: abi.Out + abi.DatasetFile, Table: true},
		{File: abi.Out + abi.SplitFile, MediaType: events.MediaBytes},
	} {
		if area.Written(put.File) {
			area.Put(put) // the backend keeps what comes of it
		}
	}
}

// call runs the entry. failed: the instance is of no use any more.
func (in *instance) call(ctx context.Context, kind module.Kind, out *Outcome) (failed bool) {
	var err error
	func() {
		defer caught(&err)
		in.stack[0] = 0
		err = in.run.CallWithStack(ctx, in.stack[:])
	}()
	var exit *sys.ExitError
	var ended *interrupted
	switch {
	case err == nil && kind.Reactor:
		out.Status = uint32(in.stack[0])
		return false
	case err == nil:
		return true
	case errors.As(err, &ended):
		out.Trap = ended.Error()
	case errors.As(err, &exit):
		out.Status = exit.ExitCode()
	default:
		out.Trap = err.Error()
	}
	out.Trap = out.Trap[:min(len(out.Trap), maxTrap)] // it names functions as the guest does
	return true
}

// maxTrap bounds what is said of a trap, in bytes.
const maxTrap = 64 << 10

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// capped keeps the first bytes that are written.
type capped struct {
	b    []byte
	max  int
	over bool
}

func (c *capped) reset(limit int) { c.b, c.max, c.over = c.b[:0], limit, false }

func (c *capped) Write(p []byte) (int, error) {
	if len(c.b)+len(p) > c.max {
		c.over = true
		return 0, errTooLong
	}
	c.b = append(c.b, p...)
	return len(p), nil
}

var errTooLong = errors.New("the answer is too long")

// tail keeps the last bytes that are written.
type tail struct {
	b   []byte
	max int
}

func (t *tail) reset(limit int) { t.b, t.max = t.b[:0], limit }

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	p = p[max(0, n-t.max):]
	if drop := len(t.b) + len(p) - t.max; drop > 0 {
		t.b = append(t.b[:0], t.b[min(drop, len(t.b)):]...)
	}
	t.b = append(t.b, p...)
	return n, nil
}

func (t *tail) bytes() []byte { return bytes.Clone(t.b) }
