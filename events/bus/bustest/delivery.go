package bustest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
)

func testMaxInFlight(t *testing.T, h Harness) {
	b := open(t, h)
	const limit = 3
	var now, most atomic.Int32
	full := make(chan struct{}) // closed when the limit was reached
	var in inbox
	sub := on("inflight")
	sub.MaxInFlight = limit
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		n := now.Add(1)
		for m := most.Load(); n > m; m = most.Load() {
			if most.CompareAndSwap(m, n) && n == limit {
				close(full)
			}
		}
		select {
		case <-full:
		case <-time.After(patience / 4):
		}
		time.Sleep(10 * time.Millisecond) // for one too many to come
		now.Add(-1)
		in.ack(t)(ctx, d)
	})
	evs, ids := newEvents("e", 30)
	publish(t, b, evs...)
	in.only(t, ids...)
	if got := most.Load(); got != limit {
		t.Errorf("%d deliveries at a time, want %d", got, limit)
	}

	// A delivery that was left holds its place.
	var left inbox
	sub = on("left")
	sub.MaxInFlight = 2
	subscribe(t, b, sub, func(_ context.Context, d bus.Delivery) { left.note(d) })
	evs, _ = newEvents("left", 5)
	publish(t, b, evs...)
	left.wait(t, 2)
	time.Sleep(quiet)
	if got := len(left.list()); got != 2 {
		t.Errorf("%d deliveries that were not settled, want 2", got)
	}
}

func testRetryDelay(t *testing.T, h Harness) {
	b := open(t, h)
	delays := []time.Duration{0, time.Second, 50 * time.Millisecond}
	var in inbox
	sub := on("retry")
	sub.AckWait = never
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		in.note(d)
		var err error
		if d.Attempt() > len(delays) {
			err = d.Ack(ctx)
		} else {
			err = d.Retry(ctx, delays[d.Attempt()-1])
		}
		if err != nil {
			t.Errorf("attempt %d: %v", d.Attempt(), err)
		}
	})
	publish(t, b, newEvent("again"))
	got := in.wait(t, len(delays)+1)
	for i, s := range got {
		if s.attempt != i+1 {
			t.Errorf("delivery %d says that it is attempt %d", i+1, s.attempt)
		}
		if i > 0 {
			// Clocks of the two sides may differ by a little, and a busy machine notes the one before late.
			if wait := s.at.Sub(got[i-1].at); wait < delays[i-1]/2 {
				t.Errorf("delivery %d came after %v, was to come after %v", i+1, wait, delays[i-1])
			}
		}
	}
	waitPending(t, b, "retry", 0)
	in.only(t, "again", "again", "again", "again")
}

func testRetryLetsOthersPass(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	subscribe(t, b, on("pass"), func(ctx context.Context, d bus.Delivery) {
		if d.Event().ID() == "stuck" {
			if err := d.Retry(ctx, never); err != nil {
				t.Errorf("Retry: %v", err)
			}
			return
		}
		in.ack(t)(ctx, d)
	})
	publish(t, b, newEvent("stuck"))
	evs, ids := newEvents("e", 5)
	publish(t, b, evs...)
	in.only(t, ids...)
	waitPending(t, b, "pass", 1)
}

func testAckWait(t *testing.T, h Harness) {
	b := open(t, h)
	const wait = time.Second
	var in inbox
	sub := on("ackwait")
	sub.AckWait = wait
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		if d.Attempt() < 3 {
			in.note(d)
			return // left
		}
		in.ack(t)(ctx, d)
	})
	publish(t, b, newEvent("left"))
	for i, s := range in.wait(t, 3)[:3] {
		if s.attempt != i+1 {
			t.Errorf("delivery %d says that it is attempt %d", i+1, s.attempt)
		}
		// A delivery is noted a little after its AckWait began, on a busy machine more.
		if i > 0 && s.at.Sub(in.list()[i-1].at) < wait/2 {
			t.Errorf("delivery %d came %v after the one before, AckWait is %v", i+1, s.at.Sub(in.list()[i-1].at), wait)
		}
	}
	acknowledged(t, b, sub, &in)
}

// acknowledged checks that nothing comes of the subscription any more, but what
// was under way when its last event was acknowledged.
func acknowledged(t *testing.T, b bus.Bus, sub bus.Subscription, in *inbox) {
	t.Helper()
	waitPending(t, b, sub.Name, 0)
	time.Sleep(sub.AckWait)
	n := len(in.list())
	time.Sleep(3 * sub.AckWait / 2)
	if got := len(in.list()); got > n {
		t.Errorf("it came %d times after it was acknowledged", got-n)
	}
}

func testLateAck(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	first := make(chan bus.Delivery, 1)
	sub := on("late")
	sub.AckWait = time.Second
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		in.note(d)
		if d.Attempt() == 1 {
			first <- d
		}
	})
	publish(t, b, newEvent("late"))
	d := <-first
	in.wait(t, 2) // it came again meanwhile
	if err := d.Ack(t.Context()); err != nil {
		t.Fatalf("Ack after AckWait: %v", err)
	}
	acknowledged(t, b, sub, &in)
}

func testExtend(t *testing.T, h Harness) {
	b := open(t, h)
	const wait = 2 * time.Second
	var in inbox
	sub := on("extend")
	sub.AckWait = wait
	sub.MaxInFlight = 2
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		for range 24 { // more than twice AckWait; one that is late by a second harms nothing
			time.Sleep(wait / 10)
			if err := d.Extend(ctx); err != nil {
				t.Errorf("Extend: %v", err)
			}
		}
		in.ack(t)(ctx, d)
	})
	publish(t, b, newEvent("long"))
	in.only(t, "long")
	if got := in.list()[0].attempt; got != 1 {
		t.Errorf("it was attempt %d", got)
	}
}

func testSettledOnce(t *testing.T, h Harness) {
	b := open(t, h)
	done := make(chan bool)
	var in inbox
	subscribe(t, b, on("once"), func(ctx context.Context, d bus.Delivery) {
		in.ack(t)(ctx, d)
		for name, err := range map[string]error{"Ack": d.Ack(ctx), "Retry": d.Retry(ctx, 0), "Extend": d.Extend(ctx)} {
			if err == nil {
				t.Errorf("%s after Ack: no error", name)
			}
		}
		close(done)
	})
	publish(t, b, newEvent("once"))
	<-done
	in.only(t, "once")
	waitPending(t, b, "once", 0)
	if err := b.Unsubscribe(t.Context(), "once"); err != nil {
		t.Fatal(err)
	}

	// An acknowledgement that was not made for want of time can be made later.
	var later inbox
	subscribe(t, b, on("later"), func(ctx context.Context, d bus.Delivery) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := d.Ack(ended); err == nil {
			t.Error("Ack with a context that has ended: no error")
		}
		later.ack(t)(ctx, d)
	})
	publish(t, b, newEvent("later"))
	later.only(t, "later")
}

func testPending(t *testing.T, h Harness) {
	b := open(t, h)
	var in inbox
	release := make(chan bool)
	sub := on("pending")
	sub.MaxInFlight = 2
	subscribe(t, b, sub, func(ctx context.Context, d bus.Delivery) {
		<-release
		in.ack(t)(ctx, d)
	})
	waitPending(t, b, "pending", 0)
	evs, _ := newEvents("e", 10)
	publish(t, b, append(evs, newEventOf("", "other", "x"))...)
	waitPending(t, b, "pending", 10)
	release <- true
	release <- true
	release <- true
	in.wait(t, 3)
	waitPending(t, b, "pending", 7)
	close(release)
	waitPending(t, b, "pending", 0)
	in.wait(t, 10)
}

func testCancel(t *testing.T, h Harness) {
	b := open(t, h)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Publish(ended, newEvent("x")); err == nil {
		t.Error("Publish with a context that has ended: no error")
	}
	var none inbox
	if err := b.Subscribe(ended, on("cancel"), none.ack(t)); err == nil {
		t.Error("Subscribe with a context that has ended: no error")
	}

	// The subscriber ends, and with it the context of its handler; what it held
	// goes to the next one at once, not after AckWait.
	ctx, stop := context.WithCancel(t.Context())
	sub := on("handover")
	sub.AckWait = never
	var first, second inbox
	if err := b.Subscribe(ctx, sub, first.hold); err != nil {
		t.Fatal(err)
	}
	publish(t, b, newEvent("a"), newEvent("b"))
	first.wait(t, 1)
	stop()
	time.Sleep(quiet)
	subscribe(t, b, sub, second.ack(t))
	second.only(t, "a", "b")
	if n := len(first.list()); n != 1 {
		t.Errorf("%d deliveries to the one that ended", n)
	}
	if attempts := fmt.Sprint(second.list()[0].attempt + second.list()[1].attempt); attempts != "3" {
		t.Errorf("attempts sum to %s, want 3: one event came for the second time", attempts)
	}
}
