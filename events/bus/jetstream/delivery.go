package jetstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

// A delivery is a bus.Delivery.
type delivery struct {
	nc      *nats.Conn
	reply   string // subject that takes what becomes of it
	event   events.Event
	attempt int
	ackWait time.Duration

	mu       sync.Mutex
	settled  bool
	over     chan struct{} // closed when settled
	deadline time.Time     // when AckWait is over
}

var _ bus.Delivery = (*delivery)(nil)

func newDelivery(s *subscription, msg *nats.Msg) (*delivery, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, err
	}
	e, err := structured.Decode(msg.Data)
	if err != nil {
		return nil, err
	}
	return &delivery{
		nc: s.bus.nc, reply: msg.Reply, event: e, attempt: int(meta.NumDelivered), ackWait: s.AckWait,
		over: make(chan struct{}), deadline: time.Now().Add(s.AckWait),
	}, nil
}

func (d *delivery) Event() events.Event { return d.event }

func (d *delivery) Attempt() int { return d.attempt }

func (d *delivery) Ack(ctx context.Context) error { return d.settle(ctx, "acknowledging", "+ACK") }

func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	answer := "-NAK"
	if delay > 0 {
		answer = fmt.Sprintf(`-NAK {"delay":%d}`, delay)
	}
	return d.settle(ctx, "retrying", answer)
}

func (d *delivery) Extend(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.settled {
		return d.errSettled()
	}
	if err := d.tell(ctx, "extending", "+WPI"); err != nil {
		return err
	}
	d.deadline = time.Now().Add(d.ackWait)
	return nil
}

// settle ends the delivery. After an error it may be tried again.
func (d *delivery) settle(ctx context.Context, doing, answer string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.settled {
		return d.errSettled()
	}
	if err := d.tell(ctx, doing, answer); err != nil {
		return err
	}
	d.settled = true
	close(d.over)
	return nil
}

func (d *delivery) errSettled() error {
	return fmt.Errorf("event %s: this delivery was settled before", d.event.ID())
}

// tell sends an answer and waits until the server has noted it.
func (d *delivery) tell(ctx context.Context, doing, answer string) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err := d.nc.RequestWithContext(ctx, d.reply, []byte(answer))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrConnectionClosed):
		err = bus.ErrClosed
	case errors.Is(err, nats.ErrNoResponders):
		err = fmt.Errorf("its subscription is gone: %w", err)
	}
	return fmt.Errorf("%s event %s: %w", doing, d.event.ID(), err)
}

// wait returns when the delivery is settled or its AckWait is over, or returns
// false when ctx ends first.
func (d *delivery) wait(ctx context.Context) bool {
	for {
		d.mu.Lock()
		left := time.Until(d.deadline)
		d.mu.Unlock()
		select {
		case <-d.over:
			return true
		default:
		}
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-d.over:
			timer.Stop()
			return true
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}
