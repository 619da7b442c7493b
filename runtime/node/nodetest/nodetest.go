// Package nodetest looks at what nodes and workers left in a store and on a bus,
// for tests that end them at the worst moments: each effect is there, and once.
package nodetest

import (
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// Records is what the records of a store say.
type Records struct {
	Steps   map[string]map[string]int // records by run and step
	Answers map[string]string         // by record: the event that it answers
	Emitted map[string]string         // by event: the record that it is in
}

// ReadRecords reads every record. Each has to be of a step that was done, or be
// one that the test allows; its artifacts have to be whole, and its events of its
// run and in no other record.
func ReadRecords(t testing.TB, s *store.Store, allowed func(engine.Record) bool) Records {
	t.Helper()
	out := Records{Steps: map[string]map[string]int{}, Answers: map[string]string{}, Emitted: map[string]string{}}
	for key, err := range s.List(t.Context(), "results/") {
		var rec engine.Record
		if err == nil {
			err = s.Get(t.Context(), key, &rec)
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Status != engine.Done && (allowed == nil || !allowed(rec)) {
			t.Errorf("%s: step %s is %s: %v", key, rec.Step, rec.Status, rec.Error)
		}
		if out.Steps[rec.Run] == nil {
			out.Steps[rec.Run] = map[string]int{}
		}
		out.Steps[rec.Run][rec.Step]++
		out.Answers[key] = rec.Event
		for name, ref := range rec.Outputs {
			if err := s.Verify(t.Context(), ref); err != nil {
				t.Errorf("%s: output %s: %v", key, name, err)
			}
		}
		for _, e := range rec.Events {
			if other, ok := out.Emitted[e.ID()]; ok {
				t.Errorf("event %s is in the records %s and %s", e.ID(), key, other)
			}
			out.Emitted[e.ID()] = key
			if events.RunOf(e) != rec.Run {
				t.Errorf("%s: its event %s is of run %s", key, e.ID(), events.RunOf(e))
			}
		}
	}
	return out
}

// Versions reads the versions of a model, which have to be without gaps and one
// for a run: it gives them by run.
func Versions(t testing.TB, s *store.Store, model string) map[string]int {
	t.Helper()
	versions, err := registry.New(s, nil).Versions(t.Context(), model)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for i, v := range versions {
		if v.Version != i+1 {
			t.Errorf("version %d follows version %d", v.Version, i)
		}
		if other, ok := of[v.Run]; ok {
			t.Errorf("run %s registered the versions %d and %d", v.Run, other, v.Version)
		}
		of[v.Run] = v.Version
	}
	return of
}

// NoFailures wants no dead letter, and nothing that is kept about an attempt.
func NoFailures(t testing.TB, s *store.Store) {
	t.Helper()
	for _, prefix := range []string{"deadletters/", "attempts/", "begun/"} {
		for key, err := range s.List(t.Context(), prefix) {
			t.Errorf("%s was left, %v", key, err)
		}
	}
}

// Acknowledged wants no event that a step of the pipeline has not acknowledged.
func Acknowledged(t testing.TB, b bus.Bus, pipeline string, steps []string) {
	t.Helper()
	for _, step := range steps {
		n, err := b.Pending(t.Context(), engine.SubscriptionName(pipeline, step))
		if n != 0 || err != nil {
			t.Errorf("step %s has %d events that are not acknowledged, %v", step, n, err)
		}
	}
}
