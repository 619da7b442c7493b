package serve

import (
	"context"
	"fmt"
	"time"
)

// bridge answers an event that EventBridge delivers to the function without a
// queue. Lambda tries a failed one three times at most: so what has to be tried
// again is, here, as long as the invocation lasts.
func (s *Server) bridge(ctx context.Context, payload []byte) error {
	w, err := s.asStep(ctx)
	if err != nil {
		return err
	}
	ev, err := s.incoming(ctx, w, string(payload))
	if ev == nil || err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		d := &delivery{event: *ev, attempt: attempt, again: func(context.Context, time.Duration) error { return nil }}
		w.engine.Deliver(ctx, s.config.name, s.config.step, d)
		if d.acked {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < 2*d.delay {
			return fmt.Errorf("event %s is not answered yet: it has to come again", ev.ID())
		}
		select {
		case <-time.After(d.delay):
		case <-ctx.Done():
			return fmt.Errorf("event %s is not answered yet: it has to come again: %w", ev.ID(), ctx.Err())
		}
	}
}
