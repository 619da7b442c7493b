package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Cancelled is the state of a run that was cancelled before it was over.
const Cancelled = "cancelled"

// errCancelled is the cause that ends the context of a cancelled run's steps.
var errCancelled = errors.New("the run is cancelled")

// A cancellation is the record that ends a run: no step of the run starts where
// it is, and the run's events are acknowledged without effect. It needs no node
// to be running, and outlives one.
type cancellation struct {
	At time.Time `json:"at"`
}

func cancelledKey(run string) string { return store.Key("cancelled", run) }

// cancelledAt tells when the run was cancelled; the zero time where it was not.
func cancelledAt(ctx context.Context, s *store.Store, run string) (time.Time, error) {
	var c cancellation
	err := s.Get(ctx, cancelledKey(run), &c)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	return c.At, err
}

// Cancel ends a run: when it returns nil no further step of it starts, here or
// elsewhere, also after a restart. Steps that are at work in this process are
// told to end, those of other processes find out within seconds; one that ends
// well all the same is recorded. Cancelling again does nothing more. A run that
// is over is store.ErrConflict.
func (e *Engine) Cancel(ctx context.Context, run string) error {
	if _, err := GetRun(ctx, e.Store, run); err != nil {
		return err
	}
	// A run whose state cannot be read, for its pipeline no longer fits, can be cancelled.
	if st, err := e.Status(ctx, run); err == nil && st.State != Running && st.State != Cancelled {
		return refusal(fmt.Sprintf("run %.8s is over: its state is %s", run, st.State))
	}
	err := e.Store.Create(ctx, cancelledKey(run), cancellation{e.Now().UTC()})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("recording that run %.8s is cancelled: %w", run, err)
	}
	if err == nil {
		e.Observer.RunCancelled(run)
	}
	e.atWork.cancel(run)
	return nil
}

// A refusal is the answer to what cannot be done in the state that things are in.
type refusal string

func (r refusal) Error() string { return string(r) }

// Unwrap gives its reason.
func (refusal) Unwrap() error { return store.ErrConflict }

// drop forgets what is kept about an event of a cancelled run.
func (t *task) drop(ctx context.Context) error {
	t.forgetDeaths(context.WithoutCancel(ctx))
	return nil
}

// stopped tells that a step ended because its run was cancelled.
func (t *task) stopped(ctx context.Context, rec Record) {
	t.forgetKept(context.WithoutCancel(ctx))
	rec.Status, rec.Seconds = Cancelled, t.Now().Sub(rec.StartedAt).Seconds()
	rec.Error = &Failure{Class: step.ClassPermanent, Message: errCancelled.Error()}
	t.Observer.StepFinished(rec)
}

func isCancelled(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errCancelled) }

// atWork holds what ends the tasks that are at work in this process, by run.
type atWork struct {
	mu   sync.Mutex
	next int
	of   map[string]map[int]context.CancelCauseFunc
}

func newAtWork() *atWork { return &atWork{of: map[string]map[int]context.CancelCauseFunc{}} }

// enter gives a context that ends when the run is cancelled.
func (w *atWork) enter(ctx context.Context, run string) (_ context.Context, leave func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next++
	id := w.next
	if w.of[run] == nil {
		w.of[run] = map[int]context.CancelCauseFunc{}
	}
	w.of[run][id] = cancel
	return ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.of[run], id)
		if len(w.of[run]) == 0 {
			delete(w.of, run)
		}
		cancel(nil)
	}
}

func (w *atWork) cancel(run string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cancel := range w.of[run] {
		cancel(errCancelled)
	}
}
