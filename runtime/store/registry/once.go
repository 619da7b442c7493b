package registry

import (
	"context"
	"errors"
	"sync"

	"github.com/runnel-dev/runnel/runtime/store"
)

// causes remembers which entry of a sequence each cause made. Entries do not
// change, so only those after the ones seen are read again.
type causes struct {
	mu   sync.Mutex
	seen int
	seq  map[string]int
}

// maxSeen bounds the sequences that are remembered; past it all are forgotten.
const maxSeen = 4096

func (r *Registry) causesOf(key string) *causes {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.seen[key]
	if c == nil {
		if len(r.seen) >= maxSeen {
			clear(r.seen)
		}
		c = &causes{seq: map[string]int{}}
		r.seen[key] = c
	}
	return c
}

// once appends an entry made by next to a sequence, unless the cause has made
// one, and returns the number of the entry of the cause. All entries before the
// appended one were read and none is of the cause: that is what makes it once,
// among all processes.
func (r *Registry) once(ctx context.Context, key, cause string, next func(seq int) (any, error)) (seq int, err error) {
	c := r.causesOf(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for e, err := range r.store.History(ctx, key, c.seen) {
			var v struct {
				Cause string `json:"cause"`
			}
			if err == nil {
				err = e.Decode(&v)
			}
			if err != nil {
				return 0, err
			}
			if _, ok := c.seq[v.Cause]; !ok {
				c.seq[v.Cause] = e.Seq
			}
			c.seen = e.Seq
		}
		if seq, ok := c.seq[cause]; ok {
			return seq, nil
		}
		v, err := next(c.seen + 1)
		if err != nil {
			return 0, err
		}
		seq, err := r.store.Append(ctx, key, c.seen, v)
		if err == nil {
			c.seen = seq
			c.seq[cause] = seq
			return seq, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return 0, err
		}
	}
}
