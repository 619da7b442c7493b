package guestfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
)

// blockSize is how much of a file lies together, in bytes.
const blockSize = 256 << 10

// A content is the bytes of a file of /out, in blocks. What was never written is
// zero and takes no room.
type content struct {
	area   *Area
	size   int64
	blocks []block // as many as the size needs
}

// A block is in memory, or in the spill, or all zero.
type block struct {
	memory []byte // its beginning; the rest is zero
	spill  int64  // its offset there + 1; 0: it is not there
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	done := 0
	for done < len(p) && off < c.size {
		b, in := &c.blocks[off/blockSize], off%blockSize
		part := p[done:]
		part = part[:min(int64(len(part)), blockSize-in, c.size-off)]
		if b.spill != 0 {
			if _, err := c.area.spill.file.ReadAt(part, b.spill-1+in); err != nil {
				return done, err
			}
		} else {
			n := 0
			if in < int64(len(b.memory)) {
				n = copy(part, b.memory[in:])
			}
			clear(part[n:])
		}
		done += len(part)
		off += int64(len(part))
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// resize gives the content a size; new bytes are zeros.
func (c *content) resize(size int64) experimental.Errno {
	a := c.area
	if size < 0 {
		return experimental.EINVAL
	}
	if size > a.limits.OutBytes || a.bytes-c.size+size > a.limits.OutBytes {
		return a.deny(noSpace)
	}
	n := int((size + blockSize - 1) / blockSize)
	for i := n; i < len(c.blocks); i++ {
		a.free(&c.blocks[i])
	}
	if n <= len(c.blocks) {
		c.blocks = c.blocks[:n]
	} else {
		c.blocks = append(c.blocks, make([]block, n-len(c.blocks))...)
	}
	if rest := size % blockSize; size < c.size && rest != 0 {
		if err := c.blocks[n-1].cut(a, rest); err != nil {
			return experimental.EIO
		}
	}
	a.bytes += size - c.size
	c.size = size
	return 0
}

// cut makes a block zero from an offset on.
func (b *block) cut(a *Area, from int64) error {
	if b.spill != 0 {
		_, err := a.spill.file.WriteAt(make([]byte, blockSize-from), b.spill-1+from)
		return err
	}
	if from < int64(len(b.memory)) {
		a.memory -= int64(len(b.memory)) - from
		b.memory = b.memory[:from]
	}
	return nil
}

// write writes all of p at an offset.
func (c *content) write(p []byte, off int64) experimental.Errno {
	end := off + int64(len(p))
	if off < 0 || end < off {
		return experimental.EINVAL
	}
	if len(p) == 0 {
		return 0
	}
	if end > c.size {
		if errno := c.resize(end); errno != 0 {
			return errno
		}
	}
	for len(p) > 0 {
		in := off % blockSize
		part := p[:min(int64(len(p)), blockSize-in)]
		if err := c.area.writeBlock(&c.blocks[off/blockSize], part, in); err != nil {
			return c.area.deny(noSpace)
		}
		p = p[len(part):]
		off += int64(len(part))
	}
	return 0
}

func (a *Area) writeBlock(b *block, p []byte, in int64) error {
	end := in + int64(len(p))
	if grow := end - int64(len(b.memory)); b.spill == 0 && grow > 0 {
		if a.memory+grow <= a.limits.OutMemory {
			a.memory += grow
			b.memory = resized(b.memory, int(end))
		} else {
			return a.moveOut(b, p, in)
		}
	}
	if b.spill == 0 {
		copy(b.memory[in:], p)
		return nil
	}
	_, err := a.spill.file.WriteAt(p, b.spill-1+in)
	return err
}

// resized is b at a greater length; what is new is zero.
func resized(b []byte, n int) []byte {
	if n <= cap(b) {
		old := len(b)
		b = b[:n]
		clear(b[old:])
		return b
	}
	grown := make([]byte, n, min(max(n, 2*cap(b)), blockSize))
	copy(grown, b)
	return grown
}

// errFull is the reason where the spill has as many blocks as may be.
var errFull = errors.New("the output of the guest takes too much room")

// moveOut moves a block from memory to the spill, with p written to it. There
// even a file of one byte takes a whole block, and it is blocks that are counted.
func (a *Area) moveOut(b *block, p []byte, in int64) error {
	if a.spill.used() >= a.limits.OutBytes {
		return errFull
	}
	at, err := a.spill.take()
	if err != nil {
		return err
	}
	whole := make([]byte, blockSize)
	copy(whole, b.memory)
	copy(whole[in:], p)
	if _, err := a.spill.file.WriteAt(whole, at); err != nil {
		a.spill.give(at)
		return err
	}
	a.memory -= int64(len(b.memory))
	*b = block{spill: at + 1}
	return nil
}

// free gives up the bytes of a block.
func (a *Area) free(b *block) {
	a.memory -= int64(len(b.memory))
	if b.spill != 0 {
		a.spill.give(b.spill - 1)
	}
	*b = block{}
}

// A spill is a private file for what exceeds the memory, made when there is
// something to write to it. No name that a guest chose reaches it.
type spill struct {
	parent string
	root   *os.Root
	file   *os.File
	size   int64
	unused []int64 // offsets of blocks that were given up
}

// spillName is the file's, in a folder of its own.
const spillName = "blocks"

func (s *spill) open() error {
	dir, err := os.MkdirTemp(s.parent, "runnel-out-*") // 0700
	if err != nil {
		return fmt.Errorf("folder for the output of a guest: %w", err)
	}
	if s.root, err = os.OpenRoot(dir); err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	if s.file, err = s.root.OpenFile(spillName, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	if runtime.GOOS != "windows" {
		_ = s.root.Remove(spillName) // without a name, its bytes go when this process goes
	}
	return nil
}

// take finds room for a block.
func (s *spill) take() (int64, error) {
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	if n := len(s.unused); n > 0 {
		at := s.unused[n-1]
		s.unused = s.unused[:n-1]
		return at, nil
	}
	at := s.size
	s.size += blockSize
	return at, nil
}

// used is how many bytes the blocks have that were not given up.
func (s *spill) used() int64 { return s.size - int64(len(s.unused))*blockSize }

func (s *spill) give(at int64) { s.unused = append(s.unused, at) }

func (s *spill) close() error {
	if s.root == nil {
		return nil
	}
	if s.file != nil {
		s.file.Close()
	}
	err := s.root.Close()
	return errors.Join(err, os.RemoveAll(s.root.Name()))
}
