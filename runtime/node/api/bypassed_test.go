package api

import (
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
)

// emitted is an event of a type.
func emitted(id, kind string) events.Event {
	e := cloudevents.NewEvent()
	e.SetID(id)
	e.SetType(kind)
	return e
}

// TestBypassed finds the steps of one's own between an upload and its model, and
// none that are beside the way.
func TestBypassed(t *testing.T) {
	step := func(name, function, answers string, emits ...events.Event) engine.Record {
		return engine.Record{Step: name, Function: function, Event: answers, Events: emits}
	}
	chain := func(more ...engine.Record) *engine.Status {
		st := &engine.Status{Steps: append(more, step("ingest", "ingest", "root", emitted("i", events.DatasetIngested)))}
		st.ID = "0123456789"
		return st
	}
	builtin := func(name string) bool { return name != "mine" }
	for name, c := range map[string]struct {
		st   *engine.Status
		want []string
	}{
		"none": {chain(step("clean", "clean", "i", emitted("c", events.DatasetCleaned)), step("train", "train", "c", emitted("t", events.ModelTrained))), nil},
		"two": {chain(
			step("ratio", "mine", "i", emitted("r", events.DatasetIngested)), step("clean", "clean", "r", emitted("c", events.DatasetCleaned)),
			step("cap", "mine", "c", emitted("w", events.DatasetCleaned)), step("train", "train", "w", emitted("t", events.ModelTrained))),
			[]string{"step ratio changed the table that the model learnt from, and predictions do not run it: rows have to come as it leaves them, which `runnel runs table 01234567 ratio` shows", "step cap changed rows that the model learnt from"}},
		"beside":       {chain(step("look", "mine", "i", emitted("l", events.DatasetExplored)), step("train", "train", "i", emitted("t", events.ModelTrained))), nil},
		"no model yet": {chain(step("ratio", "mine", "i", emitted("r", events.DatasetIngested))), nil},
	} {
		got := Bypassed(c.st, builtin)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], c.want[i]) {
				t.Errorf("%s: %q, want %q", name, got[i], c.want[i])
			}
		}
	}
}
