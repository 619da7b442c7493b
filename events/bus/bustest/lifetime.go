package bustest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
)

func testNewSubscription(t *testing.T, h Harness) {
	b := open(t, h)
	publish(t, b, newEvent("before"))
	var in inbox
	subscribe(t, b, on("new"), in.ack(t))
	publish(t, b, newEvent("after"))
	in.only(t, "after")
}

func testResume(t *testing.T, h Harness) {
	b := open(t, h)
	ctx, stop := context.WithCancel(t.Context())
	var first, second inbox
	if err := b.Subscribe(ctx, on("resume"), first.ack(t)); err != nil {
		t.Fatal(err)
	}
	publish(t, b, newEvent("a"))
	first.only(t, "a")
	stop()
	time.Sleep(quiet)
	publish(t, b, newEvent("b"), newEvent("c"))
	waitPending(t, b, "resume", 2)
	subscribe(t, b, on("resume"), second.ack(t))
	publish(t, b, newEvent("d"))
	second.only(t, "b", "c", "d")
	first.only(t, "a")
}

// A subscription that is only made gathers events for whoever serves it.
func testWithoutHandler(t *testing.T, h Harness) {
	b := open(t, h)
	subscribe(t, b, on("made"), nil)
	publish(t, b, newEvent("a"), newEvent("b"))
	waitPending(t, b, "made", 2)
	time.Sleep(quiet)
	var in inbox
	subscribe(t, b, on("made"), in.ack(t))
	in.only(t, "a", "b")
	for _, s := range in.list() {
		if s.attempt != 1 {
			t.Errorf("event %s comes for the %d. time, though nobody took it before", s.id, s.attempt)
		}
	}
}

// A subscriber without filters serves a subscription as others made it, and
// leaves it so.
func testWithoutFilters(t *testing.T, h Harness) {
	b := open(t, h)
	const wait = 2 * time.Second
	served := bus.Subscription{Name: "served", MaxInFlight: 2}
	var in inbox
	if err := b.Subscribe(t.Context(), served, in.hold); !errors.Is(err, bus.ErrNoSubscription) {
		t.Fatalf("serving what nobody has made: %v", err)
	}
	if _, err := b.Pending(t.Context(), "served"); !errors.Is(err, bus.ErrNoSubscription) {
		t.Fatalf("after that: %v", err)
	}
	made := bus.Subscription{Name: "served", Filters: []bus.Filter{{Type: "a"}, {Pipeline: "p", Type: "b"}}, AckWait: wait}
	subscribe(t, b, made, nil)
	other := b
	if h.Shared {
		other = open(t, h)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := other.Subscribe(ctx, served, in.hold); err != nil {
		t.Fatal(err)
	}
	publish(t, b, newEventOf("", "a", "1"), newEventOf("p", "b", "2"), newEventOf("", "b", "not"))
	in.wait(t, 2)
	waitPending(t, b, "served", 2)
	stop() // what it holds comes again
	var again inbox
	subscribe(t, other, served, again.ack(t))
	again.only(t, "1", "2")
	waitPending(t, b, "served", 0)

	// AckWait is as it was made, not the default.
	made.Name = "left"
	subscribe(t, b, made, nil)
	var left inbox
	subscribe(t, other, bus.Subscription{Name: "left"}, func(_ context.Context, d bus.Delivery) { left.note(d) })
	publish(t, b, newEventOf("", "a", "3"))
	for i, s := range left.wait(t, 2)[1:] {
		if waited := s.at.Sub(left.list()[i].at); waited < wait/2 {
			t.Errorf("the event came again after %v, AckWait is %v", waited, wait)
		}
	}
}

func testUnsubscribe(t *testing.T, h Harness) {
	b := open(t, h)
	var in, again inbox
	subscribe(t, b, on("gone"), in.ack(t))
	publish(t, b, newEvent("a"))
	in.only(t, "a")
	if err := b.Unsubscribe(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	publish(t, b, newEvent("b"))
	if _, err := b.Pending(t.Context(), "gone"); err == nil {
		t.Error("a subscription that is gone has events pending")
	}
	subscribe(t, b, on("gone"), again.ack(t))
	publish(t, b, newEvent("c"))
	again.only(t, "c")
	in.only(t, "a")
	if err := b.Unsubscribe(t.Context(), "never"); err != nil {
		t.Errorf("forgetting what is not there: %v", err)
	}
}

func testClose(t *testing.T, h Harness) {
	b := h.Open(t)
	var in inbox
	ended := make(chan bool, 1)
	subscribe(t, b, on("close"), func(ctx context.Context, d bus.Delivery) {
		in.hold(ctx, d)
		time.Sleep(20 * time.Millisecond)
		if err := d.Ack(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("Ack while the bus closes: %v", err)
		}
		ended <- true
	})
	publish(t, b, newEvent("a"))
	in.wait(t, 1)
	closeBus(t, b)
	select {
	case <-ended:
	default:
		t.Error("Close did not wait for the handler")
	}
	closeBus(t, b) // again
	ctx := context.Background()
	_, pending := b.Pending(ctx, "close")
	for name, err := range map[string]error{
		"Publish": b.Publish(ctx, newEvent("b")), "Subscribe": b.Subscribe(ctx, on("x"), in.hold),
		"Unsubscribe": b.Unsubscribe(ctx, "close"), "Pending": pending,
	} {
		if !errors.Is(err, bus.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if h.Durable {
		var after inbox
		b = open(t, h)
		subscribe(t, b, on("close"), after.ack(t))
		after.only(t)
	}
}

func testReopen(t *testing.T, h Harness) {
	if !h.Durable {
		t.Skip("not durable")
	}
	b := h.Open(t)
	var acked, held inbox
	subscribe(t, b, on("acks"), acked.ack(t))
	sub := on("holds")
	sub.MaxInFlight = 2
	subscribe(t, b, sub, held.hold)
	evs, ids := newEvents("e", 40)
	publish(t, b, evs...)
	acked.only(t, ids...)
	held.wait(t, 2)
	closeBus(t, b)

	b = open(t, h)
	var ackedAgain, heldAgain inbox
	subscribe(t, b, on("acks"), ackedAgain.ack(t))
	subscribe(t, b, sub, heldAgain.ack(t))
	publish(t, b, newEvent("new"))
	heldAgain.only(t, append(slices.Clone(ids), "new")...)
	ackedAgain.only(t, "new")
	for _, s := range heldAgain.list() {
		want := 1
		for _, before := range held.list() {
			if before.id == s.id {
				want = 2
			}
		}
		if s.attempt < want || s.attempt > want && !h.Shared { // a shared queue may count one more that reached nobody
			t.Errorf("event %s came as attempt %d, want %d", s.id, s.attempt, want)
		}
	}
}

func testReopenWhileAway(t *testing.T, h Harness) {
	if !h.Durable {
		t.Skip("not durable")
	}
	b := h.Open(t)
	subscribe(t, b, on("away"), func(context.Context, bus.Delivery) { t.Error("an event came before any was published") })
	closeBus(t, b)

	b = h.Open(t) // nobody subscribes here
	evs, ids := newEvents("e", 20)
	publish(t, b, evs...)
	closeBus(t, b)

	b = open(t, h)
	var in inbox
	subscribe(t, b, on("away"), in.ack(t))
	in.only(t, ids...)
}
