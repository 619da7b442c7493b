package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

type identity struct {
	ID string `json:"id"`
}

// ID tells this store from every other: it is made at random when it is first
// asked for, and is the same for all who have the store open, and in copies of it.
func (s *Store) ID(ctx context.Context) (string, error) {
	key := Key("identity")
	var is identity
	err := s.Get(ctx, key, &is)
	if errors.Is(err, ErrNotFound) {
		err = s.Create(ctx, key, identity{uuid.NewString()})
		if err == nil || errors.Is(err, ErrExists) { // whoever made it
			err = s.Get(ctx, key, &is)
		}
	}
	return is.ID, err
}
