package jetstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/runnel-dev/runnel/events/bus"
)

var errInUse = errors.New("another process has it open")

// A Bus is a bus.Bus over JetStream. Open and Connect make one.
type Bus struct {
	opts   Options
	nc     *nats.Conn
	js     jetstream.JetStream
	prefix string // of subjects
	health context.Context
	stop   func() error // of the embedded server; nil when there is none

	pub  publisher
	trim trimmer

	done   context.Context // ends when Close is called
	cancel context.CancelFunc
	mu     sync.RWMutex // held for reading while something starts
	closed bool
	wg     sync.WaitGroup // subscriptions and their handlers

	connMu    sync.Mutex
	connected chan struct{}            // closed when the connection was made again
	elected   map[string]chan struct{} // by subscription: closed when another server serves it
}

var _ bus.Bus = (*Bus)(nil)

// newBus makes the bus of a connection. Its health ends, with the cause, when
// nothing more can be stored.
func newBus(ctx context.Context, nc *nats.Conn, opts Options, health context.Context, stop func() error) (*Bus, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	b := &Bus{opts: opts, nc: nc, js: js, prefix: strings.ToLower(opts.Stream) + ".ev", health: health, stop: stop}
	stream, err := b.ensureStream(ctx)
	if err != nil {
		return nil, err
	}
	b.done, b.cancel = context.WithCancel(context.Background())
	b.connected = make(chan struct{})
	b.elected = make(map[string]chan struct{})
	nc.SetReconnectHandler(func(*nats.Conn) { b.wake() })
	if err := b.watchElections(); err != nil {
		return nil, err
	}
	if !opts.Attach {
		b.trim.start(b, stream)
	}
	b.pub.start(b, stream.CachedInfo().Config.AllowAtomicPublish)
	return b, nil
}

// ensureStream returns the stream, which it creates or brings up to the options.
func (b *Bus) ensureStream(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	stream, err := b.js.Stream(ctx, b.opts.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if b.opts.Attach {
			return nil, fmt.Errorf("stream %s: %w", b.opts.Stream, ErrNoStream)
		}
		stream, err = b.js.CreateStream(ctx, jetstream.StreamConfig{
			Name:               b.opts.Stream,
			Description:        "Runnel's events",
			Subjects:           []string{b.prefix + ".>"},
			Retention:          jetstream.LimitsPolicy,
			Storage:            jetstream.FileStorage,
			Discard:            jetstream.DiscardNew,
			MaxBytes:           or(b.opts.MaxBytes, defaultMaxBytes),
			Replicas:           or(b.opts.Replicas, b.replicas()),
			Duplicates:         dedupeWindow,
			AllowAtomicPublish: true,
			AllowDirect:        true,
			Metadata:           b.ownMetadata(nil),
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process was faster
			stream, err = b.js.Stream(ctx, b.opts.Stream)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", b.opts.Stream, err)
	}
	cfg := stream.CachedInfo().Config
	if cfg.Retention != jetstream.LimitsPolicy || cfg.Discard != jetstream.DiscardNew || cfg.Storage != jetstream.FileStorage || cfg.MaxAge != 0 || cfg.MaxMsgs > 0 {
		return nil, fmt.Errorf("stream %s could lose events: it must have limits retention, file storage, discard new, and no limit on age or messages; correct it or choose another name", cfg.Name)
	}
	if err := b.checkStore(cfg); err != nil {
		return nil, err
	}
	if b.opts.Attach {
		return stream, nil
	}
	want := cfg
	want.Metadata = b.ownMetadata(cfg.Metadata)
	want.MaxBytes = or(b.opts.MaxBytes, cfg.MaxBytes)
	want.Replicas = or(b.opts.Replicas, cfg.Replicas)
	if want.MaxBytes != cfg.MaxBytes || want.Replicas != cfg.Replicas || !maps.Equal(want.Metadata, cfg.Metadata) {
		if stream, err = b.js.UpdateStream(ctx, want); err != nil {
			return nil, fmt.Errorf("stream %s: updating it: %w", cfg.Name, err)
		}
	}
	return stream, nil
}

// replicas is how many servers hold each event where nobody has said.
func (b *Bus) replicas() int {
	if b.nc.ConnectedClusterName() != "" {
		return 3
	}
	return 1
}

func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}

// begin reports whether the bus is open and, if so, adds one to wg.
func (b *Bus) begin(wg *sync.WaitGroup) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return false
	}
	wg.Add(1)
	return true
}

// reconnected returns a channel that is closed when the connection, once lost,
// is made again.
func (b *Bus) reconnected() <-chan struct{} {
	b.connMu.Lock()
	defer b.connMu.Unlock()
	return b.connected
}

func (b *Bus) wake() {
	b.connMu.Lock()
	defer b.connMu.Unlock()
	close(b.connected)
	b.connected = make(chan struct{})
}

// watchElections learns when another server of a cluster takes over a
// subscription: requests that waited at the one before are lost.
func (b *Bus) watchElections() error {
	prefix := "$JS.EVENT.ADVISORY.CONSUMER.LEADER_ELECTED." + b.opts.Stream + "."
	_, err := b.nc.Subscribe(prefix+"*", func(m *nats.Msg) {
		b.connMu.Lock()
		defer b.connMu.Unlock()
		name := strings.TrimPrefix(m.Subject, prefix)
		if c := b.elected[name]; c != nil {
			close(c)
			delete(b.elected, name)
		}
	})
	return err
}

// election returns a channel that is closed when another server takes over the subscription.
func (b *Bus) election(name string) <-chan struct{} {
	b.connMu.Lock()
	defer b.connMu.Unlock()
	c := b.elected[name]
	if c == nil {
		c = make(chan struct{})
		b.elected[name] = c
	}
	return c
}

// Connected is nil while there is a connection to a server.
func (b *Bus) Connected() error {
	if s := b.nc.Status(); s != nats.CONNECTED {
		return fmt.Errorf("the connection to NATS is %s", strings.ToLower(s.String()))
	}
	return nil
}

// Unsubscribe implements bus.Bus. Subscribers of that name end.
func (b *Bus) Unsubscribe(ctx context.Context, name string) error {
	if err := bus.CheckName(name); err != nil {
		return err
	}
	if b.done.Err() != nil {
		return bus.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	if err := b.js.DeleteConsumer(ctx, b.opts.Stream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("unsubscribing %s: %w", name, err)
	}
	return nil
}

// Pending implements bus.Bus.
func (b *Bus) Pending(ctx context.Context, name string) (int, error) {
	taken, waiting, err := b.Taken(ctx, name)
	return taken + waiting, err
}

// Taken counts the events of a subscription that some process has, or will try
// again, and those that none has yet.
func (b *Bus) Taken(ctx context.Context, name string) (taken, waiting int, err error) {
	if err := bus.CheckName(name); err != nil {
		return 0, 0, err
	}
	if b.done.Err() != nil {
		return 0, 0, bus.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	c, err := b.js.Consumer(ctx, b.opts.Stream, name) // asks the server for its state
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, 0, fmt.Errorf("subscription %s: %w", name, bus.ErrNoSubscription)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("subscription %s: counting what is pending: %w", name, err)
	}
	info := c.CachedInfo()
	return info.NumAckPending, int(info.NumPending), nil
}

// Close implements bus.Bus. It ends the contexts of handlers, waits up to 10 s
// for them, and stops the embedded server. Events being published are still
// published.
func (b *Bus) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	b.mu.Unlock()
	b.pub.close()
	b.cancel()
	var errs []error
	returned := make(chan struct{})
	go func() {
		b.wg.Wait()
		close(returned)
	}()
	select {
	case <-returned:
	case <-time.After(closeTimeout):
		errs = append(errs, fmt.Errorf("closing the event bus: handlers still run %v after they were told to end; what they hold comes again", closeTimeout))
	}
	b.nc.Close()
	if b.stop != nil {
		errs = append(errs, b.stop())
	}
	return errors.Join(errs...)
}
