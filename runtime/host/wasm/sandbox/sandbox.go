// Package sandbox runs WASM modules: it compiles them once, keeps instances
// warm, and lets a guest see nothing but the files, the clock and the random
// numbers of its call.
//
// A guest that computes without end cannot be stopped here, only by the end of
// the process; see package worker.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/host/wasm/module"
	"github.com/runnel-dev/runnel/runtime/host/wasm/scratch"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Config says what guests may use. Zero values are the defaults.
type Config struct {
	CacheDir   string         // private folder of compiled code; "": it is kept in memory only. See CacheDir
	CacheBytes int64          // of it, at most; what was used longest ago goes; default 1 GiB
	CacheAge   time.Duration  // after which compiled code that is not used goes; default 30 days
	TempDir    string         // where large outputs lie; "": the system's
	Memory     int64          // bytes a guest may have; default abi.MaxMemory
	Files      guestfs.Limits // of one call
	Instances  int            // of a module, at work or kept; default 8. More calls at once wait
	Calls      int            // after which an instance is not used again; default 1000
	Keep       int64          // an instance of more memory, in bytes, is not used again; default 64 MiB
}

// page is the unit of a guest's memory.
const page = 64 << 10

func (c Config) complete() Config {
	if c.Memory <= 0 {
		c.Memory = abi.MaxMemory
	}
	if c.CacheBytes <= 0 {
		c.CacheBytes = 1 << 30
	}
	if c.CacheAge <= 0 {
		c.CacheAge = 30 * 24 * time.Hour
	}
	if c.Instances <= 0 {
		c.Instances = 8
	}
	if c.Calls <= 0 {
		c.Calls = 1000
	}
	if c.Keep <= 0 {
		c.Keep = 64 << 20
	}
	return c
}

// A Sandbox holds compiled modules. It is safe for concurrent use.
type Sandbox struct {
	cfg   Config
	start time.Time // of the monotonic clock

	mu      sync.Mutex
	modules map[string]*Module // by digest
	closed  bool
}

// New makes a sandbox that holds no module yet.
func New(cfg Config) *Sandbox {
	return &Sandbox{cfg: cfg.complete(), start: time.Now(), modules: map[string]*Module{}}
}

// Close gives up every module. No guest may be running.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for digest, m := range s.modules {
		errs = append(errs, m.close())
		delete(s.modules, digest)
	}
	return errors.Join(errs...)
}

// Drop gives up a module. No guest of it may be running.
func (s *Sandbox) Drop(digest string) error {
	s.mu.Lock()
	m := s.modules[digest]
	delete(s.modules, digest)
	s.mu.Unlock()
	if m == nil {
		return nil
	}
	return m.close()
}

// Load compiles a module, once for a digest. read gives its bytes, and is not
// called where the module is there already.
func (s *Sandbox) Load(ctx context.Context, digest string, read func() ([]byte, error)) (*Module, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, step.Retryable(errors.New("the wasm host is closed"))
	}
	m := s.modules[digest]
	if m == nil {
		m = &Module{sandbox: s, slots: make(chan struct{}, s.cfg.Instances)}
		s.modules[digest] = m
	}
	s.mu.Unlock()
	m.loading.Lock()
	defer m.loading.Unlock()
	if m.compiled != nil {
		return m, nil
	}
	if err := m.load(ctx, digest, read); err != nil {
		return nil, err
	}
	return m, nil
}

// limits are what a module may declare.
func (s *Sandbox) limits() module.Limits { return module.Limits{Memory: s.cfg.Memory} }

// caught turns a panic of the WASM runtime into an error.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the WASM runtime panicked: %v\n%s", p, debug.Stack())
	}
}

// A Module is a compiled module and its idle instances.
type Module struct {
	sandbox *Sandbox
	kind    module.Kind
	slots   chan struct{} // one for each call

	loading  sync.Mutex
	cache    wazero.CompilationCache // nil: none on disk
	runtime  wazero.Runtime
	compiled wazero.CompiledModule

	mu   sync.Mutex
	idle []*instance // the last used last
}

// load compiles the module, or finds that in the cache.
func (m *Module) load(ctx context.Context, digest string, read func() ([]byte, error)) error {
	var c *cache
	if m.sandbox.cfg.CacheDir != "" {
		var err error
		if c, err = openCache(m.sandbox.cfg); err != nil {
			return step.Retryable(err) // it is the machine's fault, not the module's
		}
		if sum := sumIn(digest); sum != "" && m.fromCache(ctx, c, sum) == nil {
			return nil
		}
	}
	b, err := read()
	if err != nil {
		return err
	}
	if m.kind, err = module.Check(b, m.sandbox.limits()); err != nil {
		return err
	}
	if c == nil {
		err = m.compileWith(ctx, module.Join(b), nil)
	} else {
		err = m.compileOnce(ctx, c, sumOf(b), module.Join(b))
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("compiling the module: %w", err)
	}
	return err
}

// compileOnce waits for whoever compiles the same module, in this process or
// another, and compiles it where that did not make it.
func (m *Module) compileOnce(ctx context.Context, c *cache, sum string, b []byte) error {
	unlock, err := scratch.Lock(ctx, filepath.Join(c.dir, scratch.Prefix+sum+".lock"))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil { // else it is compiled without
		defer unlock()
	}
	if m.fromCache(ctx, c, sum) == nil {
		return nil
	}
	return m.intoCache(ctx, c, sum, b)
}

func (m *Module) compileWith(ctx context.Context, b []byte, cache wazero.CompilationCache) (err error) {
	defer caught(&err)
	cfg := wazero.NewRuntimeConfig().
		WithCoreFeatures(features).
		WithMemoryLimitPages(maxPages).
		WithDebugInfoEnabled(false)
	if m.cache = cache; cache != nil {
		cfg = cfg.WithCompilationCache(cache)
	}
	ctx = experimental.WithCompilationWorkers(context.WithoutCancel(ctx), runtime.GOMAXPROCS(0))
	m.runtime = wazero.NewRuntimeWithConfig(ctx, cfg)
	if err = instantiateWASI(ctx, m.runtime); err == nil {
		m.compiled, err = m.runtime.CompileModule(ctx, b)
	}
	if err != nil {
		return errors.Join(err, m.free())
	}
	return nil
}

func (m *Module) close() error {
	m.loading.Lock()
	defer m.loading.Unlock()
	return m.free()
}

// free gives everything up, under loading.
func (m *Module) free() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx := context.Background()
	var errs []error
	if m.runtime != nil {
		errs = append(errs, m.runtime.Close(ctx)) // and every instance
	}
	if m.cache != nil {
		errs = append(errs, m.cache.Close(ctx))
	}
	m.idle, m.runtime, m.compiled, m.cache = nil, nil, nil, nil
	return errors.Join(errs...)
}

// take finds an idle instance, or makes one.
func (m *Module) take(ctx context.Context, name string) (*instance, error) {
	m.mu.Lock()
	for i := len(m.idle) - 1; i >= 0; i-- {
		if in := m.idle[i]; in.name == name {
			m.idle = append(m.idle[:i], m.idle[i+1:]...)
			m.mu.Unlock()
			return in, nil
		}
	}
	m.mu.Unlock()
	return m.instantiate(ctx, name)
}

// Warm makes an instance before there is a call for it.
func (m *Module) Warm(ctx context.Context, name string) error {
	m.loading.Lock() // it is not closed before this is done
	defer m.loading.Unlock()
	if m.runtime == nil {
		return step.Retryable(errors.New("the module was given up"))
	}
	in, err := m.take(ctx, name)
	if err != nil {
		return err
	}
	m.release(in, m.kind.Reactor)
	return nil
}

// Memory is how much memory the idle instances have, in bytes.
func (m *Module) Memory() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(0)
	for _, in := range m.idle {
		n += int64(in.mod.Memory().Size())
	}
	return n
}

// release keeps an instance for the next call, or closes it.
func (m *Module) release(in *instance, reusable bool) {
	if reusable {
		m.mu.Lock()
		reusable = m.runtime != nil && len(m.idle) < m.sandbox.cfg.Instances
		if reusable {
			m.idle = append(m.idle, in)
		}
		m.mu.Unlock()
	}
	if !reusable {
		in.close()
	}
}
