package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	messages, err := b.messages(ctx, sub)
	if err != nil {
		b.wg.Done()
		return fmt.Errorf("subscribing %s: %w", sub.Name, err)
	}
	s := &subscription{Subscription: sub, bus: b, messages: messages, handle: handle, slots: make(chan struct{}, sub.MaxInFlight)}
	go func() {
		defer b.wg.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(b.done, cancel)()
		s.run(ctx)
	}()
	return nil
}

// messages makes or updates the durable consumer and begins to pull from it.
func (b *Bus) messages(ctx context.Context, sub bus.Subscription) (jetstream.MessagesContext, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	subjects := make([]string, len(sub.Filters))
	for i, f := range sub.Filters {
		var err error
		if subjects[i], err = subject(b.prefix, f); err != nil {
			return nil, err
		}
	}
	slices.Sort(subjects)
	consumer, err := b.js.CreateOrUpdateConsumer(ctx, b.opts.Stream, jetstream.ConsumerConfig{
		Durable:        sub.Name,
		FilterSubjects: subjects,
		DeliverPolicy:  jetstream.DeliverNewPolicy,
		AckPolicy:      jetstream.AckExplicitPolicy,
		AckWait:        sub.AckWait,
		MaxDeliver:     -1, // whoever handles them bounds the attempts
		MaxAckPending:  -1, // each process bounds its own; events that wait for a retry must not block others
	})
	if err != nil {
		return nil, err
	}
	// One at a time, asked for when there is a slot: what is fetched ahead would
	// wait here while another process could handle it, and its AckWait runs.
	return consumer.Messages(jetstream.PullMaxMessages(1))
}

// A subscription is one call of Subscribe.
type subscription struct {
	bus.Subscription
	bus      *Bus
	messages jetstream.MessagesContext
	handle   func(context.Context, bus.Delivery)
	slots    chan struct{} // holds one for each delivery that is not settled
}

// run delivers until ctx ends or the subscription is removed.
func (s *subscription) run(ctx context.Context) {
	for {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			s.handBack()
			return
		}
		msg, err := s.messages.Next(jetstream.NextContext(ctx))
		switch {
		case err == nil:
			s.bus.wg.Go(func() {
				defer func() { <-s.slots }()
				s.deliver(ctx, msg)
			})
			continue
		case ctx.Err() != nil:
			s.handBack()
			return
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			// The server is away or has just come back: ask again.
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrMsgIteratorClosed):
			s.messages.Stop()
			return
		default:
			s.bus.opts.Logger.Warn("event bus: subscription", "name", s.Name, "err", err)
		}
		<-s.slots
	}
}

// handBack returns what was on its way when the subscriber ended, so that
// others get it now.
func (s *subscription) handBack() {
	s.messages.Drain()
	for {
		msg, err := s.messages.Next()
		if err != nil {
			return
		}
		s.handBackOne(msg)
	}
}

// handBackOne makes a message come again now. The server forgets a plain -NAK
// when it restarts, and would wait for AckWait then; a delay it keeps.
func (s *subscription) handBackOne(msg jetstream.Msg) {
	if _, err := s.bus.nc.Request(msg.Reply(), []byte(`-NAK {"delay":1}`), opTimeout); err != nil {
		s.bus.opts.Logger.Warn("event bus: handing an event back; it comes again after AckWait", "subscription", s.Name, "err", err)
	}
}

// deliver has one message handled, and returns when it is settled or comes again.
func (s *subscription) deliver(ctx context.Context, msg jetstream.Msg) {
	d, err := newDelivery(s, msg)
	if err != nil {
		// Nobody could ever handle it, and no event of ours looks like that.
		s.bus.opts.Logger.Error("event bus: dropping a message that is no event", "subject", msg.Subject(), "err", err)
		msg.TermWithReason("not an event")
		return
	}
	s.handle(ctx, d)
	if !d.wait(ctx) {
		s.handBackOne(msg)
	}
}
