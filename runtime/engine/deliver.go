package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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
	again    bool   // it was delivered before
	keeps    bool   // the step has kept something for its next attempt
	failures []Attempt
	deaths   int
	unfit    *unfit // of a version that this program cannot run
}

// deliver takes one delivery to its end. What the world prevents is tried
// again later: the event is not acknowledged before its effects stand.
func (w *worker) deliver(ctx context.Context, d bus.Delivery) {
	if !w.desk.begin() {
		return // the subscription has ended, and hands it back
	}
	defer w.desk.end()
	err := w.answer(ctx, d)
	if err == nil {
		if err = d.Ack(ctx); err == nil {
			return
		}
	}
	delay := infraWait
	var later *retryLater
	if errors.As(err, &later) {
		delay = later.after
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

// infraWait is the wait after an error of the store or the bus, which counts
// as no attempt of the step.
const infraWait = time.Second

// retryLater asks for the delivery to come again.
type retryLater struct {
	after time.Duration
	cause error
}

func (r *retryLater) Error() string { return r.cause.Error() }

func (r *retryLater) Unwrap() error { return r.cause }

// answer makes the effects of the event, or finds them made.
func (w *worker) answer(ctx context.Context, d bus.Delivery) error {
	t, err := w.task(ctx, d)
	if t == nil || err != nil {
		return err
	}
	ctx, leave := w.atWork.enter(ctx, t.run) // before looking whether it is cancelled, so that none is missed
	defer leave()
	at, err := cancelledAt(ctx, w.Store, t.run)
	if err == nil && at.IsZero() {
		err = t.answer(ctx, d)
	}
	if !at.IsZero() || isCancelled(ctx) {
		return t.drop(ctx)
	}
	return err
}

func (t *task) answer(ctx context.Context, d bus.Delivery) error {
	w := t.worker
	defer t.keepAlive(ctx, d, w.AckWait/3)()
	if t.s.Join {
		if whole, err := t.join(ctx); !whole || err != nil {
			return err
		}
	}
	unlock, err := w.busy.lock(ctx, t.resultKey()) // a duplicate waits, and finds the record
	if err != nil {
		return err
	}
	defer unlock()
	var rec Record
	err = w.Store.Get(ctx, t.resultKey(), &rec)
	switch {
	case err == nil:
		t.forgetDeaths(ctx)
		t.keeps = t.again
		t.forgetKept(ctx)
		return w.publish(ctx, rec) // done before: only the acknowledgement was lost
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return t.work(ctx)
}

// commit creates the record and publishes from it. Where another worker
// created one first, that one counts.
func (w *worker) commit(ctx context.Context, key string, rec *Record) error {
	err := w.Store.Create(ctx, key, rec)
	if errors.Is(err, store.ErrExists) {
		*rec = Record{}
		err = w.Store.Get(ctx, key, rec)
	}
	if err != nil {
		return fmt.Errorf("recording the result: %w", err)
	}
	return w.publish(ctx, *rec)
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
	t := &task{worker: *w, event: ev, run: events.RunOf(ev), key: ev.ID(), again: d.Attempt() > 1}
	redriven := events.Extension(ev, events.Redrive)
	if redriven != "" && events.Extension(ev, events.RedriveStep) != w.step {
		return nil, nil // this step answered it when it came first
	}
	version := events.Extension(ev, events.PipelineVersion)
	if version == "" { // a root event for any pipeline: the version that was current when it was accepted
		run, err := w.accepted(ctx, d)
		if err != nil {
			return nil, err
		}
		version = run.Pipelines[w.pipeline]
	}
	if version == "" {
		return nil, nil
	}
	p, err := w.version(ctx, version)
	var not *unfit
	if errors.As(err, &not) && d.Attempt() >= maxUnfit {
		if !not.bind(t) {
			return nil, nil
		}
		if redriven != "" {
			t.key = generation(t.event.ID(), redriven)
		}
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	t.p, t.s = p, p.Step(w.step)
	switch {
	case t.s == nil:
		return nil, nil
	case redriven != "":
		return t, t.redriven(ctx, redriven)
	case t.s.Match(ev) < 0:
		return nil, nil
	}
	return t, nil
}

func (t *task) answerID() string { return answerID(t.run, t.p.Name, t.s.Name, t.key) }

func (t *task) resultKey() string { return resultKey(t.answerID()) }

func (t *task) attempts() int { return len(t.failures) + t.deaths + 1 }

func (t *task) activity() Activity {
	return Activity{Run: t.run, Pipeline: t.p.Name, Step: t.s.Name, Event: t.event.ID(), Attempt: t.attempts()}
}

// work makes one attempt at the step and commits what comes of it.
func (t *task) work(ctx context.Context) (err error) {
	if t.again {
		if err := t.history(ctx); err != nil {
			return err
		}
		leave, err := t.enter(ctx)
		if err != nil {
			return err
		}
		defer func() { leave(err == nil) }()
	}
	if t.deaths >= suspect {
		t.others.Lock()
		defer t.others.Unlock()
	} else {
		t.others.RLock()
		defer t.others.RUnlock()
	}
	t.Observer.StepStarted(t.activity())
	rec, err := t.attempt(ctx)
	if err == nil {
		err = t.commit(ctx, t.resultKey(), &rec)
	}
	if err == nil {
		t.Observer.StepFinished(rec)
		t.forgetKept(ctx)
		return nil
	}
	if isCancelled(ctx) {
		t.stopped(ctx, rec)
		return nil
	}
	wait := infraWait
	var later *retryLater
	if errors.As(err, &later) {
		wait = later.after
	}
	t.Observer.AttemptFailed(t.activity(), *failureOf(err), wait)
	return err
}

// attempt runs the function, or finds its result in the cache, and gives the
// record to commit. The error asks for another try later.
func (t *task) attempt(ctx context.Context) (Record, error) {
	started := t.Now()
	rec := Record{Run: t.run, Pipeline: t.p.Name, Version: t.p.Version, Step: t.s.Name, Function: t.s.Function, Host: t.s.Host,
		Event: t.event.ID(), EventType: t.event.Type(), Status: Done, StartedAt: started.UTC(), Attempts: t.attempts()}
	if t.unfit != nil {
		return t.giveUp(ctx, rec, t.unfit)
	}
	if t.deaths > t.MaxCrash {
		return t.giveUp(ctx, rec, poisonous(t.deaths))
	}
	inv := step.Invocation{Event: t.event, Set: t.set, From: t.p.Emitter(t.s), Params: t.s.Params, Seed: t.p.Seed, Time: started, Attempt: t.attempts(), Memory: t.s.Memory}
	if res, ok := t.cached(ctx, inv); ok {
		rec.Cached = true
		return t.finish(rec, res), nil
	}
	h := t.hosts[t.s.Host]
	if h == nil {
		wait := time.Minute
		if t.Shared { // another process may have it
			wait = infraWait
		}
		return rec, &retryLater{wait, fmt.Errorf("this process has no host %q", t.s.Host)}
	}
	admitted, leave, err := t.admit(ctx, h)
	if err != nil {
		var later *retryLater
		if errors.As(err, &later) {
			return rec, err
		}
		return t.failed(ctx, rec, err)
	}
	defer leave()
	started = t.Now()
	rec.StartedAt, inv.Time = started.UTC(), started
	limit := t.limit(ctx)
	limited, cancel := context.WithTimeout(admitted, limit)
	defer cancel()
	res, err := h.Run(limited, t.s.Fn, inv, &keeper{env{Engine: t.Engine, activity: t.activity()}, t})
	if err == nil {
		t.remember(ctx, inv, res, t.Now().Sub(started))
		return t.finish(rec, res), nil
	}
	if ctx.Err() != nil { // the node is stopping: not the step's fault
		return rec, fmt.Errorf("the node stops: %w", ctx.Err())
	}
	if limited.Err() != nil {
		err = &step.Error{Class: step.ClassTimeout, Err: fmt.Errorf("not done within the time limit of %v: %w", limit, err)}
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
	n := len(t.failures) + 1
	if n >= limit {
		return t.giveUp(ctx, rec, cause)
	}
	if err := t.noteFailure(ctx, rec, *failureOf(cause)); err != nil {
		return rec, err
	}
	return rec, &retryLater{jitter(t.s.Backoff, t.s.MaxWait, n), cause}
}

// jitter is a random wait up to base x 2^(attempt-1), at most limit.
func jitter(base, limit time.Duration, attempt int) time.Duration {
	top := base << min(attempt-1, 20)
	if top <= 0 || top > limit {
		top = limit
	}
	return rand.N(top + 1)
}

// maxMessage bounds the texts of errors in records and events, in bytes.
const maxMessage = 16 << 10

func failureOf(err error) *Failure {
	f := &Failure{Class: step.ClassOf(err), Message: cut(err.Error())}
	var e *step.Error
	if errors.As(err, &e) {
		f.Detail = cut(e.Detail)
	}
	return f
}

func cut(s string) string {
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "..."
	}
	return s
}

func (t *task) noteFailure(ctx context.Context, rec Record, f Failure) error {
	n := len(t.failures) + 1
	a := Attempt{Number: n, Failure: f, StartedAt: rec.StartedAt, Seconds: t.Now().Sub(rec.StartedAt).Seconds()}
	err := t.Store.Create(ctx, attemptsKey(t.answerID())+fmt.Sprintf("/%04d", n), a)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	return err
}

// keepAlive extends the delivery while its step works, and looks whether another
// process has cancelled the run.
func (t *task) keepAlive(ctx context.Context, d bus.Delivery, every time.Duration) (stop func()) {
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
				if at, err := cancelledAt(ctx, t.Store, t.run); err == nil && !at.IsZero() {
					t.atWork.cancel(t.run)
				}
			}
		}
	}()
	return func() { close(done) }
}
