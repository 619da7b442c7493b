// Package guestfs is the file system that a WASM guest sees: /in, /out and
// /host of docs/guest-abi.md, and nothing else.
//
// No name that a guest chooses reaches the file system of this machine. /in and
// /host are answered by a Backend; /out is a tree in memory, and what is too
// large for that lies in one private file, as numbered blocks.
package guestfs

import (
	"io"
	"time"

	experimental "github.com/tetratelabs/wazero/experimental/sys"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A Backend answers what a guest asks of its host, for one call.
type Backend interface {
	// Open opens a file of /in by its name there. fs.ErrNotExist is a file that
	// does not exist for this guest; with any other error it cannot be read.
	Open(name string) (step.Blob, error)
	// Put stores a file of /out, of size bytes.
	Put(put abi.Put, size int64, content io.Reader) abi.Response
	// Ask answers any other request.
	Ask(req abi.Request) abi.Response
}

// Limits bound what one call may use. Zero values are the ABI's limits.
type Limits struct {
	OutBytes  int64 // the sizes of the files of /out; and of the blocks that they take in a file, see OutMemory
	OutFiles  int   // files and folders of /out
	OpenFiles int
	OutMemory int64 // bytes of /out kept in memory; what exceeds it lies in a file, in blocks of 256 KiB. 0: 32 MiB
}

func (l Limits) complete() Limits {
	if l.OutBytes <= 0 {
		l.OutBytes = abi.MaxOut
	}
	if l.OutFiles <= 0 {
		l.OutFiles = abi.MaxFiles
	}
	if l.OpenFiles <= 0 {
		l.OpenFiles = abi.MaxOpenFiles
	}
	if l.OutMemory <= 0 {
		l.OutMemory = 32 << 20
	}
	return l
}

// An Area is all the files of one call. It is used by one goroutine at a time.
type Area struct {
	backend Backend
	limits  Limits
	now     time.Time
	spill   *spill
	root    *node // of /out
	inodes  uint64
	nodes   int   // files and folders of /out, the unlinked ones that are open included
	bytes   int64 // of them
	memory  int64 // of the bytes, those in memory
	open    int
	closed  bool
	errno   uint16 // what WASI is to say in place of EIO; see FS.Errno
}

// NewArea makes the files of a call. tempDir is where the folder of a large
// output is made; "" is the system's. Files show now as their time.
func NewArea(backend Backend, limits Limits, tempDir string, now time.Time) *Area {
	a := &Area{backend: backend, limits: limits.complete(), now: now, spill: &spill{parent: tempDir}, inodes: firstInode}
	a.root = a.newNode(true)
	a.nodes = 0 // /out itself does not count
	return a
}

// Close ends the call: its files can no longer be used, and what is not handed
// over is gone.
func (a *Area) Close() error {
	a.closed = true
	a.root = nil
	return a.spill.close()
}

// Open is how many files the guest has left open.
func (a *Area) Open() int { return a.open }

// Errors that WASI has and wazero's file systems have not, by their number
// there.
const (
	fileTooLarge = 22 // EFBIG
	tooManyFiles = 33 // EMFILE
	noSpace      = 51 // ENOSPC
)

// deny fails with an error that only WASI has.
func (a *Area) deny(errno uint16) experimental.Errno {
	a.errno = errno
	return experimental.EIO
}

// An FS is the file system of one instance, which serves the area of the call
// that the instance is at.
type FS struct {
	experimental.UnimplementedFS
	area *Area
}

// Enter begins a call; nil: the instance is at none.
func (f *FS) Enter(a *Area) { f.area = a }

// Errno is the number that WASI gives to the error that was just returned as
// EIO; 0: it is one. Asking forgets it.
func (f *FS) Errno() uint16 {
	if f.area == nil {
		return 0
	}
	n := f.area.errno
	f.area.errno = 0
	return n
}
