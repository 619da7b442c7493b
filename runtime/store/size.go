package store

import "context"

// Size is the size of an artifact in bytes; ErrNotFound where there is none.
func (s *Store) Size(ctx context.Context, digest string) (int64, error) {
	key, err := artifactKey(digest)
	if err != nil {
		return 0, err
	}
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return 0, failure("finding the artifact "+digest, err)
	}
	return a.Size, nil
}
