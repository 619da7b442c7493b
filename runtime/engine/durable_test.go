package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

func openBus(t *testing.T, dir string) bus.Bus {
	t.Helper()
	b, err := jetstream.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// The bus remembers the ids of events for a while; redriving is no duplicate to it.
func TestRedrivingOverTheDurableBus(t *testing.T) {
	b := openBus(t, t.TempDir())
	r := newRig(t, `
name: two
steps:
  - name: first
  - name: second
  - name: other
`, func(c *engine.Config) { c.Bus = b })
	broken := func(context.Context, *step.Call) error { return errors.New("no") }
	r.does["second"], r.does["other"] = broken, broken
	run := r.accept("a.csv")
	seen := map[string]bool{}
	for round := range 3 {
		st := r.wait(run, engine.Failed)
		if round == 2 {
			r.set("second", nil)
			r.set("other", nil)
		}
		redriven := 0
		for _, s := range st.Steps {
			if s.Status == engine.Failed && !seen[s.DeadLetter] {
				seen[s.DeadLetter] = true
				redriven++
				if _, err := r.engine.Redrive(r.ctx, s.DeadLetter); err != nil {
					t.Fatal(err)
				}
			}
		}
		if redriven != 2 {
			t.Fatalf("round %d: %d dead letters", round, redriven)
		}
	}
	r.wait(run, engine.Succeeded)
	if r.count("first") != 1 || r.count("second") != 4 || r.count("other") != 4 {
		t.Errorf("first ran %d times, second %d, other %d", r.count("first"), r.count("second"), r.count("other"))
	}
}

// A node that starts with another definition of a pipeline still answers what
// it had accepted for the one before, which subscribed to other events.
func TestADefinitionChangesWhileEventsWait(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir+"/store", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const second = "name: chain\nsteps:\n  - name: first\n  - name: second\n  - {name: last, on: dataset.cleaned}\n"
	const third = "name: chain\nsteps:\n  - name: first\n  - name: other\n  - {name: last, on: dataset.explored}\n"
	open := func(yaml string) *rig {
		b := openBus(t, dir+"/bus")
		return newRig(t, yaml, func(c *engine.Config) { c.Bus, c.Store = b, s })
	}
	r := open(second)
	hold := func(ctx context.Context, _ *step.Call) error { <-ctx.Done(); return ctx.Err() }
	r.set("last", hold)
	var runs []string
	for i := range 10 {
		runs = append(runs, r.accept(fmt.Sprint("old", i)))
	}
	r.stop()
	r = open(third)
	for i := range 10 {
		runs = append(runs, r.accept(fmt.Sprint("new", i)))
	}
	for _, run := range runs {
		r.wait(run, engine.Succeeded)
	}
}

// The durable subscription is never narrowed, not even while an engine starts.
func TestSubscriptionsAreNeverNarrowed(t *testing.T) {
	rec := &recording{filters: map[string][]bus.Filter{}}
	r := newRig(t, chain, func(c *engine.Config) { rec.Bus = c.Bus; c.Bus = rec })
	change := strings.NewReplacer("last\n    on: dataset.cleaned", "last\n    on: dataset.explored", "- name: second", "- name: other")
	again := engine.New(engine.Config{Bus: rec, Store: r.store, Functions: r.functions, Hosts: []host.Host{native.Host{}}})
	p, err := pipeline.Parse("test.yaml", strings.NewReader(change.Replace(chain)), r.functions)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Start(r.ctx, p); err != nil {
		t.Fatal(err)
	}
	if rec.narrowed.Load() || len(rec.filters["chain_last"]) != 4 {
		t.Errorf("the subscription of last was narrowed, to %v", rec.filters["chain_last"])
	}
}

type recording struct {
	bus.Bus
	filters  map[string][]bus.Filter
	narrowed atomic.Bool
}

func (b *recording) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	if len(sub.Filters) < len(b.filters[sub.Name]) {
		b.narrowed.Store(true)
	}
	b.filters[sub.Name] = sub.Filters
	return b.Bus.Subscribe(ctx, sub, handle)
}

// What could not be published was not accepted, and leaves no run behind.
func TestNothingIsAcceptedThatWasNotPublished(t *testing.T) {
	var fail atomic.Bool
	r := newRig(t, chain, func(c *engine.Config) { c.Bus = &unreliable{Bus: c.Bus, fail: &fail} })
	fail.Store(true)
	if err := r.engine.Accept(r.ctx, r.event("a.csv")); step.ClassOf(err) != step.ClassRetryable {
		t.Fatalf("accepted, %v", err)
	}
	if runs, err := engine.Runs(r.ctx, r.store, 0); len(runs) != 0 || err != nil {
		t.Errorf("the runs are %v, %v", runs, err)
	}
	r.wait(r.accept("a.csv"), engine.Succeeded)
}
