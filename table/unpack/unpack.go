// Package unpack reads text that may be compressed: gzip and zstd are found out
// by their first bytes, and what comes out is bounded in size and in ratio.
package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits bound what is read. All are needed.
type Limits struct {
	MaxBytes int64 // after decompression
	MaxRatio int   // decompressed to compressed, past the first 64 MiB
}

// A TooLarge is text beyond a limit.
type TooLarge struct {
	Text string // what happened
	Hint string // how to put it right
}

func (e *TooLarge) Error() string { return e.Text + " (" + e.Hint + ")" }

// A Damaged is compressed data that cannot be read to its end.
type Damaged struct{ Err error }

func (e *Damaged) Error() string {
	return "the compressed data is damaged or cut short: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Damaged) Unwrap() error { return e.Err }

// A Reader reads the text. It is not safe for concurrent use.
type Reader struct {
	Compression string // gzip, zstd or none: ""

	r      io.Reader
	n      int64 // bytes given out
	limits Limits
	packed *counted
	close  func()
}

// ratioFrom is how much text may come of however little: small files compress well.
const ratioFrom = 64 << 20

// NewReader looks at the first bytes of r and reads it as what it is.
func NewReader(r io.Reader, l Limits) (*Reader, error) {
	packed := &counted{r: r}
	magic := make([]byte, 4)
	n, err := io.ReadFull(packed, magic)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	magic = magic[:n]
	whole := io.MultiReader(bytes.NewReader(magic), packed)
	out := &Reader{r: whole, limits: l, packed: packed, close: func() {}}
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		z, err := gunzip(whole)
		if err != nil {
			return nil, &Damaged{err}
		}
		out.r, out.Compression = z, "gzip"
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		z, end, err := unzstd(whole)
		if err != nil {
			return nil, &Damaged{err}
		}
		out.r, out.Compression, out.close = z, "zstd", end
	}
	return out, nil
}

// Read implements io.Reader. Errors of the text are *TooLarge and *Damaged;
// those of the underlying reader come as they are.
func (u *Reader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.n += int64(n)
	switch {
	case u.n > u.limits.MaxBytes:
		return 0, &TooLarge{"the text is larger than " + Size(u.limits.MaxBytes), "raise max_bytes if it may be"}
	case u.Compression != "" && u.n > ratioFrom && u.n/int64(u.limits.MaxRatio) > u.packed.n:
		return 0, &TooLarge{fmt.Sprintf("it decompresses to more than %d times its size, as a decompression bomb does", u.limits.MaxRatio),
			"decompress it first if it is to be trusted"}
	case err != nil && !errors.Is(err, io.EOF) && u.Compression != "" && u.packed.err == nil:
		return n, &Damaged{err}
	}
	return n, err
}

// Bytes is how much text was read.
func (u *Reader) Bytes() int64 { return u.n }

// Close ends the decompression. It does not close the underlying reader.
func (u *Reader) Close() { u.close() }

// counted counts what is read, and keeps an error that is not the end.
type counted struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// Size writes a number of bytes as people do.
func Size(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes {
			return fmt.Sprintf("%.4g %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
