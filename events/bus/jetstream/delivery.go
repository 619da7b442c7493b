package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/hold"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

// A delivery is a bus.Delivery.
type delivery struct {
	nc      *nats.Conn
	reply   string // subject that takes what becomes of it
	event   events.Event
	attempt int
	hold    *hold.Hold
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
		nc: s.bus.nc, reply: msg.Reply, event: e, attempt: int(meta.NumDelivered), hold: hold.New(e.ID(), s.AckWait),
	}, nil
}

func (d *delivery) Event() events.Event { return d.event }

func (d *delivery) Attempt() int { return d.attempt }

func (d *delivery) Ack(ctx context.Context) error {
	return d.hold.Settle(func() error { return d.tell(ctx, "acknowledging", "+ACK") })
}

func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	answer := "-NAK"
	if delay > 0 {
		answer = fmt.Sprintf(`-NAK {"delay":%d}`, delay)
	}
	return d.hold.Settle(func() error { return d.tell(ctx, "retrying", answer) })
}

func (d *delivery) Extend(ctx context.Context) error {
	return d.hold.Extend(func() error { return d.tell(ctx, "extending", "+WPI") })
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
