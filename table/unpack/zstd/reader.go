// Package zstd decompresses Zstandard (RFC 8878) in a sixth of the code of
// klauspost/compress, for WASI guests. That one is more than twice as fast
// without its assembly. This one knows no dictionaries.
package zstd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// mostWindow is how far back a frame may refer.
const mostWindow = 128 << 20

// largest is the size of a block, compressed or not.
const largest = 128 << 10

// A Reader reads what frames hold. It is not safe for concurrent use.
type Reader struct {
	r   *bufio.Reader
	err error

	inFrame  bool
	window   int
	size     int64 // of the frame's content; -1: unknown
	checksum bool
	done     int64 // bytes of the frame's content so far
	hash     xxhash

	out  []byte // what was decompressed: the window, and what has not been read
	read int    // bytes of out that were read

	block  []byte // compressed, with 8 bytes behind it
	tables tables
}

// NewReader reads the frames in r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReader(r)} }

// Read implements io.Reader. Data that is cut short is io.ErrUnexpectedEOF.
func (z *Reader) Read(p []byte) (int, error) {
	for z.read == len(z.out) {
		if z.err != nil {
			return 0, z.err
		}
		if z.err = z.next(); z.err != nil && !errors.Is(z.err, io.EOF) {
			z.err = fmt.Errorf("zstd: %w", z.err)
		}
	}
	n := copy(p, z.out[z.read:])
	z.read += n
	return n, nil
}

// full reads all of b, of which nothing may be missing.
func (z *Reader) full(b []byte) error {
	_, err := io.ReadFull(z.r, b)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next reads a frame's header, a block, or what stands between frames.
func (z *Reader) next() error {
	if !z.inFrame {
		return z.frame()
	}
	if n := len(z.out); n > z.window+max(largest, min(z.window, 16<<20)) { // all was read: the window is enough
		z.out = z.out[:copy(z.out, z.out[n-z.window:])]
		z.read = len(z.out)
	}
	var head [3]byte
	if err := z.full(head[:]); err != nil {
		return err
	}
	h := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	size, from := h>>3, len(z.out)
	if size > min(largest, max(z.window, 1<<10)) {
		return errors.New("a block is larger than the format allows")
	}
	switch h >> 1 & 3 {
	case 0: // as it is
		z.out = append(z.out, make([]byte, size)...)
		if err := z.full(z.out[from:]); err != nil {
			z.out = z.out[:from]
			return err
		}
	case 1: // one byte, repeated
		c, err := z.r.ReadByte()
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		z.out = append(z.out, make([]byte, size)...)
		for i := range z.out[from:] {
			z.out[from+i] = c
		}
	case 2:
		z.block = append(z.block[:0], make([]byte, size+8)...)
		if err := z.full(z.block[:size]); err != nil {
			return err
		}
		if err := z.compressed(size); err != nil {
			z.out = z.out[:from]
			return err
		}
	default:
		return errors.New("a block of the reserved type")
	}
	z.done += int64(len(z.out) - from)
	if z.checksum {
		z.hash.write(z.out[from:])
	}
	if z.size >= 0 && z.done > z.size {
		z.out = z.out[:from]
		return errors.New("a frame holds more than its header says")
	}
	if h&1 == 1 {
		return z.end()
	}
	return nil
}

func (z *Reader) end() error {
	if z.size >= 0 && z.done != z.size {
		return errors.New("a frame holds less than its header says")
	}
	if z.checksum {
		var sum [4]byte
		if err := z.full(sum[:]); err != nil {
			return err
		}
		if binary.LittleEndian.Uint32(sum[:]) != uint32(z.hash.sum()) {
			return errors.New("the checksum of a frame is wrong")
		}
	}
	z.inFrame = false
	return nil
}

// frame reads the header of a frame, or passes over one that is to be skipped.
func (z *Reader) frame() error {
	var b [8]byte
	if n, err := io.ReadFull(z.r, b[:4]); err != nil {
		if n == 0 {
			return err
		}
		return io.ErrUnexpectedEOF
	}
	magic := binary.LittleEndian.Uint32(b[:])
	if magic>>4 == 0x184d2a5 {
		if err := z.full(b[:4]); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, z.r, int64(binary.LittleEndian.Uint32(b[:]))); err != nil {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	if magic != 0xfd2fb528 {
		return errors.New("what follows a frame is no other")
	}
	if err := z.full(b[:1]); err != nil {
		return err
	}
	flags := b[0]
	single := flags>>5&1 == 1
	if flags>>3&1 == 1 {
		return errors.New("a reserved bit of a frame's header is set")
	}
	window := int64(0)
	if !single {
		if err := z.full(b[:1]); err != nil {
			return err
		}
		base := int64(1) << (10 + b[0]>>3)
		window = base + base/8*int64(b[0]&7)
	}
	id := b[:[4]int{0, 1, 2, 4}[flags&3]]
	if err := z.full(id); err != nil {
		return err
	}
	for _, c := range id {
		if c != 0 {
			return errors.New("a frame needs a dictionary")
		}
	}
	b, z.size = [8]byte{}, -1
	width := [4]int{0, 2, 4, 8}[flags>>6]
	if single && width == 0 {
		width = 1
	}
	if err := z.full(b[:width]); err != nil {
		return err
	}
	if width > 0 {
		z.size = int64(binary.LittleEndian.Uint64(b[:]))
		if width == 2 {
			z.size += 256
		}
		if z.size < 0 {
			return errors.New("a frame is too large")
		}
	}
	if single {
		window = max(z.size, 1<<10)
	}
	if window > mostWindow {
		return fmt.Errorf("a frame refers up to %d bytes back, at most %d are kept", window, mostWindow)
	}
	z.window, z.checksum, z.inFrame, z.done = int(window), flags>>2&1 == 1, true, 0
	z.out, z.read = z.out[:0], 0
	z.hash.reset()
	z.tables.reset()
	return nil
}
