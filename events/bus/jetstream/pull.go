package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	pullExpires   = 30 * time.Second // after which the server forgets a request
	pullHeartbeat = 5 * time.Second  // of the server while a request waits
	pullPause     = 250 * time.Millisecond
)

var errGone = errors.New("the subscription was removed")

// A puller asks for the messages of a durable consumer, one at a time: what is
// fetched ahead would wait here while another process could handle it, and its
// AckWait runs. (The client library's iterator is made for fetching ahead; with
// one message at a time it can miss its turn to ask and stand still for 30 s.)
type puller struct {
	bus     *Bus
	name    string // of the consumer
	subject string // that takes requests
	request []byte
	inbox   string
	sub     *nats.Subscription
	msgs    chan *nats.Msg
	closed  chan struct{} // when sub has ended
}

func newPuller(b *Bus, name string) (*puller, error) {
	p := &puller{
		bus:     b,
		name:    name,
		subject: fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", b.opts.Stream, name),
		request: fmt.Appendf(nil, `{"batch":1,"expires":%d,"idle_heartbeat":%d}`, pullExpires, pullHeartbeat),
		inbox:   b.nc.NewInbox(),
		msgs:    make(chan *nats.Msg, 64), // one is asked for; the rest is for statuses
		closed:  make(chan struct{}),
	}
	var err error
	if p.sub, err = b.nc.ChanSubscribe(p.inbox, p.msgs); err != nil {
		return nil, err
	}
	p.sub.SetClosedHandler(func(string) { close(p.closed) })
	return p, nil
}

// next waits for a message. It returns errGone when the consumer is no more,
// and the error of ctx when that ends.
func (p *puller) next(ctx context.Context) (*nats.Msg, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// A request outlives neither its connection nor the server that serves the consumer.
		again, elected := p.bus.reconnected(), p.bus.election(p.name)
		if len(p.msgs) == 0 {
			if err := p.bus.nc.PublishRequest(p.subject, p.inbox, p.request); err != nil {
				if err := p.pause(ctx, err); err != nil {
					return nil, err
				}
				continue
			}
		}
		msg, err := p.wait(ctx, again, elected)
		if msg != nil || err != nil {
			return msg, err
		}
	}
}

// wait returns a message, or nothing if it is time to ask again.
func (p *puller) wait(ctx context.Context, again, elected <-chan struct{}) (*nats.Msg, error) {
	silence := time.NewTimer(2*pullHeartbeat + time.Second)
	defer silence.Stop()
	for {
		select {
		case msg := <-p.msgs:
			status := msg.Header.Get("Status")
			switch status {
			case "":
				return msg, nil
			case "100": // heartbeat
				silence.Reset(2*pullHeartbeat + time.Second)
				continue
			case "404", "408": // nothing came while the request stood
				return nil, nil
			}
			why := msg.Header.Get("Description")
			if status == "409" && strings.Contains(strings.ToLower(why), "consumer deleted") {
				return nil, errGone
			}
			return nil, p.pause(ctx, fmt.Errorf("status %s %s", status, why))
		case <-again:
			return nil, nil
		case <-elected:
			return nil, nil
		case <-silence.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.closed:
			return nil, nats.ErrConnectionClosed
		}
	}
}

// pause lets the server recover from what went wrong, and returns nil, or an
// error if there is nothing to wait for.
func (p *puller) pause(ctx context.Context, why error) error {
	if errors.Is(why, nats.ErrConnectionClosed) {
		return why
	}
	select {
	case <-time.After(pullPause):
	case <-ctx.Done():
		return ctx.Err()
	}
	ask, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if _, err := p.bus.js.Consumer(ask, p.bus.opts.Stream, p.name); errors.Is(err, jetstream.ErrConsumerNotFound) {
		return errGone
	}
	return ctx.Err()
}

// stop ends the subscription to the inbox and returns the messages that were on
// their way.
func (p *puller) stop() (left []*nats.Msg) {
	err := p.bus.Connected()
	if err == nil {
		err = p.sub.Drain()
	}
	if err == nil {
		select {
		case <-p.closed:
		case <-time.After(opTimeout / 2):
			err = errors.New("the server is away")
		}
	}
	if err != nil {
		p.sub.Unsubscribe()
	}
	for {
		select {
		case msg := <-p.msgs:
			if msg.Header.Get("Status") == "" {
				left = append(left, msg)
			}
		default:
			return left
		}
	}
}
