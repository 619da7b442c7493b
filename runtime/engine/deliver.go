package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A worker answers the events of one step.
type worker struct {
	*Engine
	pipeline, step string
}

// A task is one event for one step, with all that was found out about it.
type task struct {
	worker
	p        *pipeline.Pipeline
	s        *pipeline.BoundStep
	event    events.Event   // what triggers the step: of a join, the joined event
	set      []events.Event // of a join
	run      string
	key      string // the event's id, and its generation where it was redriven
	attempt  int    // deliveries, from 1
	failures []Attempt
}

// deliver takes one delivery to its end. What the world prevents is tried
// again later: the event is not acknowledged before its effects stand.
func (w *worker) deliver(ctx context.Context, d bus.Delivery) {
	err := w.answer(ctx, d)
	if err == nil {
		if err = d.Ack(ctx); err == nil {
			return
		}
	}
	var again *retryLater
	delay := time.Second
	if errors.As(err, &again) {
		delay = again.after
	} else if ctx.Err() == nil {
		w.Log.Warn("event is tried again", "pipeline", w.pipeline, "step", w.step, "event", d.Event().ID(), "error", err)
	}
	if ctx.Err() != nil {
		delay = 0
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = d.Retry(stopping, delay) // failing that, it comes again after AckWait
}

// retryLater asks for the delivery to come again.
type retryLater struct {
	after time.Duration
	cause error
}

func (r *retryLater) Error() string { return r.cause.Error() }

// answer makes the effects of the event, or finds them made.
func (w *worker) answer(ctx context.Context, d bus.Delivery) error {
	t, err := w.task(ctx, d)
	if t == nil || err != nil {
		return err
	}
	if t.s.Join {
		if complete, err := t.join(ctx); !complete || err != nil {
			return err
		}
	}
	var rec Record
	err = w.Store.Get(ctx, t.resultKey(), &rec)
	switch {
	case err == nil:
		return w.publish(ctx, rec) // done before: only the acknowledgement was lost
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	stop := keepAlive(ctx, d, w.AckWait/3)
	defer stop()
	rec, err = t.execute(ctx)
	if err != nil {
		return err
	}
	if err := w.commit(ctx, t, &rec); err != nil {
		return err
	}
	return nil
}

// commit creates the record and publishes from it. Where another worker
// created one first, that one counts.
func (w *worker) commit(ctx context.Context, t *task, rec *Record) error {
	err := w.Store.Create(ctx, t.resultKey(), rec)
	if errors.Is(err, store.ErrExists) {
		*rec = Record{}
		err = w.Store.Get(ctx, t.resultKey(), rec)
	}
	if err != nil {
		return fmt.Errorf("recording the result: %w", err)
	}
	if err := w.publish(ctx, *rec); err != nil {
		return err
	}
	w.Observer.StepFinished(*rec)
	return nil
}

func (w *worker) publish(ctx context.Context, rec Record) error {
	if len(rec.Events) == 0 {
		return nil
	}
	if err := w.Bus.Publish(ctx, rec.Events...); err != nil {
		return fmt.Errorf("publishing the emitted events: %w", err)
	}
	return nil
}

// task finds the pipeline and step that the event is for; nil where it is for none.
func (w *worker) task(ctx context.Context, d bus.Delivery) (*task, error) {
	ev := d.Event()
	t := &task{worker: *w, event: ev, run: events.RunOf(ev), attempt: d.Attempt()}
	version := events.Extension(ev, events.PipelineVersion)
	if version == "" { // a root event for any pipeline: the version that was current when it was accepted
		var run Run
		err := w.Store.Get(ctx, runKey(t.run), &run)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil // not accepted by an engine
		}
		if err != nil {
			return nil, err
		}
		version = run.Pipelines[w.pipeline]
	}
	if version == "" {
		return nil, nil
	}
	p, err := w.version(ctx, version)
	if err != nil {
		return nil, err
	}
	t.p, t.s = p, p.Step(w.step)
	if t.s == nil || t.s.Match(ev) < 0 {
		return nil, nil
	}
	t.key = generation(ev, w.step)
	return t, nil
}

// generation is the event's id; where the event was redriven for this step, with the count.
func generation(ev events.Event, step string) string {
	if n := events.Extension(ev, events.Redrive); n != "" && events.Extension(ev, events.RedriveStep) == step {
		return ev.ID() + "~" + n
	}
	return ev.ID()
}

func (t *task) resultKey() string { return resultKey(t.run, t.p.Name, t.s.Name, t.key) }

func (t *task) activity() Activity {
	return Activity{Run: t.run, Pipeline: t.p.Name, Step: t.s.Name, Event: t.event.ID(), Attempt: len(t.failures) + 1}
}

// execute runs the function, or finds its result in the cache, and gives the
// record to commit. The error asks for another try later.
func (t *task) execute(ctx context.Context) (Record, error) {
	if t.attempt > 1 {
		if err := t.loadFailures(ctx); err != nil {
			return Record{}, err
		}
	}
	started := t.Now()
	rec := Record{Run: t.run, Pipeline: t.p.Name, Version: t.p.Version, Step: t.s.Name, Function: t.s.Function, Host: t.s.Host,
		Event: t.event.ID(), EventType: t.event.Type(), Status: Done, StartedAt: started.UTC(), Attempts: len(t.failures) + 1}
	if deaths := t.attempt - 1 - len(t.failures); deaths > t.MaxCrash {
		return t.giveUp(ctx, rec, &step.Error{Class: step.ClassPoison,
			Err: fmt.Errorf("the worker died %d times while at this event: it is given up on, so that it stops no other", deaths)})
	}
	t.Observer.StepStarted(t.activity())
	inv := step.Invocation{Event: t.event, Set: t.set, From: t.p.Emitter(t.s), Params: t.s.Params, Seed: t.p.Seed, Time: started, Attempt: len(t.failures) + 1}
	if res, ok := t.cached(ctx, inv); ok {
		rec.Cached = true
		return t.finish(rec, res), nil
	}
	h := t.hosts[t.s.Host]
	if h == nil {
		return rec, &retryLater{time.Minute, fmt.Errorf("this node has no host %q", t.s.Host)}
	}
	limited, cancel := context.WithTimeout(ctx, t.s.Timeout)
	defer cancel()
	res, err := h.Run(limited, t.s.Fn, inv, &env{Engine: t.Engine, activity: t.activity()})
	if err == nil {
		t.remember(ctx, inv, res, t.Now().Sub(started))
		return t.finish(rec, res), nil
	}
	if ctx.Err() != nil { // the node is stopping: not the step's fault
		t.noteFailure(context.WithoutCancel(ctx), rec, Failure{Class: cancelled, Message: "the node stopped"})
		return rec, ctx.Err()
	}
	if limited.Err() != nil {
		err = &step.Error{Class: step.ClassTimeout, Err: fmt.Errorf("not done within the time limit of %v: %w", t.s.Timeout, err)}
	}
	if step.ClassOf(err) == step.ClassGate {
		rec.Status = Gated
		rec.Error = failureOf(err)
		res.Events = nil
		return t.finish(rec, res), nil
	}
	return t.failed(ctx, rec, err)
}

func (t *task) finish(rec Record, res step.Result) Record {
	rec.Seconds = t.Now().Sub(rec.StartedAt).Seconds()
	rec.Rows, rec.Notes, rec.Outputs, rec.Events = res.Rows, res.Notes, res.Outputs, res.Events
	return rec
}

// failed decides between another try and giving up.
func (t *task) failed(ctx context.Context, rec Record, cause error) (Record, error) {
	limit := t.s.Retry.Attempts
	switch step.ClassOf(cause) {
	case step.ClassRetryable:
	case step.ClassTimeout:
		limit = min(limit, 2)
	default:
		return t.giveUp(ctx, rec, cause)
	}
	counted := 1
	for _, f := range t.failures {
		if f.Failure.Class != cancelled {
			counted++
		}
	}
	if counted >= limit {
		return t.giveUp(ctx, rec, cause)
	}
	wait := jitter(t.s.Backoff, t.s.MaxWait, counted)
	f := *failureOf(cause)
	if err := t.noteFailure(ctx, rec, f); err != nil {
		return rec, err
	}
	t.Observer.AttemptFailed(t.activity(), f, wait)
	return rec, &retryLater{wait, cause}
}

// jitter is a random wait up to base x 2^(attempt-1), at most limit.
func jitter(base, limit time.Duration, attempt int) time.Duration {
	top := base << min(attempt-1, 20)
	if top <= 0 || top > limit {
		top = limit
	}
	return rand.N(top + 1)
}

func failureOf(err error) *Failure {
	f := &Failure{Class: step.ClassOf(err), Message: err.Error()}
	var e *step.Error
	if errors.As(err, &e) {
		f.Detail = e.Detail
	}
	return f
}

func (t *task) noteFailure(ctx context.Context, rec Record, f Failure) error {
	n := len(t.failures) + 1
	a := Attempt{Number: n, Failure: f, StartedAt: rec.StartedAt, Seconds: t.Now().Sub(rec.StartedAt).Seconds()}
	err := t.Store.Create(ctx, attemptKey(t.run, t.p.Name, t.s.Name, t.key, fmt.Sprintf("%04d", n)), a)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

func (t *task) loadFailures(ctx context.Context) error {
	prefix := store.Key("attempts", t.run, t.p.Name, t.s.Name, t.key)
	for key, err := range t.Store.List(ctx, prefix+"/") {
		if err != nil {
			return err
		}
		var a Attempt
		if err := t.Store.Get(ctx, key, &a); err != nil {
			return err
		}
		t.failures = append(t.failures, a)
	}
	return nil
}

// keepAlive extends the delivery while its step works.
func keepAlive(ctx context.Context, d bus.Delivery, every time.Duration) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = d.Extend(ctx) // failing that, the event comes again and finds the record
			}
		}
	}()
	return func() { close(done) }
}
