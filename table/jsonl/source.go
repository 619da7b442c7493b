package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/runnel-dev/runnel/table/unpack"
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
	text *unpack.Reader
	file io.Closer
}

func (s Source) open(o *Options) (*stream, error) {
	f, err := s.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	text, err := unpack.NewReader(bufio.NewReaderSize(f, 1<<16), unpack.Limits{MaxBytes: o.MaxBytes, MaxRatio: o.MaxRatio})
	if err != nil {
		f.Close()
		return nil, s.failed(err)
	}
	return &stream{bufio.NewReaderSize(text, 1<<18), text, f}, nil
}

func (s *stream) close() {
	s.text.Close()
	s.file.Close() // only read from
}

// failed is an error of reading as an *Error, with the source's name.
func (s Source) failed(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.File = s.Name
		return err
	}
	if large, ok := errors.AsType[*unpack.TooLarge](err); ok {
		return &Error{File: s.Name, Problem: TooLarge, Text: large.Text, Hint: large.Hint}
	}
	if damaged, ok := errors.AsType[*unpack.Damaged](err); ok {
		return &Error{File: s.Name, Problem: Damaged, Text: "the compressed data is damaged or cut short", Err: damaged.Err, Hint: "fetch the file again"}
	}
	return &Error{File: s.Name, Problem: Damaged, Text: "reading failed", Err: err}
}
