package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
)

// A sequence is a history under a key: entries 1, 2, 3 without gaps, written
// once and never changed. Append is a compare-and-append, so that of those who
// read the same latest entry one appends the next.

const sequences = "sequences/"

func entryKey(key string, seq int) string { return fmt.Sprintf("%s%s/%010d", sequences, key, seq) }

// Append adds the entry after expect, which is 0 for an empty sequence, and
// returns its number: ErrConflict where the latest entry is another.
func (s *Store) Append(ctx context.Context, key string, expect int, v any) (seq int, err error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	conflict := func() (int, error) {
		return 0, fmt.Errorf("appending to %q after entry %d: %w", key, expect, ErrConflict)
	}
	if expect < 0 {
		return conflict()
	}
	if expect > s.latest.get(key) {
		ok, err := s.exists(ctx, entryKey(key, expect))
		if err != nil {
			return 0, err
		}
		if !ok {
			return conflict()
		}
	}
	err = s.create(ctx, entryKey(key, expect+1), v)
	if err == nil || errors.Is(err, ErrExists) {
		s.latest.raise(key, expect+1)
	}
	if errors.Is(err, ErrExists) {
		return conflict()
	}
	return expect + 1, err
}

// Latest reads the latest entry and returns its number; ErrNotFound where the
// sequence is empty. A nil v reads the number only.
func (s *Store) Latest(ctx context.Context, key string, v any) (seq int, err error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	seq, err = s.latestSeq(ctx, key)
	if err != nil {
		return 0, err
	}
	if seq == 0 {
		return 0, fmt.Errorf("the sequence %q: %w", key, ErrNotFound)
	}
	if v == nil {
		return seq, nil
	}
	return seq, s.read(ctx, entryKey(key, seq), v)
}

// latestSeq is the number of the latest entry, 0 for none. It starts at the
// number that was the latest before, and looks ahead in doubling steps.
func (s *Store) latestSeq(ctx context.Context, key string) (int, error) {
	low := s.latest.get(key) // an entry that exists, or 0
	high := low + 1          // none that exists, once the first loop ends
	for jump := 1; ; jump *= 2 {
		ok, err := s.exists(ctx, entryKey(key, high))
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low, high = high, high+2*jump
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		ok, err := s.exists(ctx, entryKey(key, middle))
		if err != nil {
			return 0, err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	if low > 0 {
		s.latest.raise(key, low)
	}
	return low, nil
}

// At reads an entry by its number; ErrNotFound where there is none.
func (s *Store) At(ctx context.Context, key string, seq int, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if seq < 1 {
		return fmt.Errorf("entry %d of the sequence %q: %w", seq, key, ErrNotFound)
	}
	return s.read(ctx, entryKey(key, seq), v)
}

// An Entry is one of a sequence.
type Entry struct {
	Seq  int
	key  string
	data []byte
}

// Decode reads the value of the entry.
func (e Entry) Decode(v any) error {
	if err := decode(e.data, v); err != nil {
		return fmt.Errorf("the record %q: %w", e.key, err)
	}
	return nil
}

// History yields the entries of a sequence after the first skip, oldest first.
func (s *Store) History(ctx context.Context, key string, skip int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := checkKey(key); err != nil {
			yield(Entry{}, err)
			return
		}
		for seq := max(0, skip) + 1; ; seq++ {
			e := Entry{Seq: seq, key: entryKey(key, seq)}
			var err error
			if e.data, err = s.readAll(ctx, e.key); err != nil {
				err = s.failure(fmt.Sprintf("reading the record %q", e.key), err)
				if !errors.Is(err, ErrNotFound) {
					yield(Entry{}, err)
				}
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Sequences yields the segments that follow a key in the keys of sequences, in
// order, each once: of a/b/c and a/b/d those after a are b, after a/b c and d.
func (s *Store) Sequences(ctx context.Context, key string) iter.Seq2[string, error] {
	return s.list(ctx, sequences+key+"/", "", "/", "")
}

// latestCache remembers how far sequences were seen to reach. That an entry
// exists stays true, so nothing but speed rests on it.
type latestCache struct {
	mu sync.Mutex
	m  map[string]int
}

const maxLatest = 1 << 16

func (c *latestCache) get(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[key]
}

func (c *latestCache) raise(key string, seq int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxLatest {
		c.m = map[string]int{}
	}
	c.m[key] = max(c.m[key], seq)
}
