package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

// A delivery is a bus.Delivery. The bus's mutex guards what changes.
type delivery struct {
	q       *queue
	it      *item
	event   events.Event
	attempt int
	ackWait time.Duration
	timer   *time.Timer   // of AckWait
	over    chan struct{} // closed when the delivery is settled or given up on
	settled bool          // by Ack or Retry
	ended   bool          // over is closed
}

func (d *delivery) Event() events.Event { return d.event }

func (d *delivery) Attempt() int { return d.attempt }

func (d *delivery) Ack(ctx context.Context) error {
	return d.settle(ctx, func() { delete(d.q.unsettled, d.it) })
}

func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	return d.settle(ctx, func() {
		if d.ended { // AckWait is over, so it comes anyway
			return
		}
		if delay <= 0 {
			d.q.push(d.it)
			return
		}
		time.AfterFunc(delay, func() {
			d.q.bus.mu.Lock()
			defer d.q.bus.mu.Unlock()
			d.q.push(d.it)
		})
	})
}

func (d *delivery) Extend(ctx context.Context) error {
	return d.locked(ctx, func() {
		if !d.ended {
			d.timer.Reset(d.ackWait)
		}
	})
}

// settle does what Ack or Retry asks for and ends the delivery.
func (d *delivery) settle(ctx context.Context, do func()) error {
	return d.locked(ctx, func() {
		d.settled = true
		do()
		d.end()
	})
}

// locked does something with a delivery that is not settled yet.
func (d *delivery) locked(ctx context.Context, do func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.q.bus.mu.Lock()
	defer d.q.bus.mu.Unlock()
	if d.q.bus.ended {
		return bus.ErrClosed
	}
	if d.settled {
		return fmt.Errorf("event %s: this delivery was settled before", d.event.ID())
	}
	do()
	return nil
}

// giveUp makes the event come again at once.
func (d *delivery) giveUp() {
	d.q.bus.mu.Lock()
	defer d.q.bus.mu.Unlock()
	if d.ended {
		return
	}
	d.end()
	d.q.push(d.it)
}

// end frees the place of the delivery. The mutex is held.
func (d *delivery) end() {
	if !d.ended {
		d.ended = true
		d.timer.Stop()
		close(d.over)
	}
}
