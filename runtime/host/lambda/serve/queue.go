package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel-dev/runnel/events"
)

// queue answers a batch of messages, all at once. Those that it names in the
// response come again; SQS deletes the others.
func (s *Server) queue(ctx context.Context, payload []byte) (lambdaevents.SQSEventResponse, error) {
	resp := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
	var in lambdaevents.SQSEvent
	if err := json.Unmarshal(payload, &in); err != nil {
		return resp, fmt.Errorf("messages of SQS: %w", err)
	}
	w, err := s.asStep(ctx)
	if err != nil {
		return resp, err
	}
	done := make([]bool, len(in.Records))
	var working sync.WaitGroup
	for i, m := range in.Records {
		working.Go(func() { done[i] = s.message(ctx, w, m) })
	}
	working.Wait()
	for i, m := range in.Records {
		if !done[i] {
			resp.BatchItemFailures = append(resp.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return resp, nil
}

// message answers one message, and reports whether its effects stand.
func (s *Server) message(ctx context.Context, w *world, m lambdaevents.SQSMessage) bool {
	again := func(ctx context.Context, delay time.Duration) error { return w.hide(ctx, m, delay) }
	attempt, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil {
		attempt = 1
	}
	ev, err := s.incoming(ctx, w, m.Body)
	if err == nil && ev == nil {
		return true
	}
	if err != nil {
		s.log.Error("a message is no event: it goes to the queue's dead letters in the end", "message", m.MessageId, "error", err.Error())
		_ = again(ctx, infraWait) // failing that, it comes again when its visibility timeout is over
		return false
	}
	d := &delivery{event: *ev, attempt: attempt, again: again}
	w.engine.Deliver(ctx, s.config.name, s.config.step, d)
	return d.acked
}

// infraWait is the wait after what is not the step's fault.
const infraWait = 5 * time.Second

// hide has a message come again after the delay, rather than after the queue's
// visibility timeout.
func (w *world) hide(ctx context.Context, m lambdaevents.SQSMessage, delay time.Duration) error {
	region, name, err := queueOf(m.EventSourceARN)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(w.aws, func(o *sqs.Options) { o.Region = region })
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name)})
	if err != nil {
		return fmt.Errorf("queue %s: %w", name, err)
	}
	_, err = client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: found.QueueUrl, ReceiptHandle: aws.String(m.ReceiptHandle), VisibilityTimeout: int32((delay + time.Second - 1) / time.Second),
	})
	if err != nil {
		return fmt.Errorf("queue %s: putting a message off: %w", name, err)
	}
	return nil
}

// queueOf takes arn:aws:sqs:region:account:name apart.
func queueOf(arn string) (region, name string, err error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "sqs" {
		return "", "", errors.New("the message does not say its queue: " + arn)
	}
	return parts[3], parts[5], nil
}

// A delivery is an event that the function was handed.
type delivery struct {
	event   events.Event
	attempt int
	again   func(ctx context.Context, delay time.Duration) error
	acked   bool
	delay   time.Duration // where it comes again
}

// Event implements bus.Delivery.
func (d *delivery) Event() events.Event { return d.event }

// Attempt implements bus.Delivery.
func (d *delivery) Attempt() int { return d.attempt }

// Ack implements bus.Delivery.
func (d *delivery) Ack(context.Context) error {
	d.acked = true
	return nil
}

// Retry implements bus.Delivery.
func (d *delivery) Retry(ctx context.Context, delay time.Duration) error {
	d.delay = delay
	return d.again(ctx, delay)
}

// Extend implements bus.Delivery: the queue's visibility timeout is longer than
// any invocation.
func (d *delivery) Extend(context.Context) error { return nil }
