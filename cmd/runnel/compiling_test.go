package main

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// told keeps the progress that it is told of. Its other methods are not called.
type told struct {
	step.Env
	mu    sync.Mutex
	units []string
}

func (t *told) Progress(p step.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.units = append(t.units, p.Unit)
}

func (t *told) Open(_ context.Context, _ events.Ref) (step.Blob, error) { return nil, nil }

// TestStarting says that a guest is compiled where it takes longer than a moment
// until it asks for something, and never after that.
func TestStarting(t *testing.T) {
	for name, c := range map[string]struct {
		module, opened string
		after          time.Duration
		want           []string
	}{
		"from the cache":         {"", "table", aMoment / 2, nil},
		"compiled":               {"", "table", 3 * aMoment, []string{compiling, ""}},
		"its own module is read": {"module", "module", aMoment / 2, []string{compiling, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				env := &told{}
				s := startingWith(env, c.module)
				time.Sleep(c.after)
				if _, err := s.Open(t.Context(), events.Ref{Digest: c.opened}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * aMoment)
				s.started() // as when the guest ends
				synctest.Wait()
				if !slices.Equal(env.units, c.want) {
					t.Errorf("it was told %q, want %q", env.units, c.want)
				}
			})
		})
	}
}
