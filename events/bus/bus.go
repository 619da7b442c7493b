// Package bus carries events durably from those who publish to those who
// subscribe. It is a small interface; drivers implement it, and bustest is the
// one suite that each of them passes.
//
// Delivery is at least once and in no promised order: what is delivered may
// come again, so effects are made once by records, not by the bus.
package bus

import (
	"context"
	"time"

	"github.com/runnel-dev/runnel/events"
)

// A Bus is a durable carrier of events. It is safe for concurrent use.
type Bus interface {
	// Publish returns nil once every event is durable: it will be delivered to
	// each matching subscription also after a crash of any process. Publishing
	// an event whose source and id the bus still remembers may have no effect.
	Publish(ctx context.Context, evs ...events.Event) error

	// Subscribe creates or resumes the durable subscription of that name and
	// calls handle for each delivery, at most MaxInFlight at a time, until ctx
	// ends or Close is called; it returns once the subscription stands, so what
	// is published after that is delivered. Several processes may share one name:
	// each event goes to one of them. A nil handle makes the subscription stand
	// and has nothing delivered here.
	Subscribe(ctx context.Context, sub Subscription, handle func(context.Context, Delivery)) error

	// Unsubscribe forgets the durable subscription of that name.
	Unsubscribe(ctx context.Context, name string) error

	// Pending counts the events that the subscription has not acknowledged;
	// ErrNoSubscription where there is none.
	Pending(ctx context.Context, name string) (int, error)

	Close() error
}

// A Subscription says which events are delivered to whom.
type Subscription struct {
	Name        string        // durable: letters, digits, - and _
	Filters     []Filter      // none: the subscription is taken as others made it, AckWait too; ErrNoSubscription where there is none
	MaxInFlight int           // deliveries not yet settled; 0: 1
	AckWait     time.Duration // a delivery not settled or extended by then comes again; 0: 30 s
}

// A Filter matches events by pipeline and type.
type Filter struct {
	Pipeline string // the event's pipeline extension; "" matches events that have none
	Type     string
}

// A Delivery is one event brought to a subscriber. It ends by Ack or Retry;
// one that is left comes again after AckWait.
type Delivery interface {
	Event() events.Event
	// Attempt counts the deliveries of this event to this subscription, from 1.
	Attempt() int
	// Ack returns once the bus has noted that the event need not come again.
	Ack(ctx context.Context) error
	// Retry asks for the event to come again after the delay.
	Retry(ctx context.Context, delay time.Duration) error
	// Extend starts AckWait anew, for work that takes longer.
	Extend(ctx context.Context) error
}
