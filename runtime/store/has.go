package store

import (
	"context"

	"github.com/runnel-dev/runnel/events"
)

// Has reports whether an artifact is there, whole.
func (s *Store) Has(ctx context.Context, ref events.Ref) (bool, error) {
	key, err := artifactKey(ref.Digest)
	if err != nil {
		return false, err
	}
	return s.exists(ctx, key)
}
