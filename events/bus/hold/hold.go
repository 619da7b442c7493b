// Package hold is what a subscriber has of an event between its delivery and its
// end, for drivers of buses whose broker keeps the clock: the event is settled
// once, or comes again when AckWait is over.
package hold

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Hold is that of one delivery. It is safe for concurrent use.
type Hold struct {
	event   string // id, for errors
	ackWait time.Duration

	mu       sync.Mutex
	settled  bool
	over     chan struct{} // closed when settled
	deadline time.Time     // when AckWait is over
}

// New begins the hold of the event with that id: AckWait runs from now.
func New(event string, ackWait time.Duration) *Hold {
	return &Hold{event: event, ackWait: ackWait, over: make(chan struct{}), deadline: time.Now().Add(ackWait)}
}

// Settle ends the hold where tell, which tells the broker so, succeeds. After an
// error it may be tried again; after success it is an error.
func (h *Hold) Settle(tell func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.told(tell); err != nil {
		return err
	}
	h.settled = true
	close(h.over)
	return nil
}

// Extend starts AckWait anew where tell, which has the broker do so, succeeds.
func (h *Hold) Extend(tell func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.told(tell); err != nil {
		return err
	}
	h.deadline = time.Now().Add(h.ackWait)
	return nil
}

func (h *Hold) told(tell func() error) error {
	if h.settled {
		return fmt.Errorf("event %s: this delivery was settled before", h.event)
	}
	return tell()
}

// Wait returns true when the hold is settled or its AckWait is over, and false
// when ctx ends first.
func (h *Hold) Wait(ctx context.Context) bool {
	for {
		h.mu.Lock()
		left := time.Until(h.deadline)
		h.mu.Unlock()
		select {
		case <-h.over:
			return true
		default:
		}
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-h.over:
			timer.Stop()
			return true
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}
