// Package memory is a bus inside one process, for tests. It keeps the promises
// of the others, subscriptions outliving their subscribers among them, except
// that nothing outlives the bus. It remembers no ids: what is published twice
// is delivered twice.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

// A Bus is a bus.Bus in memory. New makes one.
type Bus struct {
	mu     sync.Mutex
	queues map[string]*queue // by name of the subscription
	closed bool              // no more calls
	ended  bool              // no more settling: handlers have returned
	done   context.Context   // ends with the bus
	close  context.CancelFunc
	wg     sync.WaitGroup // subscribers' goroutines
}

var _ bus.Bus = (*Bus)(nil)

// New returns an empty bus.
func New() *Bus {
	b := &Bus{queues: make(map[string]*queue)}
	b.done, b.close = context.WithCancel(context.Background())
	return b
}

// Publish implements bus.Bus. It publishes all events or, on an error, none.
func (b *Bus) Publish(ctx context.Context, evs ...events.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	encoded := make([][]byte, len(evs))
	var errs []error
	for i, e := range evs {
		var err error
		encoded[i], err = structured.Encode(e)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return bus.ErrClosed
	}
	for i, e := range evs {
		f := bus.FilterFor(e)
		for _, q := range b.queues {
			if q.filters[f] {
				it := &item{encoded: encoded[i]}
				q.unsettled[it] = true
				q.push(it)
			}
		}
	}
	return nil
}

// Subscribe implements bus.Bus.
func (b *Bus) Subscribe(ctx context.Context, sub bus.Subscription, handle func(context.Context, bus.Delivery)) error {
	sub, err := sub.Check()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return bus.ErrClosed
	}
	q := b.queues[sub.Name]
	if q == nil && sub.Filters == nil {
		return fmt.Errorf("subscribing %s: %w", sub.Name, bus.ErrNoSubscription)
	}
	if q == nil {
		q = &queue{bus: b, more: make(chan struct{}), gone: make(chan struct{}), unsettled: make(map[*item]bool)}
		b.queues[sub.Name] = q
	}
	if sub.Filters == nil {
		sub.AckWait = q.ackWait
	} else {
		q.filters, q.ackWait = make(map[bus.Filter]bool), sub.AckWait
	}
	for _, f := range sub.Filters {
		q.filters[f] = true
	}
	if handle == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.done, cancel)
	var workers sync.WaitGroup
	for range sub.MaxInFlight {
		workers.Go(func() { q.work(ctx, sub.AckWait, handle) })
	}
	b.wg.Go(func() {
		workers.Wait()
		stop()
		cancel()
	})
	return nil
}

// Unsubscribe implements bus.Bus.
func (b *Bus) Unsubscribe(ctx context.Context, name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return bus.ErrClosed
	}
	if q := b.queues[name]; q != nil {
		close(q.gone)
		delete(b.queues, name)
	}
	return ctx.Err()
}

// Pending implements bus.Bus.
func (b *Bus) Pending(ctx context.Context, name string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, bus.ErrClosed
	}
	q := b.queues[name]
	if q == nil {
		return 0, fmt.Errorf("subscription %s: %w", name, bus.ErrNoSubscription)
	}
	return len(q.unsettled), ctx.Err()
}

// Close implements bus.Bus: it ends the contexts of handlers and waits for them.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.close()
	b.wg.Wait()
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	return nil
}

// A queue holds what a subscription has not acknowledged. The bus's mutex guards it.
type queue struct {
	bus       *Bus
	filters   map[bus.Filter]bool
	ackWait   time.Duration
	ready     []*item        // to be delivered, oldest first
	more      chan struct{}  // closed, and made anew, when an item becomes ready
	gone      chan struct{}  // closed by Unsubscribe
	unsettled map[*item]bool // ready, delivered or waiting for a retry
}

// An item is one event on its way to one subscription.
type item struct {
	encoded []byte
	attempt int
}

// push makes the item ready, unless it was acknowledged meanwhile. The mutex is held.
func (q *queue) push(it *item) {
	if !q.unsettled[it] {
		return
	}
	q.ready = append(q.ready, it)
	close(q.more)
	q.more = make(chan struct{})
}

// work delivers one item after the other.
func (q *queue) work(ctx context.Context, ackWait time.Duration, handle func(context.Context, bus.Delivery)) {
	for {
		d, ok := q.next(ctx, ackWait)
		if !ok {
			return
		}
		handle(ctx, d)
		select {
		case <-d.over: // a delivery that is left holds its place until AckWait
		case <-ctx.Done():
			d.giveUp()
		}
	}
}

// next waits for an item that is ready.
func (q *queue) next(ctx context.Context, ackWait time.Duration) (*delivery, bool) {
	for {
		q.bus.mu.Lock()
		for len(q.ready) > 0 && !q.unsettled[q.ready[0]] { // acknowledged late
			q.ready = q.ready[1:]
		}
		if ctx.Err() == nil && len(q.ready) > 0 {
			d := q.deliver(ackWait)
			q.bus.mu.Unlock()
			return d, true
		}
		more := q.more
		q.bus.mu.Unlock()
		select {
		case <-more:
		case <-q.gone:
			return nil, false
		case <-ctx.Done():
			return nil, false
		}
	}
}

// deliver takes the oldest item. The mutex is held.
func (q *queue) deliver(ackWait time.Duration) *delivery {
	it := q.ready[0]
	q.ready = q.ready[1:]
	it.attempt++
	d := &delivery{q: q, it: it, attempt: it.attempt, ackWait: ackWait, over: make(chan struct{})}
	e, err := structured.Decode(it.encoded)
	if err != nil {
		panic(fmt.Sprintf("memory bus: what was encoded does not decode: %v", err))
	}
	d.event = e
	d.timer = time.AfterFunc(ackWait, d.giveUp)
	return d
}
