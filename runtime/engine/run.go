package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A Run is the record of a root event: all that it causes is the run.
type Run struct {
	ID         string            `json:"id"`
	Event      events.Event      `json:"event"`
	Pipelines  map[string]string `json:"pipelines"` // name to version, as they were when the event was accepted
	AcceptedAt time.Time         `json:"acceptedAt"`
	ReplayOf   string            `json:"replayOf,omitempty"` // run whose root event this is, sent again
}

func runKey(run string) string { return store.Key("runs", run) }

// Accept takes an event that starts a run. When it returns nil the event is
// durable and its run will be carried to the end. Accepting an event again
// publishes it again, and has no other effect.
func (e *Engine) Accept(ctx context.Context, ev events.Event) error {
	if err := e.Bus.Publish(ctx, ev); err != nil {
		return step.Retryable(err) // which names the event
	}
	run, err := e.run(ctx, ev)
	if err == nil {
		e.Observer.RunAccepted(run)
	}
	return err
}

// Replay sends the root event of a run again, to the versions of the pipelines
// that it ran by, as a run of its own, and gives that run's id.
func (e *Engine) Replay(ctx context.Context, run string) (string, error) {
	old, err := GetRun(ctx, e.Store, run)
	if err != nil {
		return "", err
	}
	for name, version := range old.Pipelines {
		if _, err := e.version(ctx, version); err != nil {
			return "", fmt.Errorf("run %s: pipeline %s: %w", run, name, err)
		}
	}
	ev := old.Event.Clone()
	ev.SetID(uuid.NewString())
	ev.SetExtension(events.Run, ev.ID())
	e.runs.entry(ev.ID()).run = Run{ID: ev.ID(), Event: ev, Pipelines: old.Pipelines, AcceptedAt: e.Now().UTC(), ReplayOf: run}
	return ev.ID(), e.Accept(ctx, ev)
}

// GetRun reads the record of a run.
func GetRun(ctx context.Context, s *store.Store, id string) (Run, error) {
	var run Run
	err := s.Get(ctx, runKey(id), &run)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("no run %q: `runnel runs list` shows those that there are: %w", id, err)
	}
	return run, err
}

// run gives the run that a root event starts. The first to ask records it, who
// accepts the event or who works on it: since that is after the event was
// published, no run is recorded that never starts.
func (e *Engine) run(ctx context.Context, ev events.Event) (Run, error) {
	known := e.runs.entry(events.RunOf(ev))
	known.mu.Lock()
	defer known.mu.Unlock()
	if known.recorded {
		return known.run, nil
	}
	run := known.run
	if run.ID == "" {
		run = e.newRun(ev)
	}
	err := e.Store.Create(ctx, runKey(run.ID), run)
	if errors.Is(err, store.ErrExists) {
		run, err = GetRun(ctx, e.Store, run.ID)
	}
	if err != nil {
		return run, fmt.Errorf("recording the run of event %s: %w", ev.ID(), err)
	}
	known.run, known.recorded = run, true
	return run, nil
}

func (e *Engine) newRun(ev events.Event) Run {
	run := Run{ID: events.RunOf(ev), Event: ev, Pipelines: map[string]string{}, AcceptedAt: e.Now().UTC()}
	if name := events.Extension(ev, events.Pipeline); name != "" {
		run.Pipelines[name] = events.Extension(ev, events.PipelineVersion)
		return run
	}
	for _, p := range e.Pipelines() {
		for _, s := range p.Steps {
			if s.Match(ev) >= 0 {
				run.Pipelines[p.Name] = p.Version
			}
		}
	}
	return run
}

// runs keeps the runs that were begun last. They do not change once recorded.
type runs struct {
	mu    sync.Mutex
	known map[string]*knownRun
	order []string
}

type knownRun struct {
	mu       sync.Mutex
	run      Run // as it is recorded, or will be; without an ID where that is not known
	recorded bool
}

// maxRuns is how many runs are kept.
const maxRuns = 4096

func newRuns() *runs { return &runs{known: map[string]*knownRun{}} }

func (r *runs) entry(id string) *knownRun {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.known[id]
	if k == nil {
		k = &knownRun{}
		r.known[id] = k
		r.order = append(r.order, id)
		if len(r.order) > maxRuns {
			delete(r.known, r.order[0])
			r.order = r.order[1:]
		}
	}
	return k
}
