package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/runnel-dev/runnel/table/unpack"
)

// A Source is bytes that can be read more than once: a file, or memory.
// Compression is found out when it is read.
type Source struct {
	Name string // in errors, usually the path
	data io.ReaderAt
	size int64
	file *os.File
	temp bool
	many bool // data may be read by many at a time
}

// Bytes is a source in memory.
func Bytes(name string, b []byte) *Source {
	return &Source{Name: name, data: bytes.NewReader(b), size: int64(len(b)), many: true}
}

// ReaderAt is a source of size bytes that r reads at any position, such as a
// file or an object by ranges. r must be safe for use by one reader at a time.
func ReaderAt(name string, r io.ReaderAt, size int64) *Source {
	return &Source{Name: name, data: r, size: size}
}

// Open is a file as a source. Close it after use.
func Open(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file: csv.Spool reads pipes", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Source{Name: path, data: f, size: info.Size(), file: f, many: true}, nil
}

// Spool copies a reader of at most limit bytes (0: no limit) to a temporary
// file in dir ("": the system's), as reading may take two passes. Close removes
// the file.
func Spool(name string, r io.Reader, dir string, limit int64) (*Source, error) {
	f, err := os.CreateTemp(dir, "csv-*")
	if err != nil {
		return nil, fmt.Errorf("%s: no room to spool it: %w", name, err)
	}
	s := &Source{Name: name, data: f, file: f, temp: true, many: true}
	if limit > 0 {
		r = io.LimitReader(r, limit+1)
	}
	if s.size, err = io.Copy(f, r); err != nil {
		err = fmt.Errorf("%s: reading it failed after %d bytes: %w", name, s.size, err)
	} else if limit > 0 && s.size > limit {
		err = &Error{File: name, Problem: TooLarge, Text: "the input is larger than " + unpack.Size(limit), Hint: "raise the limit"}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Size is the number of bytes as stored.
func (s *Source) Size() int64 { return s.size }

// Close closes the file of Open, and removes that of Spool.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.temp {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	s.file = nil
	return err
}
