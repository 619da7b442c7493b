package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
)

// A place is where an event belongs in what a step joins: for each member of
// the event's set (see events.Set; a run is a set of one), one event for each
// trigger of the step. The first event of a place counts.
type place struct {
	set    string
	member string // sorts by index, then by trigger
	of     int    // places that the set has
}

func placeOf(s *pipeline.BoundStep, ev events.Event) place {
	set := events.SetOf(ev)
	return place{set.ID, fmt.Sprintf("%06d-%03d", set.Index, s.Match(ev)), set.Size * len(s.On)}
}

// join notes that the event arrived and tells whether its set is whole. Then the
// task's event becomes the joined one, whose id follows from the set: whoever
// completes the set, and however often, the step's record is the same one.
func (t *task) join(ctx context.Context) (whole bool, err error) {
	if t.set != nil { // redriven: it was whole before
		return true, nil
	}
	at := placeOf(t.s, t.event)
	base := store.Key("joins", events.JoinID(t.run, t.p.Emitter(t.s), at.set))
	err = t.Store.Create(ctx, base+"/"+at.member, t.event)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return false, fmt.Errorf("joining: %w", err)
	}
	var arrived []string
	for key, err := range t.Store.List(ctx, base+"/") {
		if err != nil {
			return false, err
		}
		arrived = append(arrived, key)
	}
	if len(arrived) < at.of {
		return false, nil
	}
	t.set = make([]events.Event, len(arrived))
	for i, key := range arrived {
		if err := t.Store.Get(ctx, key, &t.set[i]); err != nil {
			return false, err
		}
	}
	t.event = joined(t.p, t.s, t.run, at.set, t.set[len(t.set)-1])
	t.key = t.event.ID()
	return true, nil
}

// joined is the event that stands for a whole set. It belongs to what the set is within.
func joined(p *pipeline.Pipeline, s *pipeline.BoundStep, run, set string, last events.Event) events.Event {
	ev := last.Clone()
	ev.SetID(events.JoinID(run, p.Emitter(s), set))
	ev.SetSource(joinSource(p, s))
	events.Leave(&ev)
	return ev
}

func joinSource(p *pipeline.Pipeline, s *pipeline.BoundStep) string {
	return strings.Join([]string{"", "pipelines", p.Name, "joins", s.Name}, "/")
}
