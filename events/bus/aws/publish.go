package awsbus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

const (
	maxEntries   = 10 // of one request
	rounds       = 6  // tries of an event before Publish gives up on it
	firstBackoff = 100 * time.Millisecond
	atOnce       = 4 // requests
)

// A Publisher puts events on an EventBridge bus: all that a Lambda needs of a
// bus. It is safe for concurrent use.
type Publisher struct {
	client *eventbridge.Client
	opts   Options
}

// NewPublisher makes a publisher. It asks AWS nothing.
func NewPublisher(cfg aws.Config, opts *Options) (*Publisher, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Publisher{client: eventbridge.NewFromConfig(cfg), opts: o}, nil
}

// Publish returns nil once EventBridge has accepted every event. An event that
// is not valid or too large fails before any is sent. After another error, of
// class step.ClassRetryable where it may pass, some events may have been
// accepted: publishing all of them again is right.
func (p *Publisher) Publish(ctx context.Context, evs ...events.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	batches, err := p.batches(evs)
	if err != nil {
		return err
	}
	errs := make([]error, len(batches))
	slots := make(chan struct{}, atOnce)
	var sent sync.WaitGroup
	for i, b := range batches {
		slots <- struct{}{}
		sent.Go(func() {
			errs[i] = p.put(ctx, b)
			<-slots
		})
	}
	sent.Wait()
	return errors.Join(errs...)
}

// batches splits the entries of the events by what one request takes.
func (p *Publisher) batches(evs []events.Event) ([][]types.PutEventsRequestEntry, error) {
	var all [][]types.PutEventsRequestEntry
	var errs []error
	bytes := 0
	for _, e := range evs {
		entry, err := entryOf(e, p.opts.EventBus)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		size := entrySize(entry)
		if size > p.opts.MaxRequest {
			errs = append(errs, fmt.Errorf("event %q of type %q takes %d bytes of a request to EventBridge, which takes at most %d; store its data as an artifact and send a reference: %w",
				e.ID(), e.Type(), size, p.opts.MaxRequest, events.ErrTooLarge))
			continue
		}
		if n := len(all); n == 0 || len(all[n-1]) == maxEntries || bytes+size > p.opts.MaxRequest {
			all, bytes = append(all, nil), 0
		}
		all[len(all)-1] = append(all[len(all)-1], entry)
		bytes += size
	}
	return all, errors.Join(errs...)
}

// entrySize is what EventBridge counts:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
func entrySize(e types.PutEventsRequestEntry) int {
	return len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
}

// put sends one request, and what it leaves over again, with full jitter between.
func (p *Publisher) put(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	for round := 0; ; round++ {
		left, reason, err := p.putOnce(ctx, entries)
		if err != nil || len(left) == 0 {
			return err
		}
		if round == rounds-1 {
			return step.Retryable(fmt.Errorf("publishing to the event bus %s: %d of %d events were not accepted, %d times: %s", p.opts.EventBus, len(left), len(entries), rounds, reason))
		}
		entries = left
		select {
		case <-time.After(rand.N(firstBackoff << round)):
		case <-ctx.Done():
			return fmt.Errorf("publishing to the event bus %s: %s: %w", p.opts.EventBus, reason, ctx.Err())
		}
	}
}

// putOnce returns the entries that failed and may pass later, and why they did.
func (p *Publisher) putOnce(ctx context.Context, entries []types.PutEventsRequestEntry) (left []types.PutEventsRequestEntry, reason string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	doing := "publishing to the event bus " + p.opts.EventBus
	out, err := p.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return nil, "", failure(doing, "events:PutEvents", "the bus "+p.opts.EventBus, err)
	}
	if len(out.Entries) != len(entries) {
		return nil, "", step.Retryable(fmt.Errorf("%s: %d events were sent and the answer is about %d", doing, len(entries), len(out.Entries)))
	}
	for i, r := range out.Entries {
		code := aws.ToString(r.ErrorCode)
		if code == "" {
			continue
		}
		reason = code + ": " + aws.ToString(r.ErrorMessage)
		if !transient(code) {
			return nil, "", step.Permanent(fmt.Errorf("%s: an event of type %q was refused: %s", doing, aws.ToString(entries[i].DetailType), reason))
		}
		left = append(left, entries[i])
	}
	return left, reason, nil
}
