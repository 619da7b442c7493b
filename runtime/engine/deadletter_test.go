package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// TestOneDecidesOfADeadLetter has some redrive a dead letter while others
// discard it. Either those or these are told that they did, and only that is done.
func TestOneDecidesOfADeadLetter(t *testing.T) {
	r := newRig(t, slow, nil)
	won := map[string]int{}
	for i := range 40 {
		r.set("second", func(context.Context, *step.Call) error { return step.Permanent(errors.New("no")) })
		run := r.accept(fmt.Sprint(i, ".csv"))
		st := r.wait(run, engine.Failed)
		id := st.Steps[1].DeadLetter
		r.set("second", nil)
		ran := r.count("second")

		var errs [2][3]error // of those who redrive, and of those who discard
		var all sync.WaitGroup
		begin := make(chan struct{})
		for j := range errs[0] {
			all.Go(func() { <-begin; _, errs[0][j] = r.engine.Redrive(r.ctx, id) })
			all.Go(func() { <-begin; _, errs[1][j] = engine.Discard(r.ctx, r.store, id, time.Now()) })
		}
		close(begin)
		all.Wait()

		dl, err := engine.GetDeadLetter(r.ctx, r.store, id)
		if err != nil || (dl.Redriven == nil) == (dl.Discarded == nil) {
			t.Fatalf("redriven %v, discarded %v, %v", dl.Redriven, dl.Discarded, err)
		}
		redriven := dl.Redriven != nil
		for kind, of := range errs {
			won := redriven == (kind == 0)
			for _, err := range of {
				if won != (err == nil) || !won && !errors.Is(err, store.ErrConflict) {
					t.Fatalf("redriven: %v; redriving gave %v, discarding %v", redriven, errs[0], errs[1])
				}
			}
		}
		if redriven {
			won["redrive"]++
			r.wait(run, engine.Succeeded)
			ran++
		} else {
			won["discard"]++
			r.wait(run, engine.Failed)
		}
		if got := r.count("second"); got != ran {
			t.Fatalf("redriven: %v; the step ran %d times, want %d", redriven, got, ran)
		}
	}
	t.Log(won)
}

// TestARedriveThatWasCutOff leaves a dead letter that is open, which can be
// redriven and not discarded: its event may be on the way.
func TestARedriveThatWasCutOff(t *testing.T) {
	r := newRig(t, slow, nil)
	r.set("second", func(context.Context, *step.Call) error { return step.Permanent(errors.New("no")) })
	run := r.accept("a.csv")
	id := r.wait(run, engine.Failed).Steps[1].DeadLetter
	r.set("second", nil)
	r.stop() // the bus is away
	if _, err := r.engine.Redrive(context.Background(), id); err == nil {
		t.Fatal("it was redriven without a bus")
	}
	dl, err := engine.GetDeadLetter(context.Background(), r.store, id)
	if err != nil || !dl.Open() {
		t.Errorf("open: %v, %v", dl.Open(), err)
	}
	if _, err := engine.Discard(context.Background(), r.store, id, time.Now()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("discarding: %v", err)
	}
}
