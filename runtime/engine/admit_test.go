package engine_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/step"
)

// crowded is a host that has room after a while, or never.
type crowded struct {
	native.Host
	wait  time.Duration
	full  int32 // so often there is none
	asked atomic.Int32
	left  atomic.Int32

	mu     sync.Mutex
	warmed []string
}

func (c *crowded) Admit(ctx context.Context, fn *step.Function, _ int64) (host.Room, error) {
	if c.asked.Add(1) <= c.full {
		return nil, fmt.Errorf("come again: %w", host.ErrFull)
	}
	select {
	case <-time.After(c.wait):
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *crowded) Leave() { c.left.Add(1) }

func (c *crowded) Run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	if host.RoomOf(ctx) != host.Room(c) {
		return step.Result{}, step.Permanent(fmt.Errorf("it was not given its room"))
	}
	return c.Host.Run(ctx, fn, inv, env)
}

func (c *crowded) Warm(ctx context.Context, fn *step.Function, _ int64, _ host.Opener) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warmed = append(c.warmed, fn.Name)
	return ctx.Err()
}

// TestRoom: to wait for room in a host is neither time of an attempt nor one.
func TestRoom(t *testing.T) {
	for what, c := range map[string]*crowded{"waits": {wait: 250 * time.Millisecond}, "full": {full: 2}} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, chain, func(cfg *engine.Config) { cfg.Hosts = []host.Host{c} })
			var left atomic.Int64
			r.set("second", func(ctx context.Context, _ *step.Call) error {
				at, _ := ctx.Deadline()
				left.Store(int64(time.Until(at)))
				return nil
			})
			st := r.wait(r.accept("a"), engine.Succeeded)
			rec := st.Steps[1]
			if rec.Step != "second" || rec.Status != engine.Done || rec.Attempts != 1 {
				t.Errorf("it is %s after %d attempts: %v", rec.Status, rec.Attempts, rec.Error)
			}
			if rec.Seconds >= 0.25 {
				t.Errorf("it took %v s, waiting included", rec.Seconds)
			}
			if d := time.Duration(left.Load()); d < 30*time.Millisecond || d > 100*time.Millisecond {
				t.Errorf("%v of its time were left when it began", d)
			}
			if n := c.left.Load(); n != 3 {
				t.Errorf("the rooms of three steps were given up %d times", n)
			}
		})
	}
}

// TestWarm: hosts are made ready for the steps of a pipeline when it is started.
func TestWarm(t *testing.T) {
	c := &crowded{}
	newRig(t, chain, func(cfg *engine.Config) { cfg.Hosts = []host.Host{c} })
	for range 200 {
		c.mu.Lock()
		got := fmt.Sprint(c.warmed)
		c.mu.Unlock()
		if got == "[first second last]" {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("it was made ready for %v", c.warmed)
}
