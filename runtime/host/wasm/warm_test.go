package wasm

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// counted counts how often modules are opened.
type counted struct {
	Modules
	opened atomic.Int64
}

func (c *counted) Find(ctx context.Context, fn *step.Function) (Module, error) {
	m, err := c.Modules.Find(ctx, fn)
	open := m.Open
	m.Open = func(ctx context.Context) (io.ReadCloser, error) {
		c.opened.Add(1)
		return open(ctx)
	}
	return m, err
}

// TestWarm: a function that the host was made ready for is neither read nor
// compiled when it is called.
func TestWarm(t *testing.T) {
	c := &counted{Modules: NewDir(guests)}
	dir := filepath.Join(t.TempDir(), "cache")
	modes(t, Options{Modules: c, CacheDir: dir}, func(t *testing.T, h *Host) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		before := c.opened.Load()
		for range 3 {
			if err := h.Warm(t.Context(), probe("probe"), 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "nothing"}); err != nil {
			t.Error(err)
		}
		if n := c.opened.Load() - before; n != 1 {
			t.Errorf("the module was opened %d times", n)
		}
	})
}

// TestWarmAbsent: what cannot be made ready says why, as a call of it does.
func TestWarmAbsent(t *testing.T) {
	modes(t, Options{}, func(t *testing.T, h *Host) {
		if err := h.Warm(t.Context(), probe("absent"), 0, nil); step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("got %v", err)
		}
	})
}

// TestRoom: who waits for a worker has all of its time when it gets one.
func TestRoom(t *testing.T) {
	h := open(t, &Options{Workers: 1})
	fn := probe("probe")
	if _, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "nothing"}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		room, err := h.Admit(t.Context(), fn, 0)
		if err != nil {
			ended <- err
			return
		}
		defer room.Leave()
		close(begun)
		ctx, cancel := context.WithTimeout(host.WithRoom(t.Context(), room), 500*time.Millisecond)
		defer cancel()
		_, err = h.Run(ctx, fn, invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{Do: "spin"}), steptest.New(t))
		ended <- err
	}()
	<-begun
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := h.Admit(hurried, fn, 0); step.ClassOf(err) != step.ClassRetryable {
		t.Errorf("a host that is full: %v", err)
	}
	room, err := h.Admit(t.Context(), fn, 0)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if step.ClassOf(err) != step.ClassTimeout {
			t.Errorf("the guest without end: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("there was room for two")
	}
	ctx, cancel := context.WithTimeout(host.WithRoom(t.Context(), room), 400*time.Millisecond)
	defer cancel()
	if _, err := h.Run(ctx, fn, invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{Do: "nothing"}), steptest.New(t)); err != nil {
		t.Errorf("the call that waited: %v", err)
	}
	room.Leave()
	room.Leave() // again it does nothing
	if _, err := do(t, h, "probe", steptest.New(t), probeParams{Do: "nothing"}); err != nil {
		t.Error(err)
	}
}
