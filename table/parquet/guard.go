package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// The library allocates what a file says that it needs before it reads it. The
// checks here look at the sizes first, so that a small hostile file cannot ask
// for all memory.

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

// checkPages walks the page headers of a chunk and reports a page that would
// take more than limit bytes or hold more values than the chunk has.
func checkPages(file *pq.File, chunk *pq.FileColumnChunk, limit int64) error {
	meta := metadataOf(file, chunk)
	if meta == nil {
		return fmt.Errorf("the footer lacks the column: the file is corrupt")
	}
	limit = min(limit, maxPage)
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	end := at + meta.TotalCompressedSize
	if at < 4 || meta.TotalCompressedSize < 0 || end < at || end > file.Size() {
		return fmt.Errorf("pages at byte %d to %d of a file of %d: the file is corrupt", at, end, file.Size())
	}
	for at < end {
		header, n, err := pageHeader(file, at, end)
		if err != nil {
			return fmt.Errorf("page header at byte %d: %w", at, err)
		}
		at += int64(n)
		size := int64(header.CompressedPageSize)
		values := int64(header.DataPageHeader.V.NumValues) + int64(header.DataPageHeaderV2.V.NumValues)
		dictionary := int64(header.DictionaryPageHeader.V.NumValues)
		switch {
		case size < 0 || size > end-at:
			return fmt.Errorf("a page of %d bytes at byte %d, beyond its column: the file is corrupt", size, at)
		case int64(header.UncompressedPageSize) > limit:
			return fmt.Errorf("a page of %d bytes at byte %d, the limit is %d", header.UncompressedPageSize, at, limit)
		case values > meta.NumValues || dictionary > int64(header.UncompressedPageSize):
			return fmt.Errorf("a page of %d values at byte %d, more than its column has: the file is corrupt", values+dictionary, at)
		}
		// The levels of a page of version 2 come first, and are not compressed.
		v2 := header.DataPageHeaderV2.V
		levels := int64(v2.DefinitionLevelsByteLength) + int64(v2.RepetitionLevelsByteLength)
		if levels < 0 || levels > min(size, int64(header.UncompressedPageSize)) {
			return fmt.Errorf("levels of %d bytes in a page of %d at byte %d: the file is corrupt", levels, size, at)
		}
		if !header.DataPageHeaderV2.Valid || v2.IsCompressed.V || !v2.IsCompressed.Valid {
			page := io.NewSectionReader(file, at+levels, size-levels)
			if err := checkCompressed(page, meta.Codec, int64(header.UncompressedPageSize)-levels, limit); err != nil {
				return fmt.Errorf("page at byte %d: %w", at, err)
			}
		}
		at += size
	}
	return nil
}

func metadataOf(file *pq.File, chunk *pq.FileColumnChunk) *format.ColumnMetaData {
	for i, g := range file.RowGroups() {
		columns := g.ColumnChunks()
		j := chunk.Column()
		if j < len(columns) && columns[j] == pq.ColumnChunk(chunk) {
			return &file.Metadata().RowGroups[i].Columns[j].MetaData
		}
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
	got, err := r.ReadAt(b, at)
	if got < len(b) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}

// checkCompressed reports compressed data that may expand beyond limit bytes,
// when size are what it should give. Where the format alone does not bound the
// expansion, the data is decompressed to nowhere.
func checkCompressed(page *io.SectionReader, codec format.CompressionCodec, size, limit int64) error {
	const (
		deflateRatio = 1032
		zstdRatio    = 1 << 15 // a block of 4 bytes for 128 KiB
	)
	compressed := page.Size()
	var r io.Reader
	var err error
	switch codec {
	case format.Snappy:
		b, err := readAt(page, 0, min(compressed, binary.MaxVarintLen64))
		if err != nil {
			return err
		}
		if n, k := binary.Uvarint(b); k > 0 && n > uint64(limit) {
			return tooLarge(limit)
		}
		return nil
	case format.Gzip:
		if compressed <= limit/deflateRatio {
			return nil
		}
		r, err = gzip.NewReader(page)
	case format.Zstd:
		if compressed <= limit/zstdRatio || zstdBound(page) <= limit {
			return nil
		}
		d, zerr := zstd.NewReader(page, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if zerr == nil {
			defer d.Close()
		}
		r, err = d, zerr
	case format.Brotli:
		r = brotli.NewReader(page)
	case format.Lz4Raw:
		// The library's decoder never ends on a block that is cut short.
		b, err := readAt(page, 0, compressed)
		if err != nil {
			return err
		}
		if _, err := lz4.UncompressBlock(b, make([]byte, size)); err != nil && compressed > 0 {
			return fmt.Errorf("decompress: %w", err)
		}
		return nil
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	if n > limit {
		return tooLarge(limit)
	}
	return nil
}

func tooLarge(limit int64) error {
	return fmt.Errorf("it expands to more than %d bytes", limit)
}

// zstdBound bounds what zstd frames expand to by the number of their blocks
// (RFC 8878, 3.1.1). Data that cannot be followed has no bound.
func zstdBound(page *io.SectionReader) int64 {
	const (
		unbounded = 1 << 62
		maxBlock  = 128 << 10
	)
	var bound int64
	for at := int64(0); at < page.Size(); {
		b, err := readAt(page, at, min(zstd.HeaderMaxSize, page.Size()-at))
		if err != nil {
			return unbounded
		}
		var h zstd.Header
		if err := h.Decode(b); err != nil {
			return unbounded
		}
		at += int64(h.HeaderSize)
		if h.Skippable {
			at += int64(h.SkippableSize)
			continue
		}
		for last := false; !last; {
			b, err := readAt(page, at, 3)
			if err != nil {
				return unbounded
			}
			block := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
			last = block&1 == 1
			at += 3
			if block>>1&3 == 1 { // run-length: 1 byte
				at++
			} else {
				at += int64(block >> 3)
			}
			bound += maxBlock
		}
		if h.HasCheckSum {
			at += 4
		}
	}
	return bound
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
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

func (s *skipper) varint() (uint64, error) {
	v, err := binary.ReadUvarint(s.r)
	if err == io.EOF {
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
