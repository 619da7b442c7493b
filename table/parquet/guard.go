package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The library allocates what a file says that it needs before it reads it. The
// checks here, and the pageReader, look at the sizes first, so that a small
// hostile file cannot ask for all memory.

const (
	maxFooter  = 256 << 20
	maxStructs = 8 << 20 // structures in a footer: about 16 for 1 column of 1 row group
	maxPage    = 1 << 30 // bytes of a page after decompression
	maxHeader  = 16 << 20
)

// checkFooter reports a footer whose lists claim more than it can hold.
func checkFooter(r io.ReaderAt, size int64) error {
	const tail = 8 // the footer's length and the magic
	if size < tail+4 {
		return fmt.Errorf("open Parquet: the file has %d bytes, too few for a Parquet file", size)
	}
	end, err := readAt(r, size-tail, tail)
	if err != nil {
		return fmt.Errorf("open Parquet: read the end of the file: %w", err)
	}
	switch magic := string(end[4:]); magic {
	case "PAR1":
	case "PARE":
		return fmt.Errorf("open Parquet: the file is encrypted: decrypt it first")
	default:
		return fmt.Errorf("open Parquet: the file ends with %q, want \"PAR1\": it is truncated or no Parquet file", magic)
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if length > min(size-tail-4, maxFooter) {
		return fmt.Errorf("open Parquet: a footer of %d bytes in a file of %d: the file is corrupt", length, size)
	}
	footer, err := readAt(r, size-tail-length, length)
	if err != nil {
		return fmt.Errorf("open Parquet: read the footer: %w", err)
	}
	if _, err := skipStruct(footer); err != nil {
		return fmt.Errorf("open Parquet: the footer is corrupt: %w", err)
	}
	return nil
}

// pageHeader decodes the page header that begins at a byte of the file, and
// says how long it is.
func pageHeader(r io.ReaderAt, at, end int64) (*format.PageHeader, int, error) {
	for window := int64(512); ; window *= 8 {
		window = min(window, end-at)
		b, err := readAt(r, at, window)
		if err != nil {
			return nil, 0, err
		}
		n, err := skipStruct(b)
		if errors.Is(err, io.ErrUnexpectedEOF) && window < min(end-at, maxHeader) {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("the file is corrupt: %w", err)
		}
		header := new(format.PageHeader)
		if err := thrift.Unmarshal(&thrift.CompactProtocol{}, b[:n], header); err != nil {
			return nil, 0, fmt.Errorf("the file is corrupt: %w", err)
		}
		return header, n, nil
	}
}

func readAt(r io.ReaderAt, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	return b, readFull(r, b, at)
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// skipStruct finds the length of a structure in Thrift's compact protocol, and
// that no string or list in it claims more than there is.
func skipStruct(b []byte) (int, error) {
	s := skipper{r: bytes.NewReader(b)}
	if err := s.structure(0); err != nil {
		return 0, err
	}
	return len(b) - s.r.Len(), nil
}

type skipper struct {
	r       *bytes.Reader
	structs int
}

// The types of the compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
	thriftUUID
)

func (s *skipper) structure(depth int) error {
	if s.structs++; s.structs > maxStructs {
		return fmt.Errorf("more than %d structures", maxStructs)
	}
	if depth > 32 {
		return fmt.Errorf("structures nested more than 32 deep")
	}
	for {
		head, err := s.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the field's number follows
			if _, err := s.varint(); err != nil {
				return err
			}
		}
		if t := head & 15; t == thriftTrue || t == thriftFalse {
			continue
		} else if err := s.value(t, depth); err != nil {
			return err
		}
	}
}

func (s *skipper) value(t byte, depth int) error {
	switch t {
	case thriftTrue, thriftFalse, thriftByte:
		return s.bytes(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := s.varint()
		return err
	case thriftDouble:
		return s.bytes(8)
	case thriftUUID:
		return s.bytes(16)
	case thriftBinary:
		n, err := s.varint()
		if err != nil {
			return err
		}
		return s.bytes(n)
	case thriftStruct:
		return s.structure(depth + 1)
	case thriftList, thriftSet:
		head, err := s.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 15 {
			if n, err = s.varint(); err != nil {
				return err
			}
		}
		return s.items(n, depth, head&15)
	case thriftMap:
		n, err := s.varint()
		if err != nil || n == 0 {
			return err
		}
		types, err := s.byte()
		if err != nil {
			return err
		}
		return s.items(n, depth, types>>4, types&15)
	}
	return fmt.Errorf("no type %d", t)
}

func (s *skipper) items(n uint64, depth int, types ...byte) error {
	if n > uint64(s.r.Len()) {
		return fmt.Errorf("a list of %d in %d bytes: %w", n, s.r.Len(), io.ErrUnexpectedEOF)
	}
	for range n {
		for _, t := range types {
			if err := s.value(t, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *skipper) byte() (byte, error) {
	b, err := s.r.ReadByte()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func (s *skipper) varint() (uint64, error) {
	v, err := binary.ReadUvarint(s.r)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return v, err
}

func (s *skipper) bytes(n uint64) error {
	if n > uint64(s.r.Len()) {
		return fmt.Errorf("%d bytes where %d are left: %w", n, s.r.Len(), io.ErrUnexpectedEOF)
	}
	_, err := s.r.Seek(int64(n), io.SeekCurrent)
	return err
}
