package guest

import (
	"context"
	"sync"
	"time"
)

// A deadline is a context whose Err looks at the clock. A guest is never
// preempted: while it computes no timer fires, so a context of the standard
// library would not notice that its time is up.
type deadline struct {
	at   time.Time // zero: none
	done chan struct{}

	mu    sync.Mutex
	err   error
	timer *time.Timer // runs once somebody waits for Done
}

func newDeadline(after time.Duration) *deadline {
	d := &deadline{done: make(chan struct{})}
	if after > 0 {
		d.at = time.Now().Add(after)
	}
	return d
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.at, !d.at.IsZero() }

// Value implements context.Context: there are none.
func (d *deadline) Value(any) any { return nil }

// Err implements context.Context.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil && !d.at.IsZero() && !time.Now().Before(d.at) {
		d.stop(context.DeadlineExceeded)
	}
	return d.err
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil && d.timer == nil && !d.at.IsZero() {
		d.timer = time.AfterFunc(time.Until(d.at), func() { d.end(context.DeadlineExceeded) })
	}
	return d.done
}

// end closes Done; the first reason stays.
func (d *deadline) end(reason error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.stop(reason)
	}
}

func (d *deadline) stop(reason error) {
	d.err = reason
	if d.timer != nil {
		d.timer.Stop()
	}
	close(d.done)
}
