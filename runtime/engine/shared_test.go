package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

// idle makes the rig's engine one that accepts and works on nothing.
func idle(c *engine.Config) { c.Shared, c.Serves = true, func(string) bool { return false } }

// beside makes another engine on the bus and store of the rig.
func (r *rig) beside(serves ...string) *engine.Engine {
	cfg := engine.Config{Bus: r.bus, Store: r.store, Functions: r.functions, Hosts: []host.Host{native.Host{}}, Shared: true, AckWait: 200 * time.Millisecond}
	if len(serves) > 0 {
		cfg.Serves = func(name string) bool { return strings.Contains(strings.Join(serves, " "), name) }
	}
	return engine.New(cfg)
}

func (r *rig) follow(e *engine.Engine, steps int) {
	r.t.Helper()
	n, err := e.Follow(r.ctx, 20*time.Millisecond)
	if err != nil || n != steps {
		r.t.Fatalf("%d steps are served, want %d, %v", n, steps, err)
	}
}

// What a node accepts and does not work on, workers finish, each its functions.
func TestWorkersFinishWhatANodeAccepts(t *testing.T) {
	r := newRig(t, chain, idle)
	run := r.accept("a.csv")
	r.follow(r.beside("second"), 1)
	time.Sleep(50 * time.Millisecond)
	if st, err := r.engine.Status(r.ctx, run); err != nil || len(st.Steps) != 0 {
		t.Fatalf("without a worker for it %v was done, %v", st.Steps, err)
	}
	r.follow(r.beside("first", "last"), 2)
	r.wait(run, engine.Succeeded)
}

// A worker finds pipelines that nodes begin to work on after it started, and
// later versions of those that it knows.
func TestWorkersFindNewPipelines(t *testing.T) {
	r := newRig(t, chain, idle)
	r.follow(r.beside(), 3)
	for _, yaml := range []string{strings.Replace(chain, "name: chain", "name: other", 1), strings.Replace(chain, "- name: last", "- name: end\n    function: last", 1)} {
		p, err := pipeline.Parse("test.yaml", strings.NewReader(yaml), r.functions)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.engine.Work(r.ctx, p); err != nil {
			t.Fatal(err)
		}
		ev := engine.Addressed(r.event(p.Version), p)
		if err := r.engine.Accept(r.ctx, ev); err != nil {
			t.Fatal(err)
		}
		if st := r.wait(ev.ID(), engine.Succeeded); len(st.Steps) != 3 {
			t.Errorf("%d steps were done: %+v", len(st.Steps), st.Steps)
		}
	}
}

// A worker that gets an event before its run is recorded waits for the record:
// it does not know by which pipelines the event is answered.
func TestWorkersBeginNoRun(t *testing.T) {
	r := newRig(t, chain, idle)
	r.follow(r.beside(), 3)
	ev := r.event("a.csv")
	if err := r.bus.Publish(r.ctx, ev); err != nil { // and then the node dies
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if runs, err := engine.Runs(r.ctx, r.store, 0); len(runs) != 0 || err != nil {
		t.Fatalf("the runs are %v, %v", runs, err)
	}
	if run := r.accept("a.csv"); len(r.wait(run, engine.Succeeded).Steps) != 3 {
		t.Error("the run is not whole")
	}
}

// An event whose run nobody ever records does not stay for ever.
func TestUnrecordedEventsAreDropped(t *testing.T) {
	r := newRig(t, chain, idle)
	synctest.Test(t, func(t *testing.T) {
		d := &handed{event: r.event("a.csv"), attempt: 1}
		start := time.Now()
		for ; !d.acked && d.attempt < 1000; d.attempt++ {
			r.beside().Deliver(t.Context(), "chain", "first", d)
			time.Sleep(d.delay)
			d.delay = 0
		}
		if took := time.Since(start); !d.acked || took < 50*time.Minute || took > 2*time.Hour {
			t.Errorf("after %v and %d attempts: acknowledged %v", took, d.attempt, d.acked)
		}
	})
}

// handed is a delivery that a test hands to an engine.
type handed struct {
	event   events.Event
	attempt int
	acked   bool
	delay   time.Duration
}

func (d *handed) Event() events.Event          { return d.event }
func (d *handed) Attempt() int                 { return d.attempt }
func (d *handed) Ack(context.Context) error    { d.acked = true; return nil }
func (d *handed) Extend(context.Context) error { return nil }

func (d *handed) Retry(_ context.Context, delay time.Duration) error {
	d.delay = delay
	return nil
}

// A worker that drains finishes what it has, takes no more, and says what it
// could not finish, which another takes up.
func TestDrain(t *testing.T) {
	r := newRig(t, chain, idle)
	begun, goOn := make(chan bool, 8), make(chan bool)
	var slow atomic.Bool
	slow.Store(true)
	r.does["first"] = func(ctx context.Context, _ *step.Call) error {
		begun <- true
		if !slow.Load() {
			return nil
		}
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	drain := func(e *engine.Engine, limit time.Duration) int {
		ctx, cancel := context.WithTimeout(r.ctx, limit)
		defer cancel()
		return e.Drain(ctx)
	}
	one := r.beside()
	working, stop := context.WithCancel(r.ctx)
	if _, err := one.Follow(working, time.Hour); err != nil {
		t.Fatal(err)
	}
	a, b := r.accept("a.csv"), r.accept("b.csv")
	<-begun
	<-begun
	drained := make(chan int)
	go func() { drained <- drain(one, 10*time.Second) }()
	time.Sleep(50 * time.Millisecond)
	goOn <- true
	time.Sleep(50 * time.Millisecond)
	select {
	case <-drained:
		t.Fatal("it is drained while an event is at work")
	default:
	}
	c := r.accept("c.csv")
	goOn <- true
	if left := <-drained; left != 0 {
		t.Errorf("%d events are left", left)
	}
	stop()
	for _, run := range []string{a, b} {
		if st, err := r.engine.Status(r.ctx, run); err != nil || len(st.Steps) != 1 {
			t.Errorf("drained, run %s has done %v, %v", run, st.Steps, err)
		}
	}
	if len(begun) > 0 {
		t.Error("it took an event after it was told to drain")
	}

	two := r.beside()
	working, stop = context.WithCancel(r.ctx)
	if _, err := two.Follow(working, time.Hour); err != nil {
		t.Fatal(err)
	}
	<-begun
	if left := drain(two, 50*time.Millisecond); left != 1 {
		t.Errorf("%d events are left, one is at work", left)
	}
	slow.Store(false)
	stop()
	r.follow(r.beside(), 3)
	for _, run := range []string{a, b, c} {
		r.wait(run, engine.Succeeded)
	}
}

// A worker that drains serves no pipeline that it finds meanwhile: what it would
// be brought, it would neither answer nor give back.
func TestDrainedForGood(t *testing.T) {
	r := newRig(t, chain, idle)
	var begun atomic.Int32
	r.does["first"] = func(context.Context, *step.Call) error { begun.Add(1); return nil }
	one := r.beside()
	working, stop := context.WithCancel(r.ctx)
	defer stop()
	if _, err := one.Follow(working, 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if left := one.Drain(r.ctx); left != 0 {
		t.Fatalf("%d events are left", left)
	}
	p, err := pipeline.Parse("test.yaml", strings.NewReader(strings.Replace(chain, "name: chain", "name: other", 1)), r.functions)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Work(r.ctx, p); err != nil {
		t.Fatal(err)
	}
	run := r.accept("a.csv")
	time.Sleep(100 * time.Millisecond)
	if n := begun.Load(); n != 0 {
		t.Errorf("%d events were begun after it had drained", n)
	}
	if err := one.Work(r.ctx, p); step.ClassOf(err) != step.ClassRetryable {
		t.Errorf("it takes on a pipeline: %v", err)
	}
	r.follow(r.beside(), 6)
	r.wait(run, engine.Succeeded)
}

// Two nodes that work on different shapes of a pipeline leave its subscriptions
// wide enough for both, whoever is the last to say.
func TestNodesWidenWhatOthersNeed(t *testing.T) {
	rec := &recording{filters: map[string][]bus.Filter{}}
	r := newRig(t, chain, func(c *engine.Config) { rec.Bus = c.Bus; c.Bus = rec; c.Shared = true })
	wider := strings.NewReplacer("last\n    on: dataset.cleaned", "last\n    on: dataset.explored", "- name: second", "- name: other")
	start := func(e *engine.Engine, yaml string, do func(context.Context, *pipeline.Pipeline) error) {
		t.Helper()
		p, err := pipeline.Parse("test.yaml", strings.NewReader(yaml), r.functions)
		if err != nil {
			t.Fatal(err)
		}
		if err := do(r.ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	other := r.beside()
	start(other, wider.Replace(chain), func(ctx context.Context, p *pipeline.Pipeline) error { return other.Start(ctx, p) })
	start(r.engine, chain+"  - name: third\n    function: last\n    on: dataset.cleaned\n", r.engine.Work)
	if rec.narrowed.Load() || len(rec.filters["chain_last"]) != 4 {
		t.Errorf("the subscription of last was narrowed, to %v", rec.filters["chain_last"])
	}
}
