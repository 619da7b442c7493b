package awsbus_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/internal/awstest"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
	_ "github.com/runnel-dev/runnel/runtime/store/s3"
)

// An unruly bus publishes some events twice, and forgets some acknowledgements.
type unruly struct {
	bus.Bus
}

func (u unruly) Publish(ctx context.Context, evs ...events.Event) error {
	for _, e := range evs {
		if rand.IntN(3) == 0 {
			evs = append(evs, e)
		}
	}
	return u.Bus.Publish(ctx, evs...)
}

func (u unruly) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	return u.Bus.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) { handle(ctx, forgetful{d}) })
}

type forgetful struct{ bus.Delivery }

func (f forgetful) Ack(ctx context.Context) error {
	if f.Attempt() == 1 && rand.IntN(4) == 0 {
		return errors.New("forgotten")
	}
	return f.Delivery.Ack(ctx)
}

func (f forgetful) Retry(ctx context.Context, _ time.Duration) error { return f.Delivery.Retry(ctx, 0) }

const diamond = `
name: diamond
steps:
  - {name: read, concurrency: 4}
  - {name: left, concurrency: 4}
  - {name: right, concurrency: 4}
  - {name: keep, concurrency: 4}
`

type noParams struct{}

// diamondSteps emit and store something for each event; keep registers a model.
func diamondSteps() pipeline.Functions {
	answer := func(name string, emit events.Payload) func(context.Context, *step.Call, noParams) error {
		return func(ctx context.Context, call *step.Call, _ noParams) error {
			if _, err := call.PutBytes(ctx, name, events.MediaBytes, []byte(name+" of "+call.Event.ID())); err != nil {
				return err
			}
			if emit == nil {
				_, err := call.Models().Register(ctx, "m", step.ModelVersion{Cause: call.Event.ID()})
				return err
			}
			return call.Emit(emit)
		}
	}
	return pipeline.Functions{
		"read":  step.New("read", answer("read", events.DatasetIngestedData{}), step.Accepts(events.ObjectCreated), step.Emits(events.DatasetIngested)),
		"left":  step.New("left", answer("left", events.DatasetCleanedData{}), step.Accepts(events.DatasetIngested), step.Emits(events.DatasetCleaned)),
		"right": step.New("right", answer("right", events.DatasetExploredData{}), step.Accepts(events.DatasetIngested), step.Emits(events.DatasetExplored)),
		"keep":  step.New("keep", answer("keep", nil), step.Accepts(events.DatasetCleaned, events.DatasetExplored)),
	}
}

// patience bounds how long a test waits: it promises what happens, not how soon.
const patience = 4 * time.Minute

// A tap notes every event of a type, and how often it came.
type tap struct {
	mu   sync.Mutex
	seen map[string]string // data by id
	came int
}

func (p *tap) note(t *testing.T) func(context.Context, bus.Delivery) {
	return func(ctx context.Context, d bus.Delivery) {
		p.mu.Lock()
		defer p.mu.Unlock()
		e := d.Event()
		if data, ok := p.seen[e.ID()]; ok && data != e.Type()+string(e.Data()) {
			t.Errorf("event %s is %s and %s%s", e.ID(), data, e.Type(), e.Data())
		}
		p.seen[e.ID()] = e.Type() + string(e.Data())
		p.came++
		if err := d.Ack(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}
}

// Two engines, one of which is stopped and replaced on the way, over EventBridge,
// SQS and S3, with events and deliveries that come twice: every effect is there once.
func TestEngines(t *testing.T) {
	const runs = 8
	cloud, objects := awstest.Moto(t), awstest.Versity(t)
	objects.Environ(t)
	objects.Bucket(t, "records")
	location := objects.Location("records", "team")
	functions := diamondSteps()
	p, err := pipeline.Parse("diamond.yaml", strings.NewReader(diamond), functions)
	if err != nil {
		t.Fatal(err)
	}
	opts := options("engines")
	watch := open(t, cloud, opts)
	defer watch.Close()
	emitted := &tap{seen: map[string]string{}}
	var filters []bus.Filter
	for _, typ := range []string{events.DatasetIngested, events.DatasetCleaned, events.DatasetExplored} {
		filters = append(filters, bus.Filter{Pipeline: p.Name, Type: typ})
	}
	if err := watch.Subscribe(t.Context(), bus.Subscription{Name: "tap", Filters: filters, MaxInFlight: 4}, emitted.note(t)); err != nil {
		t.Fatal(err)
	}

	newEngine := func() (*engine.Engine, func()) {
		s, err := store.Open(t.Context(), location, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := open(t, cloud, opts)
		e := engine.New(engine.Config{Bus: unruly{b}, Store: s, Functions: functions, Hosts: []host.Host{native.Host{}}, Models: registry.New(s, nil), AckWait: 2 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		if err := e.Start(ctx, p); err != nil {
			t.Fatal(err)
		}
		return e, func() {
			cancel()
			if err := errors.Join(b.Close(), s.Close()); err != nil {
				t.Error(err)
			}
		}
	}
	first, stopFirst := newEngine()
	second, stopSecond := newEngine()
	defer stopSecond()
	var ids []string
	for i := range runs {
		ev, err := events.FromObject(events.Object{Bucket: "uploads", Key: fmt.Sprint(i), Version: 1, CreatedAt: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, ev.ID())
		for _, e := range []*engine.Engine{first, second} { // each is told
			if err := e.Accept(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	stopFirst()
	_, stopThird := newEngine()
	defer stopThird()

	want := map[string]bool{} // what was emitted, by the records
	artifacts := map[string]bool{}
	for _, id := range ids {
		st := waitFor(t, second, id)
		if len(st.Steps) != 5 { // keep answers both sides
			t.Fatalf("run %s has %d records", id, len(st.Steps))
		}
		for _, r := range st.Steps {
			for _, e := range r.Events {
				want[e.ID()] = true
			}
			for _, ref := range r.Outputs {
				artifacts[ref.Digest] = true
			}
		}
	}
	versions, err := registry.New(second.Store, nil).Versions(t.Context(), "m")
	if err != nil || len(versions) != 2*runs {
		t.Errorf("%d models were registered, want %d: %v", len(versions), 2*runs, err)
	}
	if len(want) != 3*runs || len(artifacts) != 5*runs {
		t.Errorf("%d events and %d artifacts, want %d and %d", len(want), len(artifacts), 3*runs, 5*runs)
	}
	deadline := time.Now().Add(patience)
	for {
		emitted.mu.Lock()
		got := slices.Sorted(maps.Keys(emitted.seen))
		came := emitted.came
		emitted.mu.Unlock()
		if slices.Equal(got, slices.Sorted(maps.Keys(want))) && came > len(got) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events were published, and came %d times, the records say %d; if nothing came twice the test tests nothing", len(got), came, len(want))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func waitFor(t *testing.T, e *engine.Engine, run string) *engine.Status {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		st, err := e.Status(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if st.State == engine.Succeeded {
			return st
		}
		if st.State != engine.Running || time.Now().After(deadline) {
			t.Fatalf("run %s is %s: %+v", run, st.State, st)
		}
	}
}
