package engine

import (
	"context"
	"sync"
)

// A keyedLock is a lock for each of any number of keys.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed on release
}

func newKeyedLock() *keyedLock { return &keyedLock{held: map[string]chan struct{}{}} }

// lock waits for the key until ctx ends.
func (l *keyedLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		l.mu.Lock()
		other, taken := l.held[key]
		if !taken {
			mine := make(chan struct{})
			l.held[key] = mine
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, key)
				l.mu.Unlock()
				close(mine)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
