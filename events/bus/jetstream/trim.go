package jetstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	trimEvery = time.Minute
	trimAbove = 64 << 20 // bytes in the stream
)

// A trimmer removes from the stream what every subscription has acknowledged.
// Interest retention would have the server do so, but it drops what is
// published while a subscription is being made anew.
type trimmer struct {
	bus    *Bus
	mu     sync.Mutex // one at a time
	stream jetstream.Stream
}

func (t *trimmer) start(b *Bus, stream jetstream.Stream) {
	t.bus, t.stream = b, stream
	b.wg.Go(func() {
		for tick := time.NewTicker(trimEvery); ; {
			select {
			case <-tick.C:
				t.trimIfLarge()
			case <-b.done.Done():
				tick.Stop()
				return
			}
		}
	})
}

func (t *trimmer) trimIfLarge() {
	ctx, cancel := context.WithTimeout(t.bus.done, opTimeout)
	defer cancel()
	info, err := t.stream.Info(ctx)
	if err == nil && info.State.Bytes > min(trimAbove, uint64(info.Config.MaxBytes)/2) {
		_, err = t.trim(ctx)
	}
	if err != nil && t.bus.done.Err() == nil {
		t.bus.opts.Logger.Warn("event bus: removing acknowledged events", "err", err)
	}
}

// makeRoom reports whether it removed events.
func (t *trimmer) makeRoom(ctx context.Context) bool {
	n, err := t.trim(ctx)
	if err != nil {
		t.bus.opts.Logger.Warn("event bus: removing acknowledged events", "err", err)
	}
	return n > 0
}

// trim removes the events that no subscription needs any more, up to the first
// one that is needed, and returns how many. An event that is published while it
// looks is past the last one that it knew, and stays.
func (t *trimmer) trim(ctx context.Context) (removed uint64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := t.stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	state := info.State
	done := state.LastSeq
	consumers := t.stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		if c.Config.Durable == "" || c.Config.AckPolicy != jetstream.AckExplicitPolicy {
			continue // an onlooker
		}
		seq, err := t.settled(ctx, c, state.LastSeq)
		if err != nil {
			return 0, err
		}
		done = min(done, seq)
	}
	if err := consumers.Err(); err != nil {
		return 0, err
	}
	if state.Msgs == 0 || done < state.FirstSeq {
		return 0, nil
	}
	if err := t.stream.Purge(ctx, jetstream.WithPurgeSequence(done+1)); err != nil {
		return 0, err
	}
	return done + 1 - state.FirstSeq, nil
}

// settled is the sequence up to which the consumer needs nothing more, at most last.
func (t *trimmer) settled(ctx context.Context, c *jetstream.ConsumerInfo, last uint64) (uint64, error) {
	if c.NumAckPending > 0 {
		return c.AckFloor.Stream, nil
	}
	// The consumer's place lags behind where its last events are far back. The
	// store knows exactly whether there are later ones; the consumer's count of
	// what is pending is an estimate.
	filters := c.Config.FilterSubjects
	if c.Config.FilterSubject != "" {
		filters = []string{c.Config.FilterSubject}
	}
	if len(filters) == 0 {
		return c.Delivered.Stream, nil
	}
	for _, subject := range filters {
		msg, err := t.stream.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if msg.Sequence > c.Delivered.Stream {
			return c.Delivered.Stream, nil
		}
	}
	return last, nil
}
