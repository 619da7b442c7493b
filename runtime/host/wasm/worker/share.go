package worker

import (
	"context"
	"sync"
)

// shares bounds the workers that guests of one module have: half of all. Where
// such guests do not end before their deadline, others still find a worker.
type shares struct {
	most int

	mu sync.Mutex
	of map[string]*share // by digest, of the modules that are at work
}

type share struct {
	slots chan struct{}
	users int // at work or waiting
}

func newShares(workers int) *shares {
	return &shares{most: max(1, workers/2), of: map[string]*share{}}
}

// enter waits for a place among a module's guests, until ctx ends.
func (s *shares) enter(ctx context.Context, digest string) (leave func(), err error) {
	s.mu.Lock()
	mine := s.of[digest]
	if mine == nil {
		mine = &share{slots: make(chan struct{}, s.most)}
		s.of[digest] = mine
	}
	mine.users++
	s.mu.Unlock()
	forget := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if mine.users--; mine.users == 0 {
			delete(s.of, digest)
		}
	}
	select {
	case mine.slots <- struct{}{}:
		return func() { <-mine.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
