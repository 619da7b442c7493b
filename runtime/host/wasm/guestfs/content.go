package guestfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
)

// A Content is the bytes of a file that no longer changes.
type Content interface {
	io.ReaderAt
	Size() int64
}

// content is the bytes of a file of /out: in memory, or in a file of the spill.
type content struct {
	size   int64
	memory []byte   // of length size
	file   *os.File // nil: in memory
}

// Size implements Content.
func (c *content) Size() int64 { return c.size }

// ReadAt implements Content.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= c.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > c.size-off
	if short {
		p = p[:c.size-off]
	}
	n := 0
	var err error
	if c.file != nil {
		n, err = c.file.ReadAt(p, off)
	} else {
		n = copy(p, c.memory[off:])
	}
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// resize gives the content a size; new bytes are zeros.
func (a *Area) resize(c *content, size int64) experimental.Errno {
	if size < 0 {
		return experimental.EINVAL
	}
	if a.bytes-c.size+size > a.limits.OutBytes {
		return a.deny(noSpace)
	}
	if c.file == nil && a.memory-c.size+size > a.limits.OutMemory {
		if err := a.moveOut(c); err != nil {
			return a.deny(noSpace)
		}
	}
	if c.file != nil {
		if size < c.size { // a file is not made longer before it is written
			if err := c.file.Truncate(size); err != nil {
				return experimental.EIO
			}
		}
	} else {
		a.memory += size - c.size
		c.memory = resized(c.memory, int(size))
	}
	a.bytes += size - c.size
	c.size = size
	if c.file != nil {
		if err := c.file.Truncate(size); err != nil {
			return a.deny(noSpace)
		}
	}
	return 0
}

// resized is b at another length; what is new is zero.
func resized(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	if n <= cap(b) {
		old := len(b)
		b = b[:n]
		clear(b[old:])
		return b
	}
	grown := make([]byte, n, max(n, 2*cap(b)))
	copy(grown, b)
	return grown
}

// moveOut moves a content from memory to a file.
func (a *Area) moveOut(c *content) error {
	f, err := a.spill.create()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(c.memory, 0); err != nil {
		f.Close()
		return err
	}
	a.memory -= c.size
	c.file, c.memory = f, nil
	return nil
}

// write writes all of p at an offset, or nothing.
func (a *Area) write(c *content, p []byte, off int64) experimental.Errno {
	end := off + int64(len(p))
	if off < 0 || end < off {
		return experimental.EINVAL
	}
	if len(p) == 0 {
		return 0
	}
	if end > c.size {
		if errno := a.resize(c, end); errno != 0 {
			return errno
		}
	}
	if c.file == nil {
		copy(c.memory[off:], p)
		return 0
	}
	if _, err := c.file.WriteAt(p, off); err != nil {
		return a.deny(noSpace)
	}
	return 0
}

// drop gives up the bytes.
func (a *Area) drop(c *content) {
	a.bytes -= c.size
	if c.file != nil {
		a.spill.remove(c.file)
	} else {
		a.memory -= c.size
	}
	*c = content{}
}

// A spill is a private folder for large files, made when the first is.
type spill struct {
	parent string
	root   *os.Root
	n      int
	files  map[*os.File]string // and the name of each, "" where it has none any more
}

func (s *spill) create() (*os.File, error) {
	if s.root == nil {
		dir, err := os.MkdirTemp(s.parent, "runnel-out-*") // 0700
		if err != nil {
			return nil, fmt.Errorf("folder for the output of a guest: %w", err)
		}
		if s.root, err = os.OpenRoot(dir); err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
		s.files = map[*os.File]string{}
	}
	s.n++
	name := strconv.Itoa(s.n)
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && s.root.Remove(name) == nil {
		name = "" // without a name, nothing is left of it when this process is killed
	}
	s.files[f] = name
	return f, nil
}

func (s *spill) remove(f *os.File) {
	name := s.files[f]
	delete(s.files, f)
	f.Close()
	if name != "" {
		_ = s.root.Remove(name) // close removes what is left
	}
}

func (s *spill) close() error {
	if s.root == nil {
		return nil
	}
	for f := range s.files {
		f.Close()
	}
	err := s.root.Close()
	return errors.Join(err, os.RemoveAll(s.root.Name()))
}
