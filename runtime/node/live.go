package node

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Live is what the steps of this process are at, now. It is an
// engine.Observer that passes what it sees on to others.
type Live struct {
	others []engine.Observer

	mu     sync.Mutex
	active map[engine.Activity]*api.Active // by activity without its attempt
}

func newLive(others ...engine.Observer) *Live {
	return &Live{others: others, active: map[engine.Activity]*api.Active{}}
}

// Active lists the steps at work in a run, the oldest first.
func (l *Live) Active(run string) []api.Active {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []api.Active
	for _, a := range slices.SortedFunc(maps.Keys(l.active), func(a, b engine.Activity) int {
		return l.active[a].StartedAt.Compare(l.active[b].StartedAt)
	}) {
		if a.Run == run {
			out = append(out, *l.active[a])
		}
	}
	return out
}

func (l *Live) of(a engine.Activity) *api.Active {
	attempt := a.Attempt
	a.Attempt = 0
	act := l.active[a]
	if act == nil {
		act = &api.Active{Pipeline: a.Pipeline, Step: a.Step, Event: a.Event}
		l.active[a] = act
	}
	act.Attempt = attempt
	return act
}

// RunAccepted implements engine.Observer.
func (l *Live) RunAccepted(r engine.Run) {
	for _, o := range l.others {
		o.RunAccepted(r)
	}
}

// RunCancelled implements engine.Observer.
func (l *Live) RunCancelled(run string) {
	l.mu.Lock()
	for a := range l.active {
		if a.Run == run {
			delete(l.active, a)
		}
	}
	l.mu.Unlock()
	for _, o := range l.others {
		o.RunCancelled(run)
	}
}

// StepStarted implements engine.Observer.
func (l *Live) StepStarted(a engine.Activity) {
	l.mu.Lock()
	act := l.of(a)
	act.StartedAt, act.RetryAt, act.Progress = time.Now(), time.Time{}, step.Progress{}
	l.mu.Unlock()
	for _, o := range l.others {
		o.StepStarted(a)
	}
}

// StepProgress implements engine.Observer.
func (l *Live) StepProgress(a engine.Activity, p step.Progress) {
	l.mu.Lock()
	l.of(a).Progress = p
	l.mu.Unlock()
	for _, o := range l.others {
		o.StepProgress(a, p)
	}
}

// StepFinished implements engine.Observer.
func (l *Live) StepFinished(r engine.Record) {
	l.mu.Lock()
	delete(l.active, engine.Activity{Run: r.Run, Pipeline: r.Pipeline, Step: r.Step, Event: r.Event})
	l.mu.Unlock()
	for _, o := range l.others {
		o.StepFinished(r)
	}
}

// AttemptFailed implements engine.Observer.
func (l *Live) AttemptFailed(a engine.Activity, f engine.Failure, wait time.Duration) {
	l.mu.Lock()
	act := l.of(a)
	act.Failure, act.RetryAt = &f, time.Now().Add(wait)
	l.mu.Unlock()
	for _, o := range l.others {
		o.AttemptFailed(a, f, wait)
	}
}
