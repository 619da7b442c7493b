package awsbus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

// A Bus is a bus.Bus over EventBridge and SQS. Open makes one.
type Bus struct {
	*Publisher
	sqs  *sqs.Client
	idle func() // closes the connections that nobody uses

	done   context.Context // ends when Close is called
	cancel context.CancelFunc
	mu     sync.RWMutex // held for reading while something starts
	closed bool
	served map[*subscription]bool
	wg     sync.WaitGroup // subscriptions, their handlers, and Publish
}

var _ bus.Bus = (*Bus)(nil)

// Open opens the bus. Region and credentials are those of cfg, as
// config.LoadDefaultConfig finds them.
func Open(ctx context.Context, cfg aws.Config, opts *Options) (*Bus, error) {
	b := &Bus{idle: func() {}, served: map[*subscription]bool{}}
	if cfg.HTTPClient == nil {
		transport := awshttp.NewBuildableClient().GetTransport()
		cfg.HTTPClient = &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		b.idle = transport.CloseIdleConnections
	}
	var err error
	if b.Publisher, err = NewPublisher(cfg, opts); err != nil {
		return nil, err
	}
	b.sqs = sqs.NewFromConfig(cfg)
	if b.opts.Provision {
		if err := b.ensureEventBus(ctx); err != nil {
			b.idle()
			return nil, err
		}
	}
	b.done, b.cancel = context.WithCancel(context.Background())
	return b, nil
}

// begin reports whether the bus is open and, if so, adds one to wg.
func (b *Bus) begin() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return false
	}
	b.wg.Add(1)
	return true
}

// Publish implements bus.Bus; see Publisher.Publish.
func (b *Bus) Publish(ctx context.Context, evs ...events.Event) error {
	if !b.begin() {
		return bus.ErrClosed
	}
	defer b.wg.Done()
	return b.Publisher.Publish(ctx, evs...)
}

// Unsubscribe implements bus.Bus. It removes queue, dead letters and rule, and
// refuses without Options.Provision: whoever made them removes them. Subscribers
// of this process stop to ask for messages first: they would take those of a
// queue that is made anew under the name.
func (b *Bus) Unsubscribe(ctx context.Context, name string) error {
	if err := bus.CheckName(name); err != nil {
		return err
	}
	if !b.begin() {
		return bus.ErrClosed
	}
	defer b.wg.Done()
	if !b.opts.Provision {
		return fmt.Errorf("unsubscribing %s: its queue %s was made by a template: remove it there", name, QueueName(b.opts.Prefix, name))
	}
	ctx, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	defer cancel()
	b.mu.RLock()
	for s := range b.served {
		if s.Name == name {
			s.leave()
		}
	}
	b.mu.RUnlock()
	return b.remove(ctx, name)
}

// Pending implements bus.Bus. SQS counts approximately: what was sent or deleted
// within the last minute may not show.
func (b *Bus) Pending(ctx context.Context, name string) (int, error) {
	if err := bus.CheckName(name); err != nil {
		return 0, err
	}
	if !b.begin() {
		return 0, bus.ErrClosed
	}
	defer b.wg.Done()
	ctx, cancel := context.WithTimeout(ctx, b.opts.Timeout)
	defer cancel()
	q, err := b.find(ctx, name, types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed)
	if err != nil {
		return 0, err
	}
	sum := 0
	for what, v := range q.attributes {
		n, err := strconv.Atoi(v)
		if err != nil {
			return 0, fmt.Errorf("subscription %s: its queue says %s %q: %w", name, what, v, err)
		}
		sum += n
	}
	return sum, nil
}

// Close implements bus.Bus. It ends the contexts of handlers and waits for them
// up to Options.Timeout. Events being published are still published.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	returned := make(chan struct{})
	go func() {
		b.wg.Wait()
		close(returned)
	}()
	defer b.idle()
	select {
	case <-returned:
		return nil
	case <-time.After(b.opts.Timeout):
		return errors.New("closing the event bus: handlers still run " + b.opts.Timeout.String() + " after they were told to end; what they hold comes again")
	}
}
