package jetstream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

const (
	// batchFrom is how many events must wait for a batch to pay: a batch costs
	// about as many syncs as this many events alone (bench/bus measures it).
	batchFrom     = 10
	maxBatch      = 512     // events; the server allows 1000
	maxBatchBytes = 8 << 20 // so that one batch does not hold up the rest for long
	queued        = 1024
)

// The headers of the protocol of atomic batches (NATS ADR-50).
const (
	headerBatch       = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// A publisher sends what waits in its queue, in batches where that pays.
type publisher struct {
	bus      *Bus
	atomic   bool // the server takes batches
	queue    chan waiting
	calls    sync.WaitGroup // of Publish
	finished chan struct{}
}

// A waiting event is told once what became of it.
type waiting struct {
	id   string
	msg  *nats.Msg
	done chan<- error
}

func (p *publisher) start(b *Bus, atomic bool) {
	p.bus, p.atomic = b, atomic
	p.queue = make(chan waiting, queued)
	p.finished = make(chan struct{})
	go p.run()
}

// close waits for what is being published. No more calls of Publish begin.
func (p *publisher) close() {
	p.calls.Wait()
	close(p.queue)
	<-p.finished
}

// Publish implements bus.Bus. When one of several events is refused before
// anything is sent (it is invalid, or too large), none is published; when the
// server refuses one, the others may have been.
func (b *Bus) Publish(ctx context.Context, evs ...events.Event) error {
	if !b.begin(&b.pub.calls) {
		return bus.ErrClosed
	}
	defer b.pub.calls.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, len(evs))
	all := make([]waiting, len(evs))
	var errs []error
	for i, e := range evs {
		msg, err := b.message(e)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all[i] = waiting{id: e.ID(), msg: msg, done: done}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, w := range all {
		select {
		case b.pub.queue <- w:
		case <-ctx.Done():
			return fmt.Errorf("publishing event %s: %w", w.id, ctx.Err())
		}
	}
	for range all {
		select {
		case err := <-done:
			errs = append(errs, err)
		case <-ctx.Done():
			return fmt.Errorf("publishing %d events, it is not known whether they arrived: %w", len(all), ctx.Err())
		}
	}
	return errors.Join(errs...)
}

// message makes what is sent for an event.
func (b *Bus) message(e events.Event) (*nats.Msg, error) {
	data, err := structured.Encode(e)
	if err != nil {
		return nil, err
	}
	subj, err := subject(b.prefix, bus.FilterFor(e))
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.ID(), err)
	}
	msg := nats.NewMsg(subj)
	msg.Data = data
	msg.Header.Set("Content-Type", structured.ContentType)
	msg.Header.Set(nats.MsgIdHdr, messageID(e))
	return msg, nil
}

// messageID identifies the event to the server's deduplication. An event that
// is sent again from the dead letters, to one step, is not a duplicate.
func messageID(e events.Event) string {
	id := strconv.Quote(e.Source()) + e.ID()
	if n := events.Extension(e, events.Redrive); n != "" {
		id += fmt.Sprintf("\n%s %q %q", n, events.Extension(e, events.Pipeline), events.Extension(e, events.RedriveStep))
	}
	sum := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// run publishes until the queue is closed. While one group is on its way the
// next one gathers: that is the group commit.
func (p *publisher) run() {
	defer close(p.finished)
	for first := range p.queue {
		group := p.gather(first)
		if p.atomic && len(group) >= batchFrom {
			p.publishBatch(group)
		} else {
			p.publishEach(group)
		}
	}
}

// gather takes what waits, without waiting for more.
func (p *publisher) gather(first waiting) []waiting {
	group := []waiting{first}
	for size := first.msg.Size(); len(group) < maxBatch && size < maxBatchBytes; {
		select {
		case w, ok := <-p.queue:
			if !ok {
				return group
			}
			group = append(group, w)
			size += w.msg.Size()
		default:
			return group
		}
	}
	return group
}

// publishEach sends the events at once, each a message of its own.
func (p *publisher) publishEach(group []waiting) {
	if len(group) == 1 {
		group[0].done <- p.publishOne(group[0])
		return
	}
	var wg sync.WaitGroup
	for _, w := range group {
		wg.Go(func() { w.done <- p.publishOne(w) })
	}
	wg.Wait()
}

func (p *publisher) publishOne(w waiting) error {
	ctx, cancel := context.WithTimeout(p.bus.health, opTimeout)
	defer cancel()
	_, err := p.bus.js.PublishMsg(ctx, w.msg)
	if isFull(err) && !p.bus.opts.Attach && p.bus.trim.makeRoom(ctx) {
		_, err = p.bus.js.PublishMsg(ctx, w.msg)
	}
	if isFull(err) {
		return fmt.Errorf("publishing event %s: the stream is full of events that subscriptions have not acknowledged; let them catch up, remove those that nobody serves, or raise MaxBytes: %w", w.id, err)
	}
	return p.failed(w, err)
}

// failed says why an event was not published, if it was not.
func (p *publisher) failed(w waiting, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(p.bus.health); cause != nil {
		err = cause
	} else if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the server did not confirm within %v that it is stored: %w", opTimeout, err)
	} else if errors.Is(err, nats.ErrReconnectBufExceeded) {
		err = fmt.Errorf("there is no connection to the server: %w", err)
	}
	return fmt.Errorf("publishing event %s: %w", w.id, err)
}

// publishBatch sends the events as one atomic batch.
func (p *publisher) publishBatch(group []waiting) {
	err := p.commit(group)
	var refused *jetstream.APIError
	if errors.As(err, &refused) {
		// One of them is a duplicate, or does not fit: each finds out for itself.
		for _, w := range group {
			for _, h := range []string{headerBatch, headerBatchSeq, headerBatchCommit} {
				w.msg.Header.Del(h)
			}
		}
		p.publishEach(group)
		return
	}
	for _, w := range group {
		w.done <- p.failed(w, err)
	}
}

// commit sends a batch and returns nil once all of it is durable, or a
// *jetstream.APIError if the server refused all of it.
func (p *publisher) commit(group []waiting) error {
	ctx, cancel := context.WithTimeout(p.bus.health, opTimeout)
	defer cancel()
	batch, last := nuid.Next(), len(group)-1
	for i, w := range group {
		w.msg.Header.Set(headerBatch, batch)
		w.msg.Header.Set(headerBatchSeq, strconv.Itoa(i+1))
		if i < last {
			if err := p.bus.nc.PublishMsg(w.msg); err != nil {
				return err
			}
		}
	}
	group[last].msg.Header.Set(headerBatchCommit, "1")
	reply, err := p.bus.nc.RequestMsgWithContext(ctx, group[last].msg)
	if err != nil {
		return err
	}
	var ack struct {
		Count int                 `json:"count"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return fmt.Errorf("the server's answer to a batch: %w", err)
	}
	if ack.Error != nil {
		return ack.Error
	}
	if ack.Count != len(group) {
		return fmt.Errorf("the server stored %d events of a batch of %d", ack.Count, len(group))
	}
	return nil
}

// isFull reports whether the server refused an event for want of room in the stream.
func isFull(err error) bool {
	const storeFailed, resources = 10077, 10023
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == storeFailed || api.ErrorCode == resources)
}
