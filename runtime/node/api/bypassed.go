package api

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
)

// Bypassed says, a sentence each, which steps of a run changed the table on its
// way to the model and are no part of the model: steps whose functions users
// brought, which builtin does not know. Predictions do not run them.
func Bypassed(st *engine.Status, builtin func(function string) bool) []string {
	from := map[string]engine.Record{} // by event: who emitted it
	var event string                   // that tells of the model
	for _, rec := range st.Steps {
		for _, e := range rec.Events {
			from[e.ID()] = rec
			if e.Type() == events.ModelTrained {
				event = e.ID()
			}
		}
	}
	var out []string
	for range from { // each is met once at most
		rec, ok := from[event]
		if !ok {
			break
		}
		event = rec.Event
		if builtin(rec.Function) {
			continue
		}
		emits := func(kind string) bool {
			return slices.ContainsFunc(rec.Events, func(e events.Event) bool { return e.Type() == kind })
		}
		switch {
		case emits(events.DatasetIngested):
			out = append(out, fmt.Sprintf("step %s changed the table that the model learnt from, and predictions do not run it: rows have to come as it leaves them, which `runnel runs table %.8s %s` shows", rec.Step, st.ID, rec.Step))
		case emits(events.DatasetCleaned), emits(events.FeaturesBuilt):
			out = append(out, fmt.Sprintf("step %s changed rows that the model learnt from, and predictions do not run it: what it does to values, other than to take rows out, the model does not meet again", rec.Step))
		}
	}
	slices.Reverse(out)
	return out
}
