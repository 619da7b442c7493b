// Package scratch gives a process folders for temporary files that do not
// outlive it: those of processes that were killed are removed when the next one
// makes its own. Who is alive is told by locks that the kernel gives back, not by
// process ids, which are used again.
package scratch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Prefix begins the names of all that this package makes.
const Prefix = "runnel-scratch-"

const lockSuffix = ".lock"

// A Dir is a private folder of this process.
type Dir struct {
	path   string
	lock   *os.File
	closed atomic.Bool
}

// New makes a folder in parent ("": the system's folder for temporary files),
// and removes those whose processes have died.
func New(parent string) (*Dir, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	sweep(parent)
	for {
		path := filepath.Join(parent, Prefix+rand.Text())
		lock, err := hold(path+lockSuffix, os.O_CREATE|os.O_EXCL)
		if errors.Is(err, errHeld) {
			continue // another process took it for one of a dead one, and removes it
		}
		if err != nil {
			return nil, fmt.Errorf("folder for temporary files: %w", err)
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("folder for temporary files: %w", err), release(lock))
		}
		return &Dir{path: path, lock: lock}, nil
	}
}

// Path is where the folder is.
func (d *Dir) Path() string { return d.path }

// Close removes the folder and all that is in it. Closing again does nothing.
func (d *Dir) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	return errors.Join(os.RemoveAll(d.path), release(d.lock))
}

// sweep removes the folders of processes that have died. What cannot be removed
// is another user's, or waits for the next time.
func sweep(parent string) {
	locks, _ := filepath.Glob(filepath.Join(escaped(parent), Prefix+"*"+lockSuffix)) // a good pattern
	for _, path := range locks {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		lock, err := hold(path, 0)
		if err != nil {
			continue
		}
		if os.RemoveAll(strings.TrimSuffix(path, lockSuffix)) != nil {
			lock.Close()
			continue
		}
		_ = release(lock)
	}
}

// escaped is a path as a pattern of itself.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// errHeld is the reason where a lock is another's.
var errHeld = errors.New("another process has the lock")

// patience is how often Lock looks.
const patience = 5 * time.Millisecond

// Lock waits until no other holds the lock of that path, in this process or
// another, or ctx ends. A process that dies has given it up. On systems without
// such locks it waits for nobody.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		lock, err := hold(path, os.O_CREATE)
		if err == nil {
			return func() { _ = release(lock) }, nil
		}
		if !errors.Is(err, errHeld) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		select {
		case <-time.After(patience):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
