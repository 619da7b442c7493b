package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Config says how many workers there are and what they may use. Zero values are
// the defaults.
type Config struct {
	Sandbox  sandbox.Config
	Command  []string      // what starts a worker; default: this program with Arg
	Workers  int           // at most so many; default 4, and at least twice the processors
	Memory   int64         // bytes of a worker that are in memory; default: that of a guest and half of it, and 512 MiB
	Calls    int           // after which a worker is not used again; default 10,000
	Idle     time.Duration // after which a worker that nobody needs ends; default a minute
	KeepWarm time.Duration // the same, of the only worker with a module that Warm was called for; default an hour
	TempDir  string        // where workers have their folders; "": the system's
	Niceness int           // how far the node goes before its workers, 0 to 19; default 5, -1 for 0
}

func (c Config) complete() (Config, error) {
	if len(c.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return c, fmt.Errorf("guest workers are this program started again: %w", err)
		}
		c.Command = []string{exe, Arg}
	}
	if c.Workers <= 0 {
		c.Workers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if c.Sandbox.Memory <= 0 {
		c.Sandbox.Memory = abi.MaxMemory
	}
	if c.Memory <= 0 {
		c.Memory = c.Sandbox.Memory + c.Sandbox.Memory/2 + 512<<20
	}
	if c.Calls <= 0 {
		c.Calls = 10_000
	}
	if c.Idle <= 0 {
		c.Idle = time.Minute
	}
	if c.KeepWarm <= 0 {
		c.KeepWarm = time.Hour
	}
	if c.Niceness == 0 {
		c.Niceness = 5
	}
	c.Sandbox.Instances = 1 // a worker is at one call at a time
	if dir := c.Sandbox.CacheDir; dir != "" {
		abs, err := filepath.Abs(dir) // a worker has a folder of its own
		if err != nil {
			return c, err
		}
		c.Sandbox.CacheDir = abs
	}
	return c, nil
}

// A Pool runs guests in workers. It is safe for concurrent use.
type Pool struct {
	cfg   Config
	slots chan struct{} // one for each worker that is at a call
	share *shares       // of them, for each module
	start spawner
	ended chan struct{} // closed by Close

	mu     sync.Mutex
	idle   []*process // the last used last
	busy   map[*process]bool
	warmed map[string]bool // digests
	closed bool
}

// longCall is how long a guest runs as the others do. One that takes longer stands
// back for them, so that none waits for what may not end.
const longCall = 10 * time.Millisecond

// standBack lets all else go before a worker whose call is long, until the function
// that it returns is called; for good where the system lets nobody take that back.
func (p *Pool) standBack(w *process) (end func()) {
	const lowest = 19
	if p.cfg.Niceness <= 0 {
		return func() {}
	}
	lowered := make(chan struct{})
	timer := time.AfterFunc(longCall, func() {
		defer close(lowered)
		lower(w.pid(), lowest)
	})
	return func() {
		if !timer.Stop() {
			<-lowered
			lower(w.pid(), p.cfg.Niceness)
		}
	}
}

// NewPool makes a pool. No worker is started before there is a call.
func NewPool(cfg Config) (*Pool, error) {
	if Is() {
		return nil, errors.New("a guest worker starts no workers: its main is to call worker.Main and nothing else")
	}
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, slots: make(chan struct{}, cfg.Workers), share: newShares(cfg.Workers), ended: make(chan struct{}), busy: map[*process]bool{}, warmed: map[string]bool{}}
	p.start = newSpawner(p.ended)
	go p.watch()
	return p, nil
}

// Close ends every worker. Calls that are running fail.
func (p *Pool) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	all := p.idle
	p.idle = nil
	for w := range p.busy {
		w.kill(errClosed)
	}
	p.mu.Unlock()
	for _, w := range all {
		w.end()
	}
	for range p.cfg.Workers { // the last calls are over
		p.slots <- struct{}{}
	}
	close(p.ended)
	return nil
}

var errClosed = errors.New("the wasm host is closed")

// A Place is a worker that a guest of one module may have.
type Place struct {
	pool   *Pool
	digest string
	used   atomic.Bool
	once   sync.Once
	leave  func()
}

// Leave implements host.Room.
func (p *Place) Leave() { p.once.Do(p.leave) }

// Reserve waits for a place for a guest of the module, until ctx ends.
func (p *Pool) Reserve(ctx context.Context, digest string) (*Place, error) {
	leave, err := p.share.enter(ctx, digest)
	if err != nil {
		return nil, step.Retryable(fmt.Errorf("waiting for one of the %d guest workers that a module may have: %w", p.share.most, err))
	}
	select {
	case p.slots <- struct{}{}:
		return &Place{pool: p, digest: digest, leave: func() { <-p.slots; leave() }}, nil
	case <-p.ended:
		err = errClosed
	case <-ctx.Done():
		err = fmt.Errorf("waiting for one of %d guest workers: %w", p.cfg.Workers, ctx.Err())
	}
	leave()
	return nil, step.Retryable(err)
}

// Run calls a guest in a worker. read gives the bytes of its module, and is
// called where the worker does not have it. An error is not the guest's: ctx
// ended, the guest took too much memory (permanent), or the worker died (poison).
// It takes the place that ctx has, if any.
func (p *Pool) Run(ctx context.Context, digest string, read func() ([]byte, error), c sandbox.Call, backend guestfs.Backend) (sandbox.Outcome, error) {
	place, _ := host.RoomOf(ctx).(*Place)
	if place == nil || place.pool != p || place.digest != digest || place.used.Swap(true) {
		var err error
		if place, err = p.Reserve(ctx, digest); err != nil {
			return sandbox.Outcome{}, err
		}
		defer place.Leave()
	}
	return p.do(ctx, digest, read, c, backend)
}

// Warm has a worker load the module, unless one has it, and keeps that worker
// for longer than others.
func (p *Pool) Warm(ctx context.Context, digest, function string, read func() ([]byte, error)) error {
	p.mu.Lock()
	p.warmed[digest] = true
	has := p.has(digest, nil)
	p.mu.Unlock()
	if has {
		return nil
	}
	place, err := p.Reserve(ctx, digest)
	if err != nil {
		return err
	}
	defer place.Leave()
	_, err = p.do(ctx, digest, read, sandbox.Call{Function: function}, nil)
	return err
}

// do has an idle worker, or a new one, do the call; of a backend that is nil the
// module is loaded and not called.
func (p *Pool) do(ctx context.Context, digest string, read func() ([]byte, error), c sandbox.Call, backend guestfs.Backend) (sandbox.Outcome, error) {
	w, err := p.take(ctx, digest)
	if err != nil {
		return sandbox.Outcome{}, err
	}
	stop := context.AfterFunc(ctx, func() { w.kill(ctx.Err()) })
	stand := p.standBack(w)
	out, err := w.run(digest, read, c, backend)
	stand()
	alive := stop() && err == nil
	p.release(w, alive)
	if err != nil {
		err = w.why(ctx, err)
	}
	return out, err
}

// has reports whether a worker other than that one has the module, under mu.
func (p *Pool) has(digest string, but *process) bool {
	for w := range p.busy {
		if w != but && slices.Contains(w.modules, digest) {
			return true
		}
	}
	return slices.ContainsFunc(p.idle, func(w *process) bool { return w != but && slices.Contains(w.modules, digest) })
}

// take finds an idle worker or starts one: best one that has the module, then
// one that has room for it.
func (p *Pool) take(ctx context.Context, digest string) (*process, error) {
	p.mu.Lock()
	at := slices.IndexFunc(p.idle, func(w *process) bool { return slices.Contains(w.modules, digest) })
	if at < 0 {
		at = slices.IndexFunc(p.idle, func(w *process) bool { return len(w.modules) < maxModules })
	}
	if at < 0 && len(p.idle) > 0 && len(p.idle)+len(p.busy) >= p.cfg.Workers {
		at = 0
	}
	if at >= 0 && !p.closed {
		w := p.idle[at]
		p.idle = slices.Delete(p.idle, at, at+1)
		p.busy[w] = true
		p.mu.Unlock()
		return w, nil
	}
	p.mu.Unlock()
	w, err := p.spawn(ctx)
	if err != nil {
		return nil, step.Retryable(fmt.Errorf("starting a guest worker: %w", err))
	}
	p.mu.Lock()
	p.busy[w] = true
	if p.closed {
		w.kill(errClosed)
	}
	p.mu.Unlock()
	return w, nil
}

// release keeps a worker for the next call, or ends it.
func (p *Pool) release(w *process, reusable bool) {
	w.calls++
	reusable = reusable && w.calls < p.cfg.Calls
	p.mu.Lock()
	delete(p.busy, w)
	if reusable = reusable && !p.closed; reusable {
		w.since = time.Now()
		p.idle = append(p.idle, w)
	}
	p.mu.Unlock()
	if !reusable {
		w.end()
	}
}

// How often workers are looked at.
const interval = 20 * time.Millisecond

// watch kills workers that take too much memory, and ends those that nobody needs.
func (p *Pool) watch() {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		for w := range p.busy {
			if n := resident(w.pid()); n > p.cfg.Memory {
				w.kill(&tooMuchMemory{n, p.cfg.Memory})
			}
		}
		var old *process
		if at := slices.IndexFunc(p.idle, p.spare); at >= 0 {
			old = p.idle[at]
			p.idle = slices.Delete(p.idle, at, at+1)
		}
		p.mu.Unlock()
		if old != nil {
			old.end()
		}
	}
}

// spare reports whether an idle worker has waited for long enough, under mu: one
// that alone has a module that is to be warm waits for longer.
func (p *Pool) spare(w *process) bool {
	idle := time.Since(w.since)
	if idle <= p.cfg.Idle || idle > p.cfg.KeepWarm {
		return idle > p.cfg.Idle
	}
	return !slices.ContainsFunc(w.modules, func(digest string) bool { return p.warmed[digest] && !p.has(digest, w) })
}

type tooMuchMemory struct{ has, limit int64 }

func (t *tooMuchMemory) Error() string {
	return fmt.Sprintf("the guest was ended: its process has %d MiB of memory, at most %d MiB are allowed", t.has>>20, t.limit>>20)
}
