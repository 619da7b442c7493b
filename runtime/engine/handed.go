package engine

import (
	"context"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/pipeline"
)

// Adopt makes the pipelines the current ones of their names, as Start does, and
// subscribes to nothing: it is for a process that is handed its events, such as
// a Lambda. See Deliver.
func (e *Engine) Adopt(ctx context.Context, ps ...*pipeline.Pipeline) error {
	for _, p := range ps {
		if err := e.prepare(ctx, p); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range ps {
		e.current[p.Name] = p
	}
	return nil
}

// Deliver takes a delivery to a step to its end, in the same order of effects as
// the deliveries of the engine's own subscriptions: it returns after d.Ack or
// d.Retry. An attempt ends early enough for what came of it to be recorded
// before the deadline of ctx.
func (e *Engine) Deliver(ctx context.Context, pipeline, step string, d bus.Delivery) {
	w := worker{e, pipeline, step}
	w.deliver(ctx, d)
}

// reserve is what is left of a context's deadline to record what came of an
// attempt; of a short one, a quarter is.
const reserve = 10 * time.Second

// limit is the time that an attempt may take: the step's, or less where the
// context ends before.
func (t *task) limit(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return t.s.Timeout
	}
	left := time.Until(deadline)
	return min(t.s.Timeout, left-min(reserve, left/4))
}
