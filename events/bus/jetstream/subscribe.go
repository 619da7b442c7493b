package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/runnel-dev/runnel/events/bus"
)

// Subscribe implements bus.Bus. The events of a new subscription are those
// published from now on. A subscription with other filters than it had keeps
// its place; those events after it are delivered that match the new ones.
func (b *Bus) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	sub, err := sub.Check()
	if err != nil {
		return err
	}
	if !b.begin(&b.wg) {
		return bus.ErrClosed
	}
	if len(sub.Filters) > 0 {
		err = b.consume(ctx, sub)
	} else {
		sub.AckWait, err = b.find(ctx, sub.Name)
	}
	if err != nil || handle == nil {
		b.wg.Done()
		if err != nil {
			err = fmt.Errorf("subscribing %s: %w", sub.Name, err)
		}
		return err
	}
	s := &subscription{Subscription: sub, bus: b, handle: handle}
	// Each puller asks for one message and sees it settled before it asks for the
	// next. That as many requests wait at the server as may be in flight makes it
	// fast: a single puller gets a message a round trip.
	pullers := make([]*puller, sub.MaxInFlight)
	for i := range pullers {
		if pullers[i], err = newPuller(b, sub.Name); err != nil {
			for _, p := range pullers[:i] {
				p.stop()
			}
			b.wg.Done()
			return fmt.Errorf("subscribing %s: %w", sub.Name, err)
		}
	}
	go func() {
		defer b.wg.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer context.AfterFunc(b.done, cancel)()
		var running sync.WaitGroup
		for _, p := range pullers {
			running.Go(func() { s.run(ctx, p) })
		}
		running.Wait()
		cancel()
	}()
	return nil
}

// consume makes or updates the durable consumer.
func (b *Bus) consume(ctx context.Context, sub bus.Subscription) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	subjects := make([]string, len(sub.Filters))
	for i, f := range sub.Filters {
		var err error
		if subjects[i], err = subject(b.prefix, f); err != nil {
			return err
		}
	}
	slices.Sort(subjects)
	_, err := b.js.CreateOrUpdateConsumer(ctx, b.opts.Stream, jetstream.ConsumerConfig{
		Durable:        sub.Name,
		FilterSubjects: subjects,
		DeliverPolicy:  jetstream.DeliverNewPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        sub.AckWait,
		MaxDeliver:     -1, // whoever handles them bounds the attempts
		MaxAckPending:  -1, // each process bounds its own; events that wait for a retry must not block others
	})
	return err
}

// find gives the AckWait of a durable consumer that others made.
func (b *Bus) find(ctx context.Context, name string) (ackWait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	c, err := b.js.Consumer(ctx, b.opts.Stream, name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		err = bus.ErrNoSubscription
	}
	if err != nil {
		return 0, err
	}
	return c.CachedInfo().Config.AckWait, nil
}

// A subscription is one call of Subscribe.
type subscription struct {
	bus.Subscription
	bus    *Bus
	handle func(context.Context, bus.Delivery)
}

// run delivers what the puller gets until ctx ends or the subscription is removed.
func (s *subscription) run(ctx context.Context, p *puller) {
	for {
		msg, err := p.next(ctx)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, errGone) {
				s.bus.opts.Logger.Error("event bus: subscription ends", "subscription", s.Name, "err", err)
			}
			for _, msg := range p.stop() {
				s.handBack(msg)
			}
			return
		}
		s.deliver(ctx, msg)
	}
}

// deliver has one message handled, and returns when it is settled or comes again.
func (s *subscription) deliver(ctx context.Context, msg *nats.Msg) {
	d, err := newDelivery(s, msg)
	if err != nil {
		// Nobody could ever handle it, and no event of ours looks like that.
		s.bus.opts.Logger.Error("event bus: dropping a message that is no event", "subject", msg.Subject, "err", err)
		msg.Respond([]byte("+TERM not an event"))
		return
	}
	s.handle(ctx, d)
	if !d.hold.Wait(ctx) {
		s.handBack(msg)
	}
}

// handBack makes a message come again now, here or elsewhere. The server forgets
// a plain -NAK when it restarts, and would wait for AckWait then; a delay it keeps.
func (s *subscription) handBack(msg *nats.Msg) {
	if _, err := s.bus.nc.Request(msg.Reply, []byte(`-NAK {"delay":1}`), opTimeout); err != nil {
		s.bus.opts.Logger.Warn("event bus: handing an event back; it comes again after AckWait", "subscription", s.Name, "err", err)
	}
}
