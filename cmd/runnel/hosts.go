package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/lambda"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/host/wasm"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// hosts are those that this program has.
func (a *app) hosts() []host.Host {
	dir := a.guests
	if dir == "" {
		dir = builtGuests()
	}
	g := &guests{folder: dir, modules: wasm.NewDir(dir), opened: map[int64]*wasm.Host{}}
	g.open = func(memory int64) (*wasm.Host, error) {
		temp := filepath.Join(a.dir, "tmp") // where the system's is memory, large outputs would fill it
		if err := os.MkdirAll(temp, 0o700); err != nil {
			return nil, fmt.Errorf("the folder for what guests write: %w", err)
		}
		return wasm.Open(wasm.Options{Modules: g.modules, CacheDir: a.compiled(), TempDir: temp, Memory: memory})
	}
	return []host.Host{native.Host{}, g, a.lambdas()}
}

// builtGuests is where scripts/build puts guests: beside this program.
func builtGuests() string {
	path, err := os.Executable()
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return filepath.Join("bin", "guests")
	}
	return filepath.Join(filepath.Dir(path), "guests")
}

// compiled is the folder of compiled guests: the user's own, so that every
// node's folder has use of it.
func (a *app) compiled() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "runnel", "guests")
	}
	return filepath.Join(a.dir, "guests")
}

// guests is the WASM host: one for each amount of memory that steps ask for,
// opened when one does.
type guests struct {
	folder  string
	modules wasm.Modules
	open    func(memory int64) (*wasm.Host, error)

	mu     sync.Mutex
	opened map[int64]*wasm.Host // by bytes of memory
}

var _ host.Identifier = (*guests)(nil)

// Name implements host.Host.
func (*guests) Name() string { return "wasm" }

// Run implements host.Host.
func (g *guests) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	if _, err := g.Identify(ctx, fn); err != nil {
		return step.Result{}, err
	}
	h, err := g.with(inv.Memory)
	if err != nil {
		return step.Result{}, step.Permanent(err)
	}
	starts := startingWith(env, fn.Module.Digest)
	defer starts.started()
	return h.Run(ctx, fn, inv, starts)
}

// with is the host whose guests have so much memory.
func (g *guests) with(memory int64) (h *wasm.Host, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h = g.opened[memory]; h == nil {
		if h, err = g.open(memory); err == nil {
			g.opened[memory] = h
		}
	}
	return h, err
}

// Identify implements host.Identifier.
func (g *guests) Identify(ctx context.Context, fn *step.Function) (string, error) {
	if !fn.Module.IsZero() {
		return fn.Module.Digest, nil // the pipeline brought it; the store has it
	}
	if _, err := os.Stat(filepath.Join(g.folder, fn.Name+".wasm")); errors.Is(err, fs.ErrNotExist) {
		return "", step.Permanent(fmt.Errorf("function %s has no guest: there is no %s.wasm in %s\nNext: scripts/build guests   (or name the folder that has it with --guests)", fn.Name, fn.Name, g.folder))
	}
	m, err := g.modules.Find(ctx, fn)
	return m.Digest, err
}

// Close implements io.Closer.
func (g *guests) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var errs []error
	for _, h := range g.opened {
		errs = append(errs, h.Close())
	}
	return errors.Join(errs...)
}

// hostFlag adds --host to a command, and --guests.
func (a *app) hostFlag(c *cobra.Command, host *string, doc string) {
	c.Flags().StringVar(host, "host", "", doc+": "+strings.Join(pipeline.Hosts(), ", "))
	a.guestsFlag(c)
}

func (a *app) guestsFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.guests, "guests", "", "`FOLDER` of the WASM guests, NAME.wasm (default: guests beside the program, where scripts/build guests puts them)")
	c.Flags().StringVar(&a.lambda, "lambda", lambda.DefaultName, "`NAME` of the AWS Lambdas, or addresses of functions on this machine, [FUNCTION=]http://..., separated by commas; {function} stands for the function")
}
