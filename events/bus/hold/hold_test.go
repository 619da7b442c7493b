package hold_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-dev/runnel/events/bus/hold"
)

func fine() error { return nil }

// Of many who settle one hold at once, one does; what failed may be tried again.
func TestSettledOnce(t *testing.T) {
	h := hold.New("e1", time.Hour)
	no := errors.New("no")
	for range 2 {
		if err := h.Settle(func() error { return no }); !errors.Is(err, no) {
			t.Fatal(err)
		}
	}
	if err := h.Extend(func() error { return no }); !errors.Is(err, no) {
		t.Fatal(err)
	}
	var told, succeeded atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if h.Settle(func() error { told.Add(1); return nil }) == nil {
				succeeded.Add(1)
			}
		})
	}
	all.Wait()
	if told.Load() != 1 || succeeded.Load() != 1 {
		t.Errorf("the broker was told %d times, %d succeeded", told.Load(), succeeded.Load())
	}
	if err := h.Extend(fine); err == nil || !strings.Contains(err.Error(), "event e1: this delivery was settled before") {
		t.Error(err)
	}
	if !h.Wait(t.Context()) {
		t.Error("it waits for what is settled")
	}
}

// Wait ends by whichever comes first: being settled, AckWait, as it was extended, or the context.
func TestWait(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*hold.Hold, context.CancelFunc)
		took time.Duration
		over bool
	}{
		"AckWait":  {func(*hold.Hold, context.CancelFunc) {}, 10 * time.Second, true},
		"settled":  {func(h *hold.Hold, _ context.CancelFunc) { time.Sleep(time.Second); _ = h.Settle(fine) }, time.Second, true},
		"extended": {func(h *hold.Hold, _ context.CancelFunc) { time.Sleep(9 * time.Second); _ = h.Extend(fine) }, 19 * time.Second, true},
		"not extended": {func(h *hold.Hold, _ context.CancelFunc) {
			time.Sleep(9 * time.Second)
			_ = h.Extend(func() error { return errors.New("no") })
		}, 10 * time.Second, true},
		"cancelled": {func(_ *hold.Hold, cancel context.CancelFunc) { time.Sleep(time.Second); cancel() }, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				h, start := hold.New("e", 10*time.Second), time.Now()
				go c.do(h, cancel)
				over := h.Wait(ctx)
				if took := time.Since(start); took != c.took || over != c.over {
					t.Errorf("over %v after %v, want %v after %v", over, took, c.over, c.took)
				}
			})
		})
	}
}
