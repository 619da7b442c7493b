// Package bustest is the conformance suite of buses: what every driver of
// package bus promises, as tests.
package bustest

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

// A Harness opens the buses of one test.
type Harness struct {
	// Open opens the bus. Each call of one harness opens the same events.
	Open func(t testing.TB) bus.Bus
	// Durable says that events and subscriptions outlive Close.
	Durable bool
	// Shared says that several buses may be open on the same events at once, as
	// several processes would have them.
	Shared bool
	// Slow says that a request takes tens of milliseconds, as with a stand-in for
	// a service: tests of many events use a fifth of them, and run in parallel.
	Slow bool
	// Repeats says that an event may be delivered twice where two buses ask at
	// once, as a standard queue of SQS does: what a node does with it is the
	// record's to decide.
	Repeats bool
}

// many is how many events a test uses of n.
func (h Harness) many(n int) int {
	if h.Slow {
		return n / 5
	}
	return n
}

// Run tests the driver. It calls open for each test, for an empty bus.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() { checkGoroutines(t, before) }) // of those in parallel
	for _, c := range []struct {
		name string
		test func(*testing.T, Harness)
	}{
		{"Content", testContent},
		{"LargeEvents", testLargeEvents},
		{"Refused", testRefused},
		{"Batch", testBatch},
		{"Filters", testFilters},
		{"FiltersChange", testFiltersChange},
		{"Fanout", testFanout},
		{"Competing", testCompeting},
		{"NewSubscription", testNewSubscription},
		{"Resume", testResume},
		{"MaxInFlight", testMaxInFlight},
		{"RetryDelay", testRetryDelay},
		{"RetryLetsOthersPass", testRetryLetsOthersPass},
		{"AckWait", testAckWait},
		{"LateAck", testLateAck},
		{"Extend", testExtend},
		{"SettledOnce", testSettledOnce},
		{"WithoutHandler", testWithoutHandler},
		{"WithoutFilters", testWithoutFilters},
		{"Unsubscribe", testUnsubscribe},
		{"Pending", testPending},
		{"Concurrent", testConcurrent},
		{"Cancel", testCancel},
		{"Close", testClose},
		{"Reopen", testReopen},
		{"ReopenWhileAway", testReopenWhileAway},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			var h Harness
			t.Cleanup(func() { // the last one: what open opened is closed by then
				if !h.Slow {
					checkGoroutines(t, before)
				}
			})
			h = open(t)
			if h.Slow {
				t.Parallel()
			}
			c.test(t, h)
		})
	}
}

// checkGoroutines fails the test if more goroutines run than before.
func checkGoroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(patience / 3); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Errorf("%d goroutines ran before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}

// open opens a bus that is closed with the test.
func open(t *testing.T, h Harness) bus.Bus {
	t.Helper()
	b := h.Open(t)
	t.Cleanup(func() { closeBus(t, b) })
	return b
}

func closeBus(t *testing.T, b bus.Bus) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// patience bounds how long a test waits for what must come: tests promise an
// order and a number, not a speed, and the machine may be busy. It is above the
// usual AckWait: a queue behind a network may have given an event to a connection
// that was closed, and gives it again after that.
const patience = 3 * time.Minute

// never is an AckWait after which nothing comes in the time that a test has: what
// comes did so for another reason.
const never = 20 * time.Minute

// quiet is how long a test listens for what must not come.
const quiet = 150 * time.Millisecond

func publish(t *testing.T, b bus.Bus, evs ...events.Event) {
	t.Helper()
	if err := b.Publish(t.Context(), evs...); err != nil {
		t.Fatalf("Publish: %v", err)
	}
}

func subscribe(t *testing.T, b bus.Bus, sub bus.Subscription, handle func(context.Context, bus.Delivery)) {
	t.Helper()
	if err := b.Subscribe(context.Background(), sub, handle); err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
}

// A seen delivery, as an inbox notes it.
type seen struct {
	id      string
	attempt int
	at      time.Time
	event   events.Event
}

// An inbox notes deliveries.
type inbox struct {
	mu  sync.Mutex
	all []seen
}

func (in *inbox) note(d bus.Delivery) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.all = append(in.all, seen{d.Event().ID(), d.Attempt(), time.Now(), d.Event()})
}

// ack is a handler that notes and acknowledges.
func (in *inbox) ack(t testing.TB) func(context.Context, bus.Delivery) {
	return func(ctx context.Context, d bus.Delivery) {
		if err := d.Ack(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("Ack of %s: %v", d.Event().ID(), err)
		}
		in.note(d)
	}
}

// hold is a handler that notes and leaves the delivery until the subscription ends.
func (in *inbox) hold(ctx context.Context, d bus.Delivery) {
	in.note(d)
	<-ctx.Done()
}

func (in *inbox) list() []seen {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.all)
}

// ids are those of the noted deliveries, sorted.
func (in *inbox) ids() []string {
	var ids []string
	for _, s := range in.list() {
		ids = append(ids, s.id)
	}
	slices.Sort(ids)
	return ids
}

// wait returns the first n deliveries, for which it waits.
func (in *inbox) wait(t *testing.T, n int) []seen {
	t.Helper()
	eventually(t, func() error {
		if got := len(in.list()); got < n {
			return fmt.Errorf("%d deliveries of %d", got, n)
		}
		return nil
	})
	return in.list()
}

// only waits for these events, each delivered once, and that no more come.
func (in *inbox) only(t *testing.T, ids ...string) {
	t.Helper()
	in.wait(t, len(ids))
	time.Sleep(quiet)
	slices.Sort(ids)
	if got := in.ids(); !slices.Equal(got, ids) {
		t.Fatalf("delivered %v, want %v", got, ids)
	}
}

// eventually waits until check returns nil.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v: %v", patience, err)
		}
	}
}

func waitPending(t *testing.T, b bus.Bus, name string, want int) {
	t.Helper()
	eventually(t, func() error {
		got, err := b.Pending(t.Context(), name)
		if err == nil && got != want {
			err = fmt.Errorf("%d pending, want %d", got, want)
		}
		return err
	})
}

// Type of the events that the suite publishes where it does not matter.
const testType = "dev.runnel.test.v1"

// on subscribes to root events of the type.
func on(name string) bus.Subscription {
	return bus.Subscription{Name: name, Filters: []bus.Filter{{Type: testType}}}
}

// newEvent makes a root event.
func newEvent(id string) events.Event { return newEventOf("", testType, id) }

func newEvents(prefix string, n int) (evs []events.Event, ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("%s%04d", prefix, i))
		evs = append(evs, newEvent(ids[i]))
	}
	return evs, ids
}

func newEventOf(pipeline, typ, id string) events.Event {
	e := events.Event{}
	e.SetSpecVersion("1.0")
	e.SetID(id)
	e.SetType(typ)
	e.SetSource("/bustest")
	if pipeline != "" {
		e.SetExtension(events.Pipeline, pipeline)
	}
	return e
}

// same says how two events differ.
func same(got, want events.Event) error {
	var diffs []string
	note := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			diffs = append(diffs, fmt.Sprintf("%s %.80q, want %.80q", what, fmt.Sprint(a), fmt.Sprint(b)))
		}
	}
	note("specversion", got.SpecVersion(), want.SpecVersion())
	note("id", got.ID(), want.ID())
	note("type", got.Type(), want.Type())
	note("source", got.Source(), want.Source())
	note("subject", got.Subject(), want.Subject())
	note("time", got.Time().UnixNano(), want.Time().UnixNano())
	note("datacontenttype", got.DataContentType(), want.DataContentType())
	note("dataschema", got.DataSchema(), want.DataSchema())
	note("data", got.Data(), want.Data())
	if !maps.Equal(got.Extensions(), want.Extensions()) {
		diffs = append(diffs, fmt.Sprintf("extensions %v, want %v", got.Extensions(), want.Extensions()))
	}
	if len(diffs) > 0 {
		return fmt.Errorf("event: %s", strings.Join(diffs, "; "))
	}
	return nil
}
