package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Many processes may share a bus and a store. Nodes accept events and make the
// subscriptions of their pipelines' steps; any number of workers beside them
// serve these subscriptions as they find them. A worker makes and changes no
// subscription: two that know different versions of a pipeline would in turn
// narrow what the other widened, and events would be passed over.

// resume subscribes to the steps of the pipelines and of all that were worked on
// in this store before. Where another process adds to these meanwhile, whoever
// subscribes last takes in both.
func (e *Engine) resume(ctx context.Context, ps []*pipeline.Pipeline) error {
	for known := -1; ; {
		before, err := e.worked(ctx)
		if err != nil {
			return fmt.Errorf("resuming the pipelines of before: %w", err)
		}
		if len(before) == known {
			return nil
		}
		known = len(before)
		if err := e.subscribe(ctx, append(before, ps...)); err != nil || !e.Shared {
			return err
		}
	}
}

// Follow works, until ctx ends, on the events of all pipelines that nodes work
// on in this store. It returns once those of now are served; it looks for new
// ones from time to time, so the steps of a pipeline whose shape is new are
// served here so much later.
func (e *Engine) Follow(ctx context.Context, every time.Duration) (steps int, err error) {
	f := follower{Engine: e, seen: map[string]bool{}}
	if err := f.look(ctx); err != nil {
		return 0, fmt.Errorf("finding the pipelines to work on: %w", err)
	}
	steps = f.steps()
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := f.look(ctx); err != nil && ctx.Err() == nil {
				e.Log.Warn("looking for new pipelines", "error", err)
			}
		}
	}()
	return steps, nil
}

// A follower serves subscriptions that nodes make.
type follower struct {
	*Engine
	seen map[string]bool // keys of shapes that need nothing more
}

// look serves what is new since the last look. What it cannot now it tries at
// the next; one pipeline that cannot be read holds up no other.
func (f *follower) look(ctx context.Context) error {
	var failed error
	for key, err := range f.Store.List(ctx, store.Key("working")+"/") {
		if err != nil {
			return errors.Join(failed, err)
		}
		if !f.seen[key] {
			f.seen[key], err = f.follow(ctx, key)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// follow serves the pipeline of a shape; done tells that nothing more is needed.
func (f *follower) follow(ctx context.Context, key string) (done bool, err error) {
	var version string
	if err := f.Store.Get(ctx, key, &version); err != nil {
		return false, err
	}
	p, err := f.version(ctx, version)
	if err != nil && step.ClassOf(err) != step.ClassRetryable {
		f.Log.Warn("a pipeline cannot be worked on here", "key", key, "error", err)
		return true, nil // once is enough to say so
	}
	if err != nil {
		return false, err
	}
	done, err = f.serve(ctx, p)
	if done {
		f.warm(ctx, p)
	}
	return done, err
}

// serve serves the pipeline's steps; whole is false where the node that works on
// it has not yet made all of their subscriptions.
func (f *follower) serve(ctx context.Context, p *pipeline.Pipeline) (whole bool, err error) {
	f.subscribing.Lock()
	defer f.subscribing.Unlock()
	if f.draining {
		return false, nil
	}
	whole = true
	for _, s := range p.Steps {
		name := SubscriptionName(p.Name, s.Name)
		have := f.subscriptions[name]
		if !f.serves(s) || have.concurrency >= s.Concurrency {
			continue
		}
		stop, err := f.take(ctx, worker{f.Engine, p.Name, s.Name}, subscribed{concurrency: s.Concurrency, served: true})
		if errors.Is(err, bus.ErrNoSubscription) {
			whole = false
			continue
		}
		if err != nil {
			return false, err
		}
		if have.stop != nil {
			have.stop()
		}
		f.subscriptions[name] = subscribed{concurrency: s.Concurrency, stop: stop}
	}
	return whole, nil
}

func (f *follower) steps() int {
	f.subscribing.Lock()
	defer f.subscribing.Unlock()
	return len(f.subscriptions)
}

// serves tells whether this process works on the step's events. Those of a step
// that it does not serve are kept for who does.
func (e *Engine) serves(s *pipeline.BoundStep) bool { return e.Serves == nil || e.Serves(s.Function) }

// take has the events of a step delivered, where it is served, until stop is called.
func (e *Engine) take(ctx context.Context, w worker, s subscribed) (stop context.CancelFunc, err error) {
	if e.draining {
		return nil, step.Retryable(fmt.Errorf("pipeline %s: step %s: this process is stopping", w.pipeline, w.step))
	}
	pulling, stop := context.WithCancel(ctx)
	sub := bus.Subscription{Name: SubscriptionName(w.pipeline, w.step), Filters: s.filters, MaxInFlight: s.concurrency, AckWait: e.AckWait}
	var handle func(context.Context, bus.Delivery)
	if s.served {
		// What is at work goes on when a subscription is replaced: its context is ctx.
		handle = func(_ context.Context, d bus.Delivery) { w.deliver(ctx, d) }
	}
	if err := e.Bus.Subscribe(pulling, sub, handle); err != nil {
		stop()
		return nil, fmt.Errorf("pipeline %s: step %s: subscribing to the bus: %w", w.pipeline, w.step, err)
	}
	return stop, nil
}

// maxUnrecorded is how often an event comes again whose run nobody has recorded,
// in about an hour, until it is dropped.
const maxUnrecorded = 64

// accepted gives the run that a root event started. Where other processes accept
// events too, only the one that accepted this one knows by which pipelines: it
// records the run right after it published the event, and here it is waited for.
// One that died in between has told nobody that it accepted; if the event was an
// upload's, it is published again when a node starts.
func (e *Engine) accepted(ctx context.Context, d bus.Delivery) (Run, error) {
	ev := d.Event()
	if !e.Shared {
		return e.run(ctx, ev)
	}
	known := e.runs.entry(events.RunOf(ev))
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		known.mu.Lock()
		run, recorded := known.run, known.recorded
		known.mu.Unlock()
		if recorded {
			return run, nil
		}
		run, err := GetRun(ctx, e.Store, events.RunOf(ev))
		switch {
		case err == nil:
			known.mu.Lock()
			known.run, known.recorded = run, true
			known.mu.Unlock()
			return run, nil
		case !errors.Is(err, store.ErrNotFound):
			return run, err
		case d.Attempt() > maxUnrecorded:
			e.Log.Warn("an event is dropped: who sent it was never told that it was accepted", "event", ev.ID(), "type", ev.Type())
			return Run{}, nil
		case wait > time.Second:
			if d.Attempt() == 4 {
				e.Log.Warn("an event's run is not recorded: its node died right after it published the event, or uses another store", "event", ev.ID(), "type", ev.Type())
			}
			return run, &retryLater{min(infraWait<<min(d.Attempt()-1, 6), time.Minute), err}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return run, ctx.Err()
		}
	}
}

// A desk counts the deliveries that are at work, and takes no more once it is closed.
type desk struct {
	mu     sync.Mutex
	n      int
	closed bool
	empty  chan struct{} // closed when closed and empty
}

func (d *desk) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.n++
	return true
}

func (d *desk) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.n--; d.closed && d.n == 0 {
		close(d.empty)
	}
}

func (d *desk) close() (empty <-chan struct{}, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed, d.empty = true, make(chan struct{})
		if d.n == 0 {
			close(d.empty)
		}
	}
	return d.empty, d.n
}

// Drain takes no more events, and returns when those at work are answered or ctx
// ends, with the number of those that are not. They are given back when the
// context that they are worked on in ends.
func (e *Engine) Drain(ctx context.Context) (left int) {
	e.subscribing.Lock()
	e.draining = true
	for _, s := range e.subscriptions {
		if s.stop != nil {
			s.stop()
		}
	}
	e.subscribing.Unlock()
	empty, _ := e.desk.close()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	_, left = e.desk.close()
	return left
}
