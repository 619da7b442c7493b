package guest

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

type drafter struct{ *steptest.Env }

func (drafter) Drafts() {}

// TestDrafts: the host is asked for the same by drafts as by whole events.
func TestDrafts(t *testing.T) {
	type params struct {
		Large int `json:"large"`
	}
	fn := step.New("many", func(_ context.Context, call *step.Call, p params) error {
		one := func(name string) events.Payload {
			return events.DatasetCleanedData{Dataset: events.Dataset{Name: name + strings.Repeat("x", p.Large)}}
		}
		for _, emit := range []func() error{
			func() error { return call.Emit(one("a")) },
			func() error { return call.EmitSet(one("b"), one("c")) },
			func() error { return call.EmitSet(one("d")) },
			func() error { return call.Emit(one("e")) },
		} {
			if err := emit(); err != nil {
				return err
			}
		}
		return nil
	}, step.Accepts(events.DatasetIngested), step.Emits(events.DatasetCleaned))
	for _, member := range []bool{false, true} {
		root, err := events.NewRoot("/tests", "s", steptest.Time(), events.DatasetIngestedData{}, "x")
		if err != nil {
			t.Fatal(err)
		}
		if member {
			events.Enter(&root, events.Set{ID: "0", Size: 2, Index: 1})
		}
		run := func(env step.Env, large int) (step.Result, error) {
			return fn.Run(t.Context(), step.Invocation{Event: root, Params: map[string]any{"large": large}, Time: steptest.Time()}, env)
		}
		whole, err := run(steptest.New(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		drafts, err := run(drafter{steptest.New(t)}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := emissions(drafts.Events), emissions(whole.Events); len(want) != 4 || !reflect.DeepEqual(got, want) {
			t.Errorf("a member of a set %v: asked for %+v, want %+v", member, got, want)
		}
		if _, err := run(drafter{steptest.New(t)}, events.MaxSize); err == nil || !strings.Contains(err.Error(), "put the data into an artifact") {
			t.Errorf("a large event: %v", err)
		}
	}
}
