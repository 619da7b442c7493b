package store

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"gocloud.dev/blob"
)

// The blocks of an artifact behind a network: what is read one after the other,
// or in small pieces, takes a request a block.
const (
	blockSize = 4 << 20
	maxBlocks = 4 // of one opened artifact
)

// rangeBlob is an artifact behind a network.
type rangeBlob struct {
	s    *Store
	ctx  context.Context
	key  string
	size int64

	mu     sync.Mutex
	blocks []*block // the last one used at the end
}

// A block is read once, by the first who wants it.
type block struct {
	index int64
	once  sync.Once
	data  []byte
	err   error
}

// newRangeBlob keeps the first block, which r is at.
func newRangeBlob(ctx context.Context, s *Store, key string, r *blob.Reader) (*rangeBlob, error) {
	b := &rangeBlob{s: s, ctx: ctx, key: key, size: r.Size()}
	first := &block{data: make([]byte, min(blockSize, b.size))}
	if _, err := io.ReadFull(r, first.data); err != nil {
		return nil, err
	}
	first.once.Do(func() {})
	b.blocks = []*block{first}
	return b, nil
}

func (b *rangeBlob) Size() int64  { return b.size }
func (b *rangeBlob) Close() error { return nil }

func (b *rangeBlob) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading the artifact %s: the offset %d is negative", b.key, off)
	}
	n := 0
	for n < len(p) && off < b.size {
		got, err := b.readSome(p[n:], off)
		n += got
		off += int64(got)
		if err != nil {
			return n, b.s.failure("reading the artifact "+b.key, err)
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readSome reads from one block, or what spans blocks past it in one request.
func (b *rangeBlob) readSome(p []byte, off int64) (int, error) {
	if want := min(int64(len(p)), b.size-off); want > blockSize {
		return b.request(p[:want], off)
	}
	k := b.block(off / blockSize)
	k.once.Do(func() {
		start := k.index * blockSize
		data := make([]byte, min(blockSize, b.size-start))
		if _, k.err = b.request(data, start); k.err == nil {
			k.data = data
		}
	})
	if k.err != nil {
		b.forget(k)
		return 0, k.err
	}
	return copy(p, k.data[off%blockSize:]), nil
}

// block is the block of that index, read or not.
func (b *rangeBlob) block(index int64) *block {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := &block{index: index}
	if i := slices.IndexFunc(b.blocks, func(k *block) bool { return k.index == index }); i >= 0 {
		k = b.blocks[i]
		b.blocks = slices.Delete(b.blocks, i, i+1)
	} else if len(b.blocks) == maxBlocks {
		b.blocks = slices.Delete(b.blocks, 0, 1)
	}
	b.blocks = append(b.blocks, k)
	return k
}

// forget drops a block that could not be read, so that it is tried again.
func (b *rangeBlob) forget(k *block) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blocks = slices.DeleteFunc(b.blocks, func(other *block) bool { return other == k })
}

func (b *rangeBlob) request(p []byte, off int64) (int, error) {
	r, err := b.s.bucket.NewRangeReader(b.ctx, b.key, off, int64(len(p)), nil)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return io.ReadFull(r, p)
}
