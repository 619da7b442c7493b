package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// settled waits until the subscription has nothing that may come again.
func settled(t *testing.T, b bus.Bus, step string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		n, err := b.Pending(t.Context(), engine.SubscriptionName("chain", step))
		if n == 0 && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("step %s still has %d events, %v", step, n, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

const slow = `
name: chain
steps:
  - name: first
  - name: second
  - name: last
    on: dataset.cleaned
`

func TestCancellingEndsTheStepAtWork(t *testing.T) {
	r := newRig(t, slow, nil)
	begun, ended := make(chan struct{}), make(chan error, 1)
	r.set("second", func(ctx context.Context, _ *step.Call) error {
		close(begun)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	})
	run := r.accept("a.csv")
	<-begun
	for range 2 { // again, it does nothing more
		if err := r.engine.Cancel(r.ctx, run); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the step's context ended with %v", err)
	}
	st := r.wait(run, engine.Cancelled)
	if len(st.Steps) != 1 || len(st.Pending) != 1 || st.EndedAt.IsZero() {
		t.Errorf("status %+v", st)
	}
	settled(t, r.bus, "second")
	letters, err := engine.DeadLetters(r.ctx, r.store, engine.LetterQuery{Decided: true})
	if len(letters.Letters) != 0 || err != nil || r.count("second") != 1 || r.count("last") != 0 {
		t.Errorf("second ran %d times, last %d; dead letters %v, %v", r.count("second"), r.count("last"), letters, err)
	}
}

func TestAStepThatEndsWellIsRecordedAndNoneFollows(t *testing.T) {
	r := newRig(t, slow, nil)
	begun, goOn := make(chan struct{}), make(chan struct{})
	r.set("second", func(context.Context, *step.Call) error { // heeds no context
		close(begun)
		<-goOn
		return nil
	})
	run := r.accept("a.csv")
	<-begun
	if err := r.engine.Cancel(r.ctx, run); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	settled(t, r.bus, "second")
	settled(t, r.bus, "last")
	if st := r.wait(run, engine.Cancelled); r.count("last") != 0 || len(st.Pending) != 1 {
		t.Errorf("last ran %d times: %+v", r.count("last"), st)
	}
}

func TestARunThatIsOverIsNotCancelled(t *testing.T) {
	r := newRig(t, slow, nil)
	run := r.accept("a.csv")
	r.wait(run, engine.Succeeded)
	if err := r.engine.Cancel(r.ctx, run); !errors.Is(err, store.ErrConflict) {
		t.Errorf("%v", err)
	}
	if err := r.engine.Cancel(r.ctx, "no-such-run"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
	r.wait(run, engine.Succeeded)
}

func TestADeadLetterOfACancelledRunIsNotRedriven(t *testing.T) {
	r := newRig(t, slow+"  - name: other\n", nil)
	begun := make(chan struct{})
	r.set("other", func(context.Context, *step.Call) error { return errors.New("no") })
	r.set("second", func(ctx context.Context, _ *step.Call) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	run := r.accept("a.csv")
	<-begun
	settled(t, r.bus, "other")
	if err := r.engine.Cancel(r.ctx, run); err != nil {
		t.Fatal(err)
	}
	letters, err := engine.DeadLetters(r.ctx, r.store, engine.LetterQuery{Decided: true})
	if len(letters.Letters) != 1 || err != nil {
		t.Fatal(letters, err)
	}
	if _, err := r.engine.Redrive(r.ctx, letters.Letters[0].ID); !errors.Is(err, store.ErrConflict) {
		t.Errorf("%v", err)
	}
}

// What is recorded where no node works on the run holds for the node that
// starts next, and another process finds out while a step is at work.
func TestCancellingElsewhere(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), filepath.Join(dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	on := func(b bus.Bus) func(*engine.Config) {
		return func(c *engine.Config) { c.Bus, c.Store = b, s }
	}
	r := newRig(t, slow, on(openBus(t, filepath.Join(dir, "bus"))))
	begun := make(chan struct{}, 10)
	hang := func(ctx context.Context, _ *step.Call) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	r.set("second", hang)
	left := r.accept("a.csv")
	<-begun
	r.stop() // the node ends with the run under way

	other := newRig(t, slow, func(c *engine.Config) { c.Store = s }).engine // on another bus: it works on no event of these runs
	if err := other.Cancel(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, slow, on(openBus(t, filepath.Join(dir, "bus"))))
	r.wait(left, engine.Cancelled)
	settled(t, r.bus, "second")
	if n := r.count("second"); n != 0 {
		t.Errorf("second ran %d times after its run was cancelled", n)
	}

	r.set("second", hang)
	watched := r.accept("b.csv")
	<-begun
	if err := other.Cancel(t.Context(), watched); err != nil {
		t.Fatal(err)
	}
	settled(t, r.bus, "second")
	r.wait(watched, engine.Cancelled)
	for key := range s.List(t.Context(), "begun/") {
		t.Errorf("%s is left", key)
	}
}
