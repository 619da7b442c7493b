package awsbus

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events/bus"
)

const (
	maxReceive   = 10                     // messages of one request
	firstPause   = 250 * time.Millisecond // after a request that failed,
	longestPause = 5 * time.Second        // and after many
)

// Subscribe implements bus.Bus. With Options.Provision it makes what is not
// there, and changes the filters of what is; otherwise the filters are those of
// the deployed rule.
func (b *Bus) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	sub, err := sub.Check()
	if err != nil {
		return err
	}
	if !b.begin() {
		return bus.ErrClosed
	}
	s := &subscription{Subscription: sub, bus: b, handle: handle, slots: make(chan struct{}, sub.MaxInFlight)}
	if err := s.stand(ctx); err != nil {
		b.wg.Done()
		return fmt.Errorf("subscribing %s: %w", sub.Name, err)
	}
	if handle == nil {
		b.wg.Done()
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	polling, leave := context.WithCancel(ctx)
	s.leave = leave
	b.mu.Lock()
	b.served[s] = true
	b.mu.Unlock()
	go func() {
		defer b.wg.Done()
		defer func() {
			b.mu.Lock()
			delete(b.served, s)
			b.mu.Unlock()
		}()
		defer cancel()
		defer context.AfterFunc(b.done, cancel)()
		s.run(ctx, polling)
	}()
	return nil
}

// A subscription is one call of Subscribe.
type subscription struct {
	bus.Subscription
	bus     *Bus
	url     string // of the queue
	handle  func(context.Context, bus.Delivery)
	slots   chan struct{}  // one for each delivery that is not settled
	running sync.WaitGroup // deliveries
	leave   func()         // takes no more messages, and leaves handlers alone
}

// stand makes or finds the queue.
func (s *subscription) stand(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*s.bus.opts.Timeout) // for a dozen requests
	defer cancel()
	if s.bus.opts.Provision && len(s.Filters) > 0 {
		if err := s.bus.provision(ctx, s.Subscription); err != nil {
			return err
		}
	}
	q, err := s.bus.find(ctx, s.Name, types.QueueAttributeNameVisibilityTimeout)
	if err != nil {
		return err
	}
	s.url = q.url
	if len(s.Filters) == 0 {
		n, err := strconv.Atoi(q.attributes[string(types.QueueAttributeNameVisibilityTimeout)])
		if err != nil {
			return fmt.Errorf("the visibility timeout of its queue: %w", err)
		}
		s.AckWait = time.Duration(n) * time.Second
	}
	s.AckWait = time.Duration(max(1, seconds(s.AckWait))) * time.Second
	return nil
}

// run delivers what the queue has until polling ends or the queue is removed; ctx
// is that of handlers.
func (s *subscription) run(ctx, polling context.Context) {
	defer s.running.Wait()
	pause := firstPause
	for {
		room := s.takeSlots(polling)
		if room == 0 {
			return
		}
		msgs, err := s.poll(polling, room)
		for range room - len(msgs) {
			<-s.slots
		}
		for _, m := range msgs {
			s.running.Go(func() {
				defer func() { <-s.slots }()
				s.deliver(ctx, polling, m)
			})
		}
		switch {
		case polling.Err() != nil:
			return
		case gone(err):
			s.bus.opts.Logger.Warn("event bus: the subscription was removed", "subscription", s.Name)
			return
		case err == nil:
			pause = firstPause
			continue
		}
		s.bus.opts.Logger.Warn("event bus: receiving", "subscription", s.Name, "err", failure("receiving from "+s.url, "sqs:ReceiveMessage", "the queue", err))
		select {
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		case <-polling.Done():
			return
		}
	}
}

// takeSlots waits until there is room for a delivery, and takes as much as one
// request can fill; 0 when ctx ends.
func (s *subscription) takeSlots(ctx context.Context) (n int) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n = 1; n < maxReceive; n++ {
		select {
		case s.slots <- struct{}{}:
		default:
			return n
		}
	}
	return n
}

// poll waits for messages. A request that waits when ctx ends is given time to
// be answered: what SQS sends to a connection that is closed is lost to others
// until AckWait.
func (s *subscription) poll(ctx context.Context, room int) ([]types.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.bus.opts.Wait+s.bus.opts.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(s.bus.opts.Timeout / 10):
			cancel()
		case <-asking.Done():
		}
	})()
	out, err := s.bus.sqs.ReceiveMessage(asking, &sqs.ReceiveMessageInput{
		QueueUrl:                    aws.String(s.url),
		MaxNumberOfMessages:         int32(room),
		WaitTimeSeconds:             int32(s.bus.opts.Wait / time.Second),
		VisibilityTimeout:           seconds(s.AckWait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// deliver has one message handled, and returns when it is settled or comes again.
func (s *subscription) deliver(ctx, polling context.Context, msg types.Message) {
	d, err := newDelivery(s, msg)
	if err != nil {
		s.bury(ctx, msg, err)
		return
	}
	if polling.Err() == nil {
		s.handle(ctx, d)
		if d.hold.Wait(ctx) {
			return
		}
	}
	d.handBack()
}

// bury moves a message that is no event to the dead letters: nobody could ever
// handle it. Failing that, SQS does so some day.
func (s *subscription) bury(ctx context.Context, msg types.Message, why error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.bus.opts.Timeout)
	defer cancel()
	name := DeadLetterName(s.bus.opts.Prefix, s.Name)
	dead, err := s.bus.lookUp(ctx, name)
	if err == nil {
		_, err = s.bus.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(dead.url), MessageBody: msg.Body})
	}
	if err == nil {
		_, err = s.bus.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(s.url), ReceiptHandle: msg.ReceiptHandle})
	}
	if err != nil {
		s.bus.opts.Logger.Error("event bus: a message that is no event, and cannot be moved to the dead letters", "subscription", s.Name,
			"message", aws.ToString(msg.MessageId), "why", why, "err", failure("moving it to "+name, "sqs:SendMessage", name, err))
		return
	}
	s.bus.opts.Logger.Error("event bus: a message that is no event was moved to the dead letters", "subscription", s.Name, "message", aws.ToString(msg.MessageId), "why", why)
}
