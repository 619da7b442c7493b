package awsbus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/hold"
)

// A delivery is a bus.Delivery.
type delivery struct {
	s        *subscription
	receipt  *string
	event    events.Event
	attempt  int
	received time.Time
	hold     *hold.Hold
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
	return &delivery{s: s, receipt: msg.ReceiptHandle, event: e, attempt: n, received: time.Now(), hold: hold.New(e.ID(), s.AckWait)}, nil
}

func (d *delivery) Event() events.Event { return d.event }

func (d *delivery) Attempt() int { return d.attempt }

func (d *delivery) Ack(ctx context.Context) error {
	return d.hold.Settle(func() error {
		return d.tell(ctx, "acknowledging", "sqs:DeleteMessage", func(ctx context.Context) error {
			_, err := d.s.bus.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(d.s.url), ReceiptHandle: d.receipt})
			return err
		})
	})
}

func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	delay = max(delay, patience(d.attempt))
	return d.hold.Settle(func() error {
		return d.tell(ctx, "retrying", "sqs:ChangeMessageVisibility", func(ctx context.Context) error {
			err := d.show(ctx, delay)
			if expired(err) { // AckWait is over, so it comes anyway
				return nil
			}
			return err
		})
	})
}

// patience is what an event that came often waits at least, so that a long
// outage does not use up the receives after which SQS gives up: they last 4 days.
func patience(attempt int) time.Duration {
	const free = 100
	return min(time.Duration(max(0, attempt-free))*time.Second, 15*time.Minute)
}

func (d *delivery) Extend(ctx context.Context) error {
	return d.hold.Extend(func() error {
		return d.tell(ctx, "extending", "sqs:ChangeMessageVisibility", func(ctx context.Context) error { return d.show(ctx, d.s.AckWait) })
	})
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

func (d *delivery) tell(ctx context.Context, doing, action string, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s event %s: %w", doing, d.event.ID(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, d.s.bus.opts.Timeout)
	defer cancel()
	return failure(doing+" event "+d.event.ID(), action, "the queue "+QueueName(d.s.bus.opts.Prefix, d.s.Name), do(ctx))
}

// handBack makes the message come again now, here or elsewhere.
func (d *delivery) handBack() {
	ctx, cancel := context.WithTimeout(context.Background(), d.s.bus.opts.Timeout)
	defer cancel()
	if err := d.show(ctx, 0); err != nil && !expired(err) && !gone(err) {
		d.s.bus.opts.Logger.Warn("event bus: handing an event back; it comes again after AckWait", "subscription", d.s.Name, "err", err)
	}
}
