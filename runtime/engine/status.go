package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// The states of a run.
const (
	Running   = "running"
	Succeeded = "succeeded"
	Idle      = "idle" // no pipeline answers the event
)

// A Status is how far a run is: what its records say.
type Status struct {
	Run
	State   string    `json:"state"` // running, succeeded, failed, gated, cancelled or idle
	Steps   []Record  `json:"steps"` // by start
	Pending []Pending `json:"pending,omitempty"`
	EndedAt time.Time `json:"endedAt,omitzero"`
}

// Pending is an answer that a run waits for, or did when it was cancelled.
type Pending struct {
	Pipeline string `json:"pipeline"`
	Step     string `json:"step"`
	Event    string `json:"event"`
}

// Status walks the records of a run from its root event: each event that a
// record emitted is answered by the steps that it matches.
func (e *Engine) Status(ctx context.Context, run string) (*Status, error) {
	st := &Status{Steps: []Record{}}
	var err error
	if st.Run, err = GetRun(ctx, e.Store, run); err != nil {
		return nil, err
	}
	for name, version := range st.Pipelines {
		p, err := e.version(ctx, version)
		var not *unfit
		if errors.As(err, &not) {
			if err := st.unfitStatus(ctx, e.Store, not); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("run %s: pipeline %s: %w", run, name, err)
		}
		w := walk{e: e, st: st, p: p, joins: map[string]map[string]bool{}}
		if err := w.event(ctx, st.Event); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(st.Steps, func(a, b Record) int { return a.StartedAt.Compare(b.StartedAt) })
	st.State = st.state()
	if st.State == Running {
		if st.EndedAt, err = cancelledAt(ctx, e.Store, run); err != nil {
			return nil, err
		}
		if !st.EndedAt.IsZero() {
			st.State = Cancelled
		}
	} else {
		for _, r := range st.Steps {
			if end := r.StartedAt.Add(time.Duration(r.Seconds * float64(time.Second))); end.After(st.EndedAt) {
				st.EndedAt = end
			}
		}
	}
	return st, nil
}

func (st *Status) state() string {
	has := func(status string) bool {
		return slices.ContainsFunc(st.Steps, func(r Record) bool { return r.Status == status })
	}
	switch {
	case len(st.Pending) > 0:
		return Running
	case has(Failed):
		return Failed
	case has(Gated):
		return Gated
	case len(st.Steps) == 0:
		return Idle
	}
	return Succeeded
}

type walk struct {
	e     *Engine
	st    *Status
	p     *pipeline.Pipeline
	joins map[string]map[string]bool // by step and set: the members that were met
}

func (w *walk) event(ctx context.Context, ev events.Event) error {
	for _, s := range w.p.Steps {
		if s.Match(ev) < 0 {
			continue
		}
		id := ev.ID()
		if s.Join {
			var whole bool
			if id, whole = w.join(s, ev); !whole {
				continue
			}
		}
		rec, generations, err := lastGeneration(ctx, w.e.Store, w.st.ID, w.p, s.Name, id)
		if err != nil {
			return err
		}
		redriven := false
		if generations > 0 && rec.Status == Failed {
			var at time.Time
			redriven = w.e.Store.Get(ctx, redrivenKey(rec.DeadLetter), &at) == nil
		}
		if generations == 0 || redriven {
			w.st.Pending = append(w.st.Pending, Pending{w.p.Name, s.Name, id})
			continue
		}
		w.st.Steps = append(w.st.Steps, rec)
		for _, emitted := range rec.Events {
			if err := w.event(ctx, emitted); err != nil {
				return err
			}
		}
	}
	return nil
}

// join gives the id of the joined event once the walk has met every event of
// its set. A set that stays partial because a branch ended is not waited for.
func (w *walk) join(s *pipeline.BoundStep, ev events.Event) (id string, whole bool) {
	at := placeOf(s, ev)
	key := s.Name + "|" + at.set
	met := w.joins[key]
	if met == nil {
		met = map[string]bool{}
		w.joins[key] = met
	}
	if met[at.member] {
		return "", false
	}
	met[at.member] = true
	return events.JoinID(w.st.ID, w.p.Emitter(s), at.set), len(met) == at.of
}
