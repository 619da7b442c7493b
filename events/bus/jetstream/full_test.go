package jetstream_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

func bigEvent(id string) events.Event {
	e := newEvent(id)
	e.SetDataContentType("text/plain")
	e.DataEncoded = []byte(strings.Repeat("x", 2000))
	return e
}

// A full stream refuses events, drops none, and takes new ones once the old are
// acknowledged.
func TestFull(t *testing.T) {
	b := open(t, t.TempDir(), &jetstream.Options{MaxBytes: 100 << 10})
	defer b.Close()
	subscribeTo(t, b, "rare", "something.else")
	ctx, stop := context.WithCancel(t.Context())
	hold := bus.Subscription{Name: "all", Filters: []bus.Filter{{Type: testType}}}
	if err := b.Subscribe(ctx, hold, func(ctx context.Context, d bus.Delivery) { <-ctx.Done() }); err != nil {
		t.Fatal(err)
	}

	var mu sync.Mutex
	var accepted []string
	var refused error
	var wg sync.WaitGroup
	for p := range 20 { // alone and in batches
		wg.Go(func() {
			for i := range 10 {
				id := fmt.Sprintf("%d-%d", p, i)
				err := b.Publish(t.Context(), bigEvent(id))
				mu.Lock()
				if err == nil {
					accepted = append(accepted, id)
				} else {
					refused = err
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if refused == nil || !strings.Contains(refused.Error(), "full") || !strings.Contains(refused.Error(), "raise MaxBytes") {
		t.Errorf("the error is %v", refused)
	}
	if len(accepted) < 30 || len(accepted) > 50 {
		t.Errorf("%d events of 2 KiB went into 100 KiB", len(accepted))
	}
	if n, err := b.Pending(t.Context(), "all"); err != nil || n != len(accepted) {
		t.Errorf("%d pending, %v, want %d", n, err, len(accepted))
	}

	stop()
	r := receive(t, b, "all")
	r.want(t, accepted...)
	var ids []string
	for i := range 200 { // four times what it holds
		id := fmt.Sprintf("after-%d", i)
		if err := b.Publish(t.Context(), bigEvent(id)); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		ids = append(ids, id)
		if i%20 == 19 {
			r.want(t, ids...)
		}
	}
}

// What one subscription still needs stays while others are done with it, and so
// does what came after.
func TestTrimKeepsWhatIsNeeded(t *testing.T) {
	b := open(t, t.TempDir(), &jetstream.Options{MaxBytes: 100 << 10})
	defer b.Close()
	r := receive(t, b, "all")
	ctx, stop := context.WithCancel(t.Context())
	subscribeTo(t, b, "rare", "rare")
	stopped := bus.Subscription{Name: "stopped", Filters: []bus.Filter{{Type: "rare"}}}
	if err := b.Subscribe(ctx, stopped, func(ctx context.Context, d bus.Delivery) { <-ctx.Done() }); err != nil {
		t.Fatal(err)
	}
	stop()
	fill := func(name string, n int) (err error) {
		for i := range n {
			id := fmt.Sprintf("%s-%d", name, i)
			if err = b.Publish(t.Context(), bigEvent(id)); err != nil {
				return err
			}
			r.want(t, id)
		}
		return nil
	}
	if err := fill("before", 100); err != nil {
		t.Fatal(err)
	}
	e := bigEvent("needed")
	e.SetType("rare")
	if err := b.Publish(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := fill("after", 100); err == nil {
		t.Error("there was room for events after one that a subscription needs")
	}
	if n, err := b.Pending(t.Context(), "stopped"); err != nil || n != 1 {
		t.Fatalf("%d pending, %v", n, err)
	}
	got := make(chan string, 1)
	err := b.Subscribe(t.Context(), stopped, func(ctx context.Context, d bus.Delivery) {
		if d.Ack(ctx) == nil {
			got <- d.Event().ID()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if id := <-got; id != "needed" {
		t.Errorf("delivered %s", id)
	}
	if err := fill("again", 100); err != nil {
		t.Error(err)
	}
}

// Events that are published twice are accepted twice and come once.
func TestDuplicatesInBatches(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	defer b.Close()
	r := receiveWithin(t, b, "all", time.Hour) // none comes again for want of an acknowledgement
	var evs []events.Event
	var ids []string
	for i := range 50 {
		ids = append(ids, fmt.Sprintf("%02d", i))
		evs = append(evs, newEvent(ids[i]))
	}
	for _, batch := range [][]events.Event{evs, evs, append(evs[:20:20], evs[:20]...)} {
		if err := b.Publish(t.Context(), batch...); err != nil {
			t.Fatal(err)
		}
	}
	publishAll(t, b, "last")
	r.want(t, append(ids, "last")...)
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, n := range r.ids {
		if n != 1 {
			t.Errorf("event %s came %d times", id, n)
		}
	}
}

// subscribeTo acknowledges every event of the type.
func subscribeTo(t testing.TB, b bus.Bus, name, typ string) {
	t.Helper()
	sub := bus.Subscription{Name: name, Filters: []bus.Filter{{Type: typ}}}
	if err := b.Subscribe(context.Background(), sub, func(ctx context.Context, d bus.Delivery) { d.Ack(ctx) }); err != nil {
		t.Fatal(err)
	}
}
