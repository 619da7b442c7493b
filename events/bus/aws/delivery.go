package awsbus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

// A delivery is a bus.Delivery.
type delivery struct {
	s        *subscription
	receipt  *string
	event    events.Event
	attempt  int
	received time.Time

	mu       sync.Mutex
	settled  bool
	over     chan struct{} // closed when settled
	deadline time.Time     // when AckWait is over
}

var _ bus.Delivery = (*delivery)(nil)

func newDelivery(s *subscription, msg types.Message) (*delivery, error) {
	e, err := Decode(aws.ToString(msg.Body))
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(msg.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		return nil, fmt.Errorf("how often the message was received: %w", err)
	}
	now := time.Now()
	return &delivery{s: s, receipt: msg.ReceiptHandle, event: e, attempt: n, received: now, over: make(chan struct{}), deadline: now.Add(s.AckWait)}, nil
}

func (d *delivery) Event() events.Event { return d.event }

func (d *delivery) Attempt() int { return d.attempt }

func (d *delivery) Ack(ctx context.Context) error {
	return d.settle(ctx, "acknowledging", "sqs:DeleteMessage", func(ctx context.Context) error {
		_, err := d.s.bus.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(d.s.url), ReceiptHandle: d.receipt})
		return err
	})
}

func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	delay = max(delay, patience(d.attempt))
	return d.settle(ctx, "retrying", "sqs:ChangeMessageVisibility", func(ctx context.Context) error {
		err := d.show(ctx, delay)
		if expired(err) { // AckWait is over, so it comes anyway
			return nil
		}
		return err
	})
}

// patience is what an event that came often waits at least, so that a long
// outage does not use up the receives after which SQS gives up: they last 4 days.
func patience(attempt int) time.Duration {
	const free = 100
	return min(time.Duration(max(0, attempt-free))*time.Second, 15*time.Minute)
}

func (d *delivery) Extend(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.settled {
		return d.errSettled()
	}
	err := d.tell(ctx, "extending", "sqs:ChangeMessageVisibility", func(ctx context.Context) error { return d.show(ctx, d.s.AckWait) })
	if err != nil {
		return err
	}
	d.deadline = time.Now().Add(d.s.AckWait)
	return nil
}

// show makes the message visible again after the delay, or as long as SQS can hide it.
func (d *delivery) show(ctx context.Context, delay time.Duration) error {
	left := maxInvisible - time.Since(d.received) - time.Minute
	_, err := d.s.bus.sqs.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: aws.String(d.s.url), ReceiptHandle: d.receipt, VisibilityTimeout: seconds(min(delay, left)),
	})
	return err
}

// expired reports whether the message is not ours any more.
func expired(err error) bool {
	var notInflight *types.MessageNotInflight
	var invalid *types.ReceiptHandleIsInvalid
	return errors.As(err, &notInflight) || errors.As(err, &invalid)
}

// settle ends the delivery. After an error it may be tried again.
func (d *delivery) settle(ctx context.Context, doing, action string, do func(context.Context) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.settled {
		return d.errSettled()
	}
	if err := d.tell(ctx, doing, action, do); err != nil {
		return err
	}
	d.settled = true
	close(d.over)
	return nil
}

func (d *delivery) errSettled() error {
	return fmt.Errorf("event %s: this delivery was settled before", d.event.ID())
}

func (d *delivery) tell(ctx context.Context, doing, action string, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s event %s: %w", doing, d.event.ID(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	return failure(doing+" event "+d.event.ID(), action, "the queue "+QueueName(d.s.bus.opts.Prefix, d.s.Name), do(ctx))
}

// wait returns true when the delivery is settled or its AckWait is over, and
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

// handBack makes the message come again now, here or elsewhere.
func (d *delivery) handBack() {
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	if err := d.show(ctx, 0); err != nil && !expired(err) && !gone(err) {
		d.s.bus.opts.Logger.Warn("event bus: handing an event back; it comes again after AckWait", "subscription", d.s.Name, "err", err)
	}
}
