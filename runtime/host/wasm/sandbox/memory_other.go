//go:build !unix

package sandbox

import "github.com/tetratelabs/wazero/experimental"

// allocator is nil: guests' memory is on the Go heap.
var allocator experimental.MemoryAllocator
