package sandbox

import "github.com/tetratelabs/wazero/experimental"

// maxPages is what 32 bits can address. Modules are compiled for it; how far
// their memory grows is decided here.
const maxPages = 1 << 16

// A bounded memory is a guest's. It grows up to its limit, and remembers that
// more was asked for.
type bounded struct {
	experimental.LinearMemory
	limit  uint64 // in bytes
	denied bool
}

// newMemory makes a guest's memory of at most so many bytes.
func newMemory(limit uint64) *bounded {
	return &bounded{LinearMemory: reserve(limit), limit: limit}
}

// Reallocate implements experimental.LinearMemory.
func (b *bounded) Reallocate(size uint64) []byte {
	if size > b.limit {
		b.denied = true
		return nil
	}
	return b.LinearMemory.Reallocate(size)
}

// heap is memory where none can be reserved.
type heap struct{ b []byte }

// Reallocate implements experimental.LinearMemory.
func (h *heap) Reallocate(size uint64) []byte {
	if size > uint64(len(h.b)) {
		h.b = append(h.b, make([]byte, size-uint64(len(h.b)))...)
	}
	return h.b[:size]
}

// Free implements experimental.LinearMemory.
func (h *heap) Free() { h.b = nil }
