package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A Source is bytes that can be read more than once.
type Source struct {
	Name string // in errors, usually the path
	Open func() (io.ReadCloser, error)
}

// Bytes is a source in memory.
func Bytes(name string, b []byte) Source {
	return Source{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// File is a file as a source.
func File(path string) Source {
	return Source{path, func() (io.ReadCloser, error) { return os.Open(path) }}
}

// ReaderAt is a source of size bytes that r reads at any position.
func ReaderAt(name string, r io.ReaderAt, size int64) Source {
	return Source{name, func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, 0, size)), nil }}
}

// A stream is a source's text: decompressed, within the limits.
type stream struct {
	*bufio.Reader
	limit *limited
	close func()
}

func (s Source) open(o *Options) (*stream, error) {
	f, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	packed := &counted{r: f}
	head := bufio.NewReaderSize(packed, 1<<16)
	out := &stream{limit: &limited{r: head, max: o.MaxBytes}, close: func() { f.Close() }}
	magic, err := head.Peek(4)
	if err != nil && err != io.EOF {
		out.close()
		return nil, s.failed(err)
	}
	switch {
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(head)
		if err != nil {
			out.close()
			return nil, s.failed(err)
		}
		out.limit = &limited{r: z, max: o.MaxBytes, packed: packed, ratio: int64(o.MaxRatio)}
	case bytes.HasPrefix(magic, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			out.close()
			return nil, s.failed(err)
		}
		out.limit = &limited{r: z, max: o.MaxBytes, packed: packed, ratio: int64(o.MaxRatio)}
		out.close = func() { z.Close(); f.Close() }
	}
	out.Reader = bufio.NewReaderSize(out.limit, 1<<18)
	return out, nil
}

// failed is an error of reading, with the source's name.
func (s Source) failed(err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.File = s.Name
		return err
	}
	return &Error{File: s.Name, Problem: Damaged, Text: "the data is damaged or cut short", Err: err, Hint: "fetch the file again"}
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// limited refuses to read more than max bytes or, past 64 MiB, more than ratio
// times what was read of packed.
type limited struct {
	r      io.Reader
	n, max int64
	packed *counted
	ratio  int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.n += int64(n)
	switch {
	case l.n > l.max:
		return 0, &Error{Problem: TooLarge, Text: fmt.Sprintf("the text is larger than %d bytes", l.max), Hint: "raise MaxBytes if it may be"}
	case l.packed != nil && l.n > 64<<20 && l.n/l.ratio > l.packed.n:
		return 0, &Error{Problem: TooLarge, Text: fmt.Sprintf("it decompresses to more than %d times its size, as a decompression bomb does", l.ratio),
			Hint: "raise MaxRatio if it is to be trusted"}
	}
	return n, err
}
