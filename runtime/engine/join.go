package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/store"
)

// join notes that the event arrived and tells whether its set is whole: one
// event for each trigger of the step, or, where the event is one of a fan-out
// (extensions setid and setsize), every event of that set. Then the task's
// event becomes the joined one, whose id follows from the set: whoever
// completes the set, and however often, the step's record is the same one.
func (t *task) join(ctx context.Context) (complete bool, err error) {
	set, size, member := t.run, len(t.s.On), strconv.Itoa(t.s.Match(t.event))
	if id := events.Extension(t.event, events.SetID); id != "" {
		if _, err := fmt.Sscan(events.Extension(t.event, events.SetSize), &size); err != nil || size < 1 {
			return false, nil // not a set that can ever be whole
		}
		set, member = id, t.event.ID()
	}
	base := store.Key("joins", t.run, t.p.Name, t.s.Name, set)
	err = t.Store.Create(ctx, store.Key("joins", t.run, t.p.Name, t.s.Name, set, member), t.event)
	if err != nil && !errors.Is(err, store.ErrExists) {
		return false, fmt.Errorf("joining: %w", err)
	}
	var arrived []events.Event
	for key, err := range t.Store.List(ctx, base+"/") {
		if err != nil {
			return false, err
		}
		var ev events.Event
		if err := t.Store.Get(ctx, key, &ev); err != nil {
			return false, err
		}
		arrived = append(arrived, ev)
	}
	if len(arrived) < size {
		return false, nil
	}
	joined := arrived[len(arrived)-1].Clone()
	joined.SetID(events.JoinID(t.run, t.p.Emitter(t.s), set))
	joined.SetSource("/pipelines/" + t.p.Name + "/joins/" + t.s.Name)
	t.set, t.event = arrived, joined
	t.key = generation(joined, t.s.Name)
	return true, nil
}
