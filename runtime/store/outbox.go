package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/runnel-dev/runnel/events"
)

// The outbox sees to it that an object becomes visible and its event is
// published, or neither. A record in it is written before the version is visible
// and removed after the event is published: whoever dies between leaves the
// record, and Recover goes by whether the version is there.

const outbox = "outbox/"

// outboxKey names the outbox record of a version by all that the version says,
// so that two uploads that compete for one version do not share a record.
func outboxKey(o events.Object) (string, error) {
	data, err := encode(o)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	// The time goes first, so that Recover publishes in order.
	return outbox + o.CreatedAt.UTC().Format("20060102T150405.000000000Z") + "-" + hex.EncodeToString(sum[:16]), nil
}

// makeVisible appends a version, with its outbox record; ErrConflict where there
// is another version of that number.
func (s *Store) makeVisible(ctx context.Context, o Object) error {
	key, err := outboxKey(o.Object)
	if err != nil {
		return err
	}
	s.uploading.add(key)
	defer s.uploading.done(key)
	if err := s.create(ctx, key, o.Object); err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	_, err = s.Append(ctx, objectKey(o.Bucket, o.Key), o.Version-1, o)
	if !errors.Is(err, ErrConflict) {
		return err
	}
	visible, forget, verr := s.isVisible(ctx, key, o.Object)
	switch {
	case verr != nil:
		return verr
	case visible: // another upload of the very same version
		return nil
	case forget:
		if err := s.remove(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return err
}

// Publish makes an event durable on the bus.
type Publish = func(context.Context, events.Event) error

// Announce publishes the event of an object that was put, and then forgets that
// it had to. An object whose event was announced before is not announced again.
func (s *Store) Announce(ctx context.Context, o events.Object, publish Publish) error {
	key, err := outboxKey(o)
	if err != nil {
		return err
	}
	waits, err := s.exists(ctx, key)
	if err != nil || !waits {
		return err
	}
	return s.announce(ctx, key, o, publish)
}

func (s *Store) announce(ctx context.Context, key string, o events.Object, publish Publish) error {
	e, err := events.FromObject(o)
	if err != nil {
		return err
	}
	if err := publish(ctx, e); err != nil {
		return fmt.Errorf("announcing the object %s/%s: %w", o.Bucket, o.Key, err)
	}
	if err := s.remove(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Recover announces the objects that are visible and were not announced, oldest
// first, and returns how many. What never became visible is forgotten once it is
// older than Options.Grace. It may run beside uploads; an object that is being
// announced meanwhile may be announced twice, with the same id.
func (s *Store) Recover(ctx context.Context, publish Publish) (n int, err error) {
	for name, err := range s.list(ctx, outbox, "", "", "") {
		if err != nil {
			return n, err
		}
		key := outbox + name
		if s.uploading.has(key) {
			continue
		}
		var o events.Object
		if err := s.read(ctx, key, &o); errors.Is(err, ErrNotFound) {
			continue // announced meanwhile
		} else if err != nil {
			return n, err
		}
		visible, forget, err := s.isVisible(ctx, key, o)
		if err != nil {
			return n, err
		}
		switch {
		case visible:
			if err := s.announce(ctx, key, o, publish); err != nil {
				return n, err
			}
			n++
		case forget:
			if err := s.remove(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
				return n, err
			}
		}
	}
	return n, nil
}

// isVisible reports whether the version of an outbox record is there, and where
// it is not, whether it will never be.
func (s *Store) isVisible(ctx context.Context, key string, o events.Object) (visible, forget bool, err error) {
	var stored Object
	err = s.At(ctx, objectKey(o.Bucket, o.Key), o.Version, &stored)
	if errors.Is(err, ErrNotFound) {
		return false, s.opts.Now().Sub(o.CreatedAt) > s.opts.Grace, nil
	}
	if err != nil {
		return false, false, err
	}
	there, err := outboxKey(stored.Object)
	return there == key, there != key, err
}

// uploading is the outbox records whose version this process is about to make visible.
type uploading struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (u *uploading) add(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = map[string]bool{}
	}
	u.keys[key] = true
}

func (u *uploading) done(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.keys, key)
}

func (u *uploading) has(key string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.keys[key]
}
