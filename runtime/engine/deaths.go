package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A worker that dies over an event cannot write that down. So an attempt at an
// event that was delivered before begins with a mark, durable before the
// function runs, and ends by removing it: marks that are left are deaths. The
// first attempt has none, which keeps the path of every other event free of it,
// and what comes again for another reason (a stop, a store or broker that was
// away) counts for nothing.
//
// A death is held against every event that was at work in the process, not only
// the one that is to blame. So an event with two deaths is worked on alone: from
// then on only the guilty one gathers more. It is poison once it has more than
// MaxCrash.

// suspect is the number of deaths from which an event is worked on alone.
const suspect = 2

func poisonous(deaths int) error {
	return &step.Error{Class: step.ClassPoison,
		Err: fmt.Errorf("the worker died %d times while at this event: it is given up on, so that it stops no other", deaths)}
}

func (t *task) marks() string { return marksKey(t.answerID()) }

func marksKey(answer string) string { return store.Key("begun", answer) }

// history finds out about the attempts before this one.
func (t *task) history(ctx context.Context) error {
	for key, err := range t.Store.List(ctx, attemptsKey(t.answerID())+"/") {
		if err != nil {
			return err
		}
		var a Attempt
		if err := t.Store.Get(ctx, key, &a); err != nil {
			return err
		}
		t.failures = append(t.failures, a)
	}
	for _, err := range t.Store.List(ctx, t.marks()+"/") {
		if err != nil {
			return err
		}
		t.deaths++
	}
	return nil
}

// forgetDeaths removes the marks of an event that is answered, which a worker
// that died after it had recorded the answer leaves behind.
func (t *task) forgetDeaths(ctx context.Context) {
	if !t.again {
		return
	}
	for key, err := range t.Store.List(ctx, t.marks()+"/") {
		if err == nil {
			err = t.Store.Delete(ctx, key)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Log.Warn("a mark of an event that is answered stays", "step", t.s.Name, "event", t.event.ID(), "error", err)
			return
		}
	}
}

// enter marks the beginning of an attempt. leave ends it: the mark goes, and
// once the event is answered those of earlier deaths go too.
func (t *task) enter(ctx context.Context) (leave func(answered bool), err error) {
	mark := func(n int) string { return t.marks() + fmt.Sprintf("/%04d", n) }
	own := t.deaths + 1
	if err := t.Store.Create(ctx, mark(own), t.Now().UTC()); err != nil && !errors.Is(err, store.ErrExists) {
		return nil, fmt.Errorf("marking the attempt: %w", err)
	}
	return func(answered bool) {
		first := own
		if answered {
			first = 1
		}
		for n := own; n >= first; n-- {
			if err := t.Store.Delete(context.WithoutCancel(ctx), mark(n)); err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Log.Warn("an attempt that ended may count as a death of its worker", "step", t.s.Name, "event", t.event.ID(), "error", err)
			}
		}
	}, nil
}
