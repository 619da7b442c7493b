package engine

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/store"
)

// An event names the version of the pipeline that it belongs to, and what is
// stored of that version may ask for a function or a param that this program does
// not have, after an upgrade or a downgrade. Another worker on the same bus may
// have it, so the event is left to others a few times. Then it is a dead letter,
// which a program that has it can redrive.

// maxUnfit is how often such an event is delivered before it is given up on.
const maxUnfit = 5

// unfit is the error of a version that this program cannot run.
type unfit struct {
	spec    pipeline.Spec
	version string
	err     error
}

func (u *unfit) Error() string {
	return fmt.Sprintf("this program cannot run version %.8s of pipeline %s: %v (redrive the event with a program that can, or upload the table again)", u.version, u.spec.Name, u.err)
}

func (u *unfit) Unwrap() error { return u.err }

// bind makes t a task that can be given up on, and nothing else; it is false
// where the version has no such step.
func (u *unfit) bind(t *task) bool {
	t.p = &pipeline.Pipeline{Spec: u.spec, Version: u.version}
	for _, s := range u.spec.Steps {
		if s.Name == t.step {
			s.Join = false // its set cannot be gathered
			t.s = &pipeline.BoundStep{Step: s}
			t.unfit = u
			return true
		}
	}
	return false
}

// unfitStatus tells what is on record of a run by a version that cannot be
// walked. What it waits for is not known unless it was given up on.
func (st *Status) unfitStatus(ctx context.Context, s *store.Store, u *unfit) error {
	failed := false
	for key, err := range s.List(ctx, resultKey(st.ID+".")) {
		if err != nil {
			return err
		}
		var rec Record
		if err := s.Get(ctx, key, &rec); err != nil {
			return err
		}
		if rec.Pipeline == u.spec.Name {
			st.Steps = append(st.Steps, rec)
			failed = failed || rec.Status == Failed
		}
	}
	if !failed {
		st.Pending = append(st.Pending, Pending{Pipeline: u.spec.Name, Event: st.Event.ID()})
	}
	return nil
}
