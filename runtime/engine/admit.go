package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// patience is how long a step waits for room in its host, until its event is
// given back for a while.
const patience = 30 * time.Second

// admit waits for room in a host that has so much of it, which counts neither as
// time of the attempt nor as an attempt.
func (t *task) admit(ctx context.Context, h host.Host) (with context.Context, leave func(), err error) {
	a, ok := h.(host.Admitter)
	if !ok {
		return ctx, func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	room, err := a.Admit(waiting, t.s.Fn, t.s.Memory)
	switch {
	case err == nil:
		return host.WithRoom(ctx, room), room.Leave, nil
	case ctx.Err() != nil:
		return ctx, nil, &retryLater{0, fmt.Errorf("the node stops: %w", ctx.Err())}
	case waiting.Err() != nil || errors.Is(err, host.ErrFull):
		return ctx, nil, &retryLater{infraWait, fmt.Errorf("host %s has no room yet: %w", h.Name(), err)}
	}
	return ctx, nil, err
}

// warm makes hosts ready for the pipelines' steps, one after another, in the
// background. What goes wrong is left to the first event to tell.
func (e *Engine) warm(ctx context.Context, ps ...*pipeline.Pipeline) {
	var steps []*pipeline.BoundStep
	for _, p := range ps {
		for _, s := range p.Steps {
			if _, ok := e.hosts[s.Host].(host.Warmer); ok && e.serves(s) {
				steps = append(steps, s)
			}
		}
	}
	if len(steps) == 0 {
		return
	}
	go func() {
		for _, s := range steps {
			if ctx.Err() != nil {
				return
			}
			if err := e.warmStep(ctx, s); err != nil {
				e.Log.Debug("a host is not ready before its first event", "host", s.Host, "function", s.Function, "error", err)
			}
		}
	}()
}

func (e *Engine) warmStep(ctx context.Context, s *pipeline.BoundStep) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	return e.hosts[s.Host].(host.Warmer).Warm(ctx, s.Fn, s.Memory, e.Store.Open)
}
