package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// An event whose pipeline asks for a function that the program does not have any
// more is a dead letter after a few tries, and goes on where the function is back.
func TestAPipelineThatNoLongerFits(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), filepath.Join(dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const yaml = "name: chain\nsteps:\n  - name: first\n  - {name: second, function: other}\n"
	begin := func(yaml string, without ...string) *rig {
		return newRig(t, yaml, func(c *engine.Config) {
			c.Bus, c.Store = openBus(t, filepath.Join(dir, "bus")), s
			for _, name := range without {
				delete(c.Functions, name)
			}
		})
	}
	r := begin(yaml)
	begun := make(chan struct{}, 1)
	r.set("second", func(ctx context.Context, _ *step.Call) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	run := r.accept("a.csv")
	<-begun
	r.stop()

	r = begin("name: chain\nsteps:\n  - name: first\n  - name: second\n", "other")
	st := r.wait(run, engine.Failed)
	if len(st.Steps) != 2 || st.Steps[1].Step != "second" || st.Steps[1].Error.Class != step.ClassPermanent ||
		!strings.Contains(st.Steps[1].Error.Message, "this program cannot run version ") || !strings.Contains(st.Steps[1].Error.Message, `no function "other"`) {
		t.Errorf("%+v", st.Steps)
	}
	settled(t, r.bus, "second")
	if err := r.engine.Cancel(r.ctx, run); !errors.Is(err, store.ErrConflict) {
		t.Errorf("cancelling what failed: %v", err)
	}
	letter := st.Steps[1].DeadLetter
	r.stop()

	r = begin(yaml)
	if _, err := r.engine.Redrive(r.ctx, letter); err != nil {
		t.Fatal(err)
	}
	r.wait(run, engine.Succeeded)
	if r.count("second") != 1 {
		t.Errorf("second ran %d times", r.count("second"))
	}
}

// A definition that binds to another one in this program, for a function has got
// a param since, say, is still the version that events and records name.
func TestAVersionKeepsItsName(t *testing.T) {
	r := newRig(t, chain, nil)
	p, err := pipeline.Parse("chain.yaml", strings.NewReader(strings.Replace(chain, "attempts: 3", "attempts: 2", 1)), r.functions)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.store.Create(t.Context(), store.Key("pipelines", "before"), p.Spec); err != nil {
		t.Fatal(err)
	}
	p.Version = "before"
	ev := engine.Addressed(r.event("a.csv"), p)
	if err := r.engine.Accept(r.ctx, ev); err != nil {
		t.Fatal(err)
	}
	for _, rec := range r.wait(ev.ID(), engine.Succeeded).Steps {
		if rec.Version != "before" {
			t.Errorf("step %s was recorded as of version %s", rec.Step, rec.Version)
		}
	}
}
