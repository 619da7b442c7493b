package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/memory"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A rig is an engine over a memory bus and store, with functions whose
// behaviour the test chooses.
type rig struct {
	t      *testing.T
	bus    bus.Bus
	store  *store.Store
	engine *engine.Engine
	ctx    context.Context
	stop   func() // what the engine does, and the bus

	functions pipeline.Functions

	mu    sync.Mutex
	calls map[string]int
	does  map[string]func(ctx context.Context, call *step.Call) error
}

type noParams struct{}

// errEmitted is what a test's function returns that sent its own events.
var errEmitted = errors.New("emitted")

func newRig(t *testing.T, yaml string, change func(*engine.Config)) *rig {
	t.Helper()
	s, err := store.Open(t.Context(), "mem://", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, bus: memory.New(), store: s, calls: map[string]int{}, does: map[string]func(context.Context, *step.Call) error{}}
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	functions := pipeline.Functions{}
	r.functions = functions
	for name, io := range map[string][2][]string{
		"first":  {{events.ObjectCreated}, {events.DatasetIngested}},
		"second": {{events.DatasetIngested}, {events.DatasetCleaned}},
		"other":  {{events.DatasetIngested}, {events.DatasetExplored}},
		"last":   {{events.DatasetCleaned, events.DatasetExplored, events.FeaturesBuilt}, nil},
		"gather": {{events.DatasetCleaned}, {events.DatasetExplored}},
		"all":    {{events.DatasetExplored}, {events.FeaturesBuilt}},
	} {
		functions[name] = step.New(name, func(ctx context.Context, call *step.Call, _ noParams) error {
			r.mu.Lock()
			r.calls[call.From.Step]++
			does := r.does[call.From.Step]
			r.mu.Unlock()
			if does != nil {
				if err := does(ctx, call); err == errEmitted {
					return nil
				} else if err != nil {
					return err
				}
			}
			switch name {
			case "first":
				return call.Emit(events.DatasetIngestedData{Dataset: events.Dataset{Name: call.Event.Subject()}})
			case "second":
				return call.Emit(events.DatasetCleanedData{})
			case "other", "gather":
				return call.Emit(events.DatasetExploredData{})
			case "all":
				return call.Emit(events.FeaturesBuiltData{})
			}
			return nil
		}, step.Accepts(io[0]...), step.Emits(io[1]...))
	}
	cfg := engine.Config{Bus: r.bus, Store: s, Functions: functions, Hosts: []host.Host{native.Host{}}, AckWait: 200 * time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	r.bus, r.store = cfg.Bus, cfg.Store
	r.stop = func() { cancel(); r.bus.Close() }
	t.Cleanup(func() { r.stop(); s.Close() })
	r.engine = engine.New(cfg)
	p, err := pipeline.Parse("test.yaml", strings.NewReader(yaml), functions)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Start(ctx, p); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) event(key string) events.Event {
	r.t.Helper()
	ev, err := events.FromObject(events.Object{Bucket: "uploads", Key: key, Version: 1, CreatedAt: time.Unix(0, 0)})
	if err != nil {
		r.t.Fatal(err)
	}
	return ev
}

func (r *rig) accept(key string) string {
	r.t.Helper()
	ev := r.event(key)
	if err := r.engine.Accept(r.ctx, ev); err != nil {
		r.t.Fatal(err)
	}
	return ev.ID()
}

// wait waits until the run is in the state.
func (r *rig) wait(run, state string) *engine.Status {
	r.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		st, err := r.engine.Status(r.ctx, run)
		if err != nil {
			r.t.Fatal(err)
		}
		if st.State == state {
			return st
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("run is %s, want %s: %+v", st.State, state, st)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (r *rig) set(step string, does func(context.Context, *step.Call) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.does[step] = does
}

func (r *rig) count(step string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[step]
}

const chain = `
name: chain
steps:
  - name: first
  - name: second
    retry: {attempts: 3, backoff: 1ms, max: 2ms}
    timeout: 100ms
  - name: last
    on: dataset.cleaned
`

func TestAChainRunsOnce(t *testing.T) {
	r := newRig(t, chain, nil)
	run := r.accept("a.csv")
	st := r.wait(run, engine.Succeeded)
	for _, s := range []string{"first", "second", "last"} {
		if r.count(s) != 1 {
			t.Errorf("%s ran %d times", s, r.count(s))
		}
	}
	if len(st.Steps) != 3 || st.Steps[1].Step != "second" || st.EndedAt.IsZero() {
		t.Errorf("status: %+v", st)
	}
}

func TestTheSameEventAgainHasNoEffect(t *testing.T) {
	r := newRig(t, chain, nil)
	run := r.accept("a.csv")
	r.wait(run, engine.Succeeded)
	for range 5 {
		if again := r.accept("a.csv"); again != run {
			t.Fatalf("the same upload made run %s, before %s", again, run)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := r.count("first") + r.count("second") + r.count("last"); n != 3 {
		t.Errorf("%d executions, want 3", n)
	}
}

func TestEventsFollowFromTheirParents(t *testing.T) {
	ids := func() []string {
		r := newRig(t, chain, nil)
		st := r.wait(r.accept("a.csv"), engine.Succeeded)
		var ids []string
		for _, s := range st.Steps {
			for _, e := range s.Events {
				ids = append(ids, e.ID())
				if events.RunOf(e) != st.ID || events.Extension(e, events.Cause) != s.Event {
					t.Errorf("event %s does not name its run and cause", e)
				}
			}
		}
		return ids
	}
	if a, b := ids(), ids(); fmt.Sprint(a) != fmt.Sprint(b) || len(a) != 2 {
		t.Errorf("ids %v, then %v", a, b)
	}
}

func TestErrorsThatPassAreRetried(t *testing.T) {
	r := newRig(t, chain, nil)
	var tries atomic.Int32
	r.does["second"] = func(context.Context, *step.Call) error {
		if tries.Add(1) < 3 {
			return step.Retryable(errors.New("the store is away"))
		}
		return nil
	}
	st := r.wait(r.accept("a.csv"), engine.Succeeded)
	if st.Steps[1].Attempts != 3 || r.count("last") != 1 {
		t.Errorf("%d attempts, last ran %d times", st.Steps[1].Attempts, r.count("last"))
	}
}

// damaged reads an artifact that is not as long as it was.
func damaged(ctx context.Context, call *step.Call) error {
	ref, err := call.PutBytes(ctx, "text", events.MediaBytes, []byte("some bytes"))
	if err != nil {
		return err
	}
	ref.Size++
	_, err = call.Bytes(ctx, ref)
	return err
}

func TestGivingUp(t *testing.T) {
	for name, test := range map[string]struct {
		does     func(context.Context, *step.Call) error
		class    step.Class
		attempts int
	}{
		"permanent": {func(context.Context, *step.Call) error { return step.Permanent(errors.New("bad table")) }, step.ClassPermanent, 1},
		"plain":     {func(context.Context, *step.Call) error { return errors.New("bad table") }, step.ClassPermanent, 1},
		"panic":     {func(context.Context, *step.Call) error { panic("index out of range") }, step.ClassPermanent, 1},
		"damage":    {damaged, step.ClassPermanent, 1},
		"retryable": {func(context.Context, *step.Call) error { return step.Retryable(errors.New("away")) }, step.ClassRetryable, 3},
		"timeout":   {func(ctx context.Context, _ *step.Call) error { <-ctx.Done(); return ctx.Err() }, step.ClassTimeout, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, chain, nil)
			r.does["second"] = test.does
			run := r.accept("a.csv")
			st := r.wait(run, engine.Failed)
			letters, err := engine.DeadLetters(r.ctx, r.store, engine.LetterQuery{Decided: true})
			if err != nil || len(letters.Letters) != 1 {
				t.Fatalf("%d dead letters, %v", len(letters.Letters), err)
			}
			dl := letters.Letters[0]
			if dl.Error.Class != test.class || len(dl.Attempts) != test.attempts || dl.Step != "second" || dl.Run != run ||
				dl.Event.Type() != events.DatasetIngested || dl.Version == "" {
				t.Errorf("dead letter: %+v", dl)
			}
			if st.Steps[1].DeadLetter != dl.ID || r.count("last") != 0 {
				t.Errorf("status: %+v", st.Steps[1])
			}

			r.set("second", nil)
			before := r.count("second")
			if _, err := r.engine.Redrive(r.ctx, dl.ID); err != nil {
				t.Fatal(err)
			}
			r.wait(run, engine.Succeeded)
			if r.count("second") != before+1 || r.count("first") != 1 || r.count("last") != 1 {
				t.Errorf("after redriving: first %d, second %d, last %d", r.count("first"), r.count("second")-before, r.count("last"))
			}
			if dl, err = engine.GetDeadLetter(r.ctx, r.store, dl.ID); err != nil || dl.Redriven == nil {
				t.Errorf("the dead letter does not say that it was redriven: %v", err)
			}
		})
	}
}

func TestAGateStopsTheChain(t *testing.T) {
	r := newRig(t, chain, nil)
	r.does["second"] = func(context.Context, *step.Call) error { return step.GateFailed("accuracy 0.5 is below 0.9") }
	st := r.wait(r.accept("a.csv"), engine.Gated)
	if r.count("last") != 0 || st.Steps[1].Error.Message != "accuracy 0.5 is below 0.9" {
		t.Errorf("%+v", st.Steps[1])
	}
	if letters, _ := engine.DeadLetters(r.ctx, r.store, engine.LetterQuery{Decided: true}); len(letters.Letters) != 0 {
		t.Error("a gate is no failure, but there is a dead letter")
	}
}

func TestUnchangedStepsComeFromTheCache(t *testing.T) {
	r := newRig(t, chain, func(c *engine.Config) { c.Build = "1"; c.CacheMin = time.Nanosecond })
	first := r.wait(r.accept("a.csv"), engine.Succeeded)
	ev, err := events.FromObject(events.Object{Bucket: "uploads", Key: "a.csv", Version: 2, CreatedAt: time.Unix(9, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Accept(r.ctx, ev); err != nil {
		t.Fatal(err)
	}
	second := r.wait(ev.ID(), engine.Succeeded)
	for i, s := range second.Steps {
		if !s.Cached {
			t.Errorf("step %s ran again", s.Step)
		}
		for j, e := range s.Events {
			if e.ID() == first.Steps[i].Events[j].ID() || string(e.Data()) != string(first.Steps[i].Events[j].Data()) {
				t.Errorf("step %s: a cached event has an id of its own and the data of before", s.Step)
			}
		}
	}
	if n := r.count("first"); n != 1 {
		t.Errorf("first ran %d times", n)
	}
}

func TestAnEventThatKillsItsWorkersIsPoison(t *testing.T) {
	for _, test := range []struct {
		deaths int
		state  string
	}{{3, engine.Succeeded}, {4, engine.Failed}} {
		lost := &forgetful{failures: 1}
		r := newRig(t, chain, func(c *engine.Config) { c.MaxCrash = 3; c.Bus = lost.over(c.Bus) })
		ev, err := events.FromObject(events.Object{Bucket: "uploads", Key: "a.csv", Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range test.deaths { // as a worker that died leaves them
			if err := r.store.Create(r.ctx, engine.MarkKey(ev.ID(), "chain", "first", ev.ID(), i+1), "then"); err != nil {
				t.Fatal(err)
			}
		}
		st := r.wait(r.accept("a.csv"), test.state)
		if first := st.Steps[0]; first.Attempts != test.deaths+1 || (test.state == engine.Failed && first.Error.Class != step.ClassPoison) {
			t.Errorf("after %d deaths: %+v", test.deaths, first)
		}
	}
}

func TestComingAgainIsNoDeath(t *testing.T) {
	lost := &forgetful{failures: 20}
	r := newRig(t, chain, func(c *engine.Config) { c.MaxCrash = 3; c.Bus = lost.over(c.Bus) })
	st := r.wait(r.accept("a.csv"), engine.Succeeded)
	if st.Steps[0].Attempts != 1 {
		t.Errorf("%d attempts", st.Steps[0].Attempts)
	}
}

func TestACrashBetweenRecordAndPublishing(t *testing.T) {
	var fail atomic.Bool
	r := newRig(t, chain, func(c *engine.Config) { c.Bus = &unreliable{Bus: c.Bus, fail: &fail} })
	r.does["first"] = func(context.Context, *step.Call) error { fail.Store(true); return nil }
	st := r.wait(r.accept("a.csv"), engine.Succeeded)
	if r.count("first") != 1 || r.count("second") != 1 || len(st.Steps) != 3 {
		t.Errorf("first ran %d times, second %d: the record should have been published from", r.count("first"), r.count("second"))
	}
}

// unreliable fails to publish, once each time that fail is set.
type unreliable struct {
	bus.Bus
	fail *atomic.Bool
}

func (u *unreliable) Publish(ctx context.Context, evs ...events.Event) error {
	if u.fail.CompareAndSwap(true, false) {
		return errors.New("the broker is away")
	}
	return u.Bus.Publish(ctx, evs...)
}

// forgetful delivers each event only after it was delivered and lost some times,
// as when the worker died with it.
type forgetful struct {
	bus.Bus
	failures int
}

func (f *forgetful) over(b bus.Bus) bus.Bus { f.Bus = b; return f }

func (f *forgetful) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	return f.Bus.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) {
		if d.Attempt() <= f.failures {
			_ = d.Retry(ctx, 0)
			return
		}
		handle(ctx, d)
	})
}
