package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/host/wasm/module"
	"github.com/runnel-dev/runnel/runtime/step"
)

// maxModule is how large a module may be, in bytes.
const maxModule = module.MaxSize

// A Module is where a function's module is, and what it was granted.
type Module struct {
	Digest  string // names its bytes; what is compiled and kept goes by it
	Size    int64  // in bytes, where it is known
	Open    func(ctx context.Context) (io.ReadCloser, error)
	Network bool // it may fetch
	Models  bool // it may use the registry
	Trusted bool // it is built from this repository
}

// Modules finds the module of a function. It is safe for concurrent use. Its
// errors carry a class: a store that is away is retryable.
type Modules interface {
	Find(ctx context.Context, fn *step.Function) (Module, error)
}

// A Dir is a folder with NAME.wasm for the function NAME: those that scripts/build
// makes of this repository's functions.
type Dir struct {
	path  string
	mu    sync.Mutex
	known map[string]known // by name
}

type known struct {
	size    int64
	changed time.Time
	digest  string
}

// NewDir finds modules in a folder, which is looked at when one is asked for.
func NewDir(path string) *Dir { return &Dir{path: path, known: map[string]known{}} }

// Find implements Modules.
func (d *Dir) Find(_ context.Context, fn *step.Function) (Module, error) {
	file := filepath.Join(d.path, fn.Name+".wasm")
	if fn.Name == "" || strings.ContainsAny(fn.Name, `/\`) {
		return Module{}, step.Permanent(fmt.Errorf("function %q has no file name", fn.Name))
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Module{}, step.Permanent(fmt.Errorf("function %s has no WASM module: there is no %s: build it with scripts/build, or name the folder with --guests", fn.Name, file))
	}
	if err != nil {
		return Module{}, step.Retryable(fmt.Errorf("function %s: %w", fn.Name, err))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.known[fn.Name]
	if k.digest == "" || k.size != info.Size() || !k.changed.Equal(info.ModTime()) {
		if k.digest, err = digestOf(file); err != nil {
			return Module{}, step.Retryable(fmt.Errorf("function %s: %w", fn.Name, err))
		}
		k.size, k.changed = info.Size(), info.ModTime()
		d.known[fn.Name] = k
	}
	return Module{
		Digest: k.digest, Size: k.size,
		Open: func(context.Context) (io.ReadCloser, error) {
			f, err := os.Open(file)
			if err != nil {
				return nil, step.Retryable(err)
			}
			return f, nil
		},
		Network: true, Models: true, Trusted: true,
	}, nil
}

func digestOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxModule+1)); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
