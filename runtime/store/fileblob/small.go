package fileblob

import (
	"bytes"
	"context"
	"fmt"
	"os"
)

// Create makes data the blob of a key that has none, durable before it returns;
// ErrExists where the key has one, which is durable by then.
func (b *Bucket) Create(ctx context.Context, key string, data []byte) error {
	if b.journal != nil && len(data) <= maxSmall {
		name, err := pathOf(key)
		if err != nil {
			return err
		}
		trailer, err := attributes{}.trailer(data[max(0, len(data)-len(magic)):])
		if err != nil {
			return err
		}
		return b.createJournaled(ctx, key, name, append(data[:len(data):len(data)], trailer...))
	}
	s, err := b.Stage()
	if err != nil {
		return err
	}
	defer s.Discard()
	if _, err := s.Write(data); err != nil {
		return err
	}
	return s.Commit(ctx, key, true)
}

// ReadAll reads the blob of a key; an error that is fs.ErrNotExist where it has none.
func (b *Bucket) ReadAll(ctx context.Context, key string) ([]byte, error) {
	name, err := pathOf(key)
	if err != nil {
		return nil, err
	}
	file, err := os.ReadFile(b.path(name))
	if err != nil {
		return nil, err
	}
	size, _, err := readTrailer(bytes.NewReader(file), int64(len(file)))
	if err == nil {
		err = b.pending.wait(ctx, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the blob %q: %w", key, err)
	}
	return file[:size], nil
}
