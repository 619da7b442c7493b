package jetstream_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

const testType = "dev.runnel.test.v1"

// patience bounds how long a test waits: it promises what happens, not how soon.
const patience = 2 * time.Minute

func newEvent(id string) events.Event {
	var e events.Event
	e.SetSpecVersion("1.0")
	e.SetID(id)
	e.SetType(testType)
	e.SetSource("/test")
	return e
}

func publishAll(t testing.TB, b bus.Bus, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := b.Publish(t.Context(), newEvent(id)); err != nil {
			t.Fatal(err)
		}
	}
}

// A receiver acknowledges and notes ids.
type receiver struct {
	mu  sync.Mutex
	ids map[string]int // how often each came
}

func receive(t testing.TB, b bus.Bus, name string) *receiver {
	t.Helper()
	return receiveWithin(t, b, name, 2*time.Second)
}

// receiveWithin is receive with an AckWait of one's own.
func receiveWithin(t testing.TB, b bus.Bus, name string, ackWait time.Duration) *receiver {
	t.Helper()
	r := &receiver{ids: make(map[string]int)}
	sub := bus.Subscription{Name: name, Filters: []bus.Filter{{Type: testType}}, MaxInFlight: 16, AckWait: ackWait}
	err := b.Subscribe(context.Background(), sub, func(ctx context.Context, d bus.Delivery) {
		r.mu.Lock()
		r.ids[d.Event().ID()]++
		r.mu.Unlock()
		_ = d.Ack(ctx) // failing that, it comes again, unless only the answer was lost
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *receiver) list() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// want waits until all these events have come.
func (r *receiver) want(t testing.TB, ids ...string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got := r.list()
		missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			_, found := slices.BinarySearch(got, id)
			return found
		})
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events did not come: %v", len(missing), len(ids), missing[:min(len(missing), 20)])
		}
	}
}

func port(t testing.TB, u *url.URL) int {
	t.Helper()
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func dial(t testing.TB, url string) natsjs.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := natsjs.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// makeStream makes a stream that drops old events.
func makeStream(t testing.TB, url, name string) {
	t.Helper()
	_, err := dial(t, url).CreateStream(t.Context(), natsjs.StreamConfig{Name: name, Subjects: []string{"x.>"}, MaxMsgs: 10})
	if err != nil {
		t.Fatal(err)
	}
}

func wantMaxBytes(t testing.TB, url string, want int64) {
	t.Helper()
	s, err := dial(t, url).Stream(t.Context(), "RUNNEL")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CachedInfo().Config.MaxBytes; got != want {
		t.Errorf("the stream holds at most %d bytes, want %d", got, want)
	}
}

func wantNoSecret(t testing.TB, err error, secret string) {
	t.Helper()
	if strings.Contains(fmt.Sprintf("%+v", err), secret) {
		t.Errorf("%v holds a secret", err)
	}
}

func waitUntil(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain", patience)
		}
	}
}
