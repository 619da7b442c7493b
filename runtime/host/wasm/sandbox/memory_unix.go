//go:build unix

package sandbox

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// reserve gives memory that is reserved whole and taken as it is touched: it
// grows without being copied, and is no part of the Go heap.
func reserve(most uint64) experimental.LinearMemory {
	b, err := syscall.Mmap(-1, 0, int(max(most, page)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|noReserve)
	if err != nil {
		return &heap{}
	}
	return &mapped{b}
}

type mapped struct{ b []byte }

// Reallocate implements experimental.LinearMemory.
func (m *mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m.b)) {
		return nil
	}
	return m.b[:size]
}

// Free implements experimental.LinearMemory.
func (m *mapped) Free() {
	if m.b != nil {
		_ = syscall.Munmap(m.b) // it was mapped
		m.b = nil
	}
}
