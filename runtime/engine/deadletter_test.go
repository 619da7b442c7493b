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
	checkLetters(t, r.store, won["redrive"], won["discard"])
}

// checkLetters lists the dead letters, all of them decided.
func checkLetters(t *testing.T, s *store.Store, redriven, discarded int) {
	t.Helper()
	ask := func(q engine.LetterQuery) engine.Letters {
		got, err := engine.DeadLetters(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := ask(engine.LetterQuery{Decided: true})
	if n := redriven + discarded; len(all.Letters) != n || all.Open != 0 || all.Decided != n {
		t.Fatalf("%d letters, %d open, %d decided; want %d, all decided", len(all.Letters), all.Open, all.Decided, n)
	}
	for i, dl := range all.Letters {
		if dl.Redriven == nil && dl.Discarded == nil || i > 0 && dl.FailedAt.After(all.Letters[i-1].FailedAt) {
			t.Errorf("letter %d is open, or newer than the one before it", i)
		}
	}
	if got := ask(engine.LetterQuery{}); len(got.Letters) != 0 || got.Decided != all.Decided {
		t.Errorf("of the open ones there are %d, and %d decided", len(got.Letters), got.Decided)
	}
	if got := ask(engine.LetterQuery{Decided: true, Limit: 3}); len(got.Letters) != 3 || got.Letters[0].ID != all.Letters[0].ID || got.Decided != all.Decided {
		t.Errorf("of three that are asked for there are %d", len(got.Letters))
	}
	id := all.Letters[5].ID
	if got := ask(engine.LetterQuery{Decided: true, Prefix: id[:12]}); len(got.Letters) != 1 || got.Letters[0].ID != id || got.Decided != 1 {
		t.Errorf("of one prefix there are %d letters", len(got.Letters))
	}
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
