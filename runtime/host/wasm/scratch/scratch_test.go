package scratch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/internal/testneed"
)

const childOf = "RUNNEL_TEST_SCRATCH"

// TestMain makes this program a process that has a folder until it is killed.
func TestMain(m *testing.M) {
	if parent := os.Getenv(childOf); parent != "" {
		d, err := New(parent)
		if err == nil {
			err = os.WriteFile(filepath.Join(d.Path(), "left"), []byte("x"), 0o600)
		}
		fmt.Println(d.Path(), err)
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilled: what a killed process leaves is gone at the next start, what a
// living one has stays.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		testneed.Skip(t, "locks that tell who is alive: run this on Unix")
	}
	parent := t.TempDir()
	start := func() (*exec.Cmd, string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childOf+"="+parent)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stdin.Close() })
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var path, problem string
		if _, err := fmt.Fscan(out, &path, &problem); err != nil || problem != "<nil>" {
			t.Fatal(path, problem, err)
		}
		return cmd, path
	}
	dead, left := start()
	alive, kept := start()
	defer func() { _ = alive.Process.Kill(); _ = alive.Wait() }()
	if err := dead.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dead.Wait() // it was killed
	if _, err := os.Stat(filepath.Join(left, "left")); err != nil {
		t.Fatal("a killed process removes what it has: nothing is tested", err)
	}
	own, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a process that was killed stays: %v", err)
	}
	if _, err := os.Stat(filepath.Join(kept, "left")); err != nil {
		t.Errorf("the folder of a living process: %v", err)
	}
	if err := own.Close(); err != nil {
		t.Error(err)
	}
	names, err := os.ReadDir(parent)
	if err != nil || len(names) != 2 { // the living one's, and its lock
		t.Errorf("%v is left, %v", names, err)
	}
}

// TestMany: folders that are made at once are none of them taken for a dead one's.
func TestMany(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "a [b] *")
	if err := os.Mkdir(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 40 {
				d, err := New(parent)
				if err != nil {
					t.Error(err)
					return
				}
				file := filepath.Join(d.Path(), "file")
				if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
					t.Error(err)
				}
				if _, err := os.ReadFile(file); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if names, err := os.ReadDir(parent); err != nil || len(names) > 0 {
		t.Errorf("%v is left, %v", names, err)
	}
}

// TestPlanted: what others put where locks are looked for is left alone.
func TestPlanted(t *testing.T) {
	parent, elsewhere := t.TempDir(), t.TempDir()
	precious := filepath.Join(elsewhere, "precious")
	if err := os.WriteFile(precious, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(parent, Prefix+strings.Repeat("A", 26))
	if err := os.Symlink(elsewhere, name); err != nil {
		testneed.Skip(t, "symbolic links: %v", err)
	}
	if err := os.WriteFile(name+lockSuffix, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(precious, filepath.Join(parent, Prefix+"B"+lockSuffix)); err != nil {
		t.Fatal(err)
	}
	d, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("behind a symbolic link: %v", err)
	}
}

// TestLock: one at a time, and whoever waits hears of the end of its context.
func TestLock(t *testing.T) {
	if runtime.GOOS == "windows" {
		testneed.Skip(t, "locks that the kernel gives back: run this on Unix")
	}
	path := filepath.Join(t.TempDir(), "one.lock")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				unlock, err := Lock(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				time.Sleep(50 * time.Microsecond)
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting ends with %v", err)
	}
}
