package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

var errShort = errors.New("the data is cut short")

// A page is the values of some rows of a column.
type page struct {
	rows    int
	levels  []int32 // 1 where a row has a value; nil: all rows do
	present int     // rows that have a value
	values  encoding.Values
	indices []int32 // into the dictionary, in place of values
}

// A pageReader reads the pages of a column chunk. The library's own reader
// trusts the sizes in a file: here each is checked before memory is taken.
type pageReader struct {
	file     io.ReaderAt
	at, end  int64
	meta     *format.ColumnMetaData
	typ      pq.Type
	optional bool
	empty    bool // a column without a type: nothing but levels is read
	limit    int64
	budget   *budget
	width    int64 // bytes of a value in the table
	unpack   unpacker

	dictionary encoding.Values
	entries    int // of the dictionary
	*scratch
}

// A scratch is memory that pages are read into, used again for the next.
type scratch struct {
	raw, plain      []byte
	values          []byte
	offsets         []uint32
	levels, indices []int32
}

func newPageReader(file *pq.File, chunk *pq.FileColumnChunk, d *decoder, budget *budget, s *scratch) (*pageReader, error) {
	meta := metadataOf(file, chunk)
	if meta == nil {
		return nil, fmt.Errorf("the footer lacks the column: the file is corrupt")
	}
	r := &pageReader{file: file, meta: meta, typ: chunk.Type(), optional: chunk.Node().Optional(), empty: d.empty,
		limit: min(budget.limit, maxPage), budget: budget, width: width(d.kind), scratch: s}
	r.at = meta.DataPageOffset
	if o := meta.DictionaryPageOffset; o != 0 && (o < r.at || r.at == 0) {
		r.at = o
	}
	r.end = r.at + meta.TotalCompressedSize
	if r.at < 4 || meta.TotalCompressedSize < 0 || r.end < r.at || r.end > file.Size() {
		return nil, fmt.Errorf("pages at byte %d to %d of a file of %d: the file is corrupt", r.at, r.end, file.Size())
	}
	r.unpack = unpacker{codec: meta.Codec, limit: r.limit, scratch: s}
	return r, nil
}

func metadataOf(file *pq.File, chunk *pq.FileColumnChunk) *format.ColumnMetaData {
	for i, g := range file.RowGroups() {
		j := chunk.Column()
		if columns := g.ColumnChunks(); j < len(columns) && columns[j] == pq.ColumnChunk(chunk) {
			return &file.Metadata().RowGroups[i].Columns[j].MetaData
		}
	}
	return nil
}

// next reads a page, which is valid until the next; io.EOF after the last.
func (r *pageReader) next() (*page, error) {
	for r.at < r.end {
		at := r.at
		header, n, err := pageHeader(r.file, at, r.end)
		if err != nil {
			return nil, fmt.Errorf("page header at byte %d: %w", at, err)
		}
		r.at += int64(n)
		p, err := r.read(header)
		if err != nil {
			return nil, fmt.Errorf("page at byte %d: %w: the file is corrupt", at, err)
		}
		if p != nil {
			return p, nil
		}
	}
	return nil, io.EOF
}

// read reads the page that follows a header; a dictionary is kept, and is no page.
func (r *pageReader) read(h *format.PageHeader) (*page, error) {
	size, plain := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
	if size < 0 || size > r.end-r.at || plain < 0 || plain > r.limit {
		return nil, fmt.Errorf("%d bytes, %d when decompressed, where %d are left and the limit is %d", size, plain, r.end-r.at, r.limit)
	}
	r.raw = sized(r.raw, int(size))
	raw := r.raw
	if err := readFull(r.file, raw, r.at); err != nil {
		return nil, err
	}
	r.at += size
	if h.CRC != 0 && crc32.ChecksumIEEE(raw) != uint32(h.CRC) {
		return nil, fmt.Errorf("the checksum is wrong")
	}
	switch h.Type {
	case format.DataPage:
		v1 := h.DataPageHeader.V
		data, err := r.unpack.unpack(raw, plain)
		if err != nil {
			return nil, err
		}
		var levels []byte
		if r.optional {
			if v1.DefinitionLevelEncoding != format.RLE {
				return nil, fmt.Errorf("levels in the encoding %v, which is out of use", v1.DefinitionLevelEncoding)
			}
			if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
				return nil, errShort
			}
			n := binary.LittleEndian.Uint32(data)
			levels, data = data[4:4+n], data[4+n:]
		}
		return r.decode(int(v1.NumValues), levels, data, v1.Encoding)
	case format.DataPageV2:
		v2 := h.DataPageHeaderV2.V
		repetitions, definitions := int64(v2.RepetitionLevelsByteLength), int64(v2.DefinitionLevelsByteLength)
		if repetitions < 0 || definitions < 0 || repetitions+definitions > min(size, plain) {
			return nil, errShort
		}
		levels, data := raw[repetitions:repetitions+definitions], raw[repetitions+definitions:]
		if !v2.IsCompressed.Valid || v2.IsCompressed.V {
			var err error
			if data, err = r.unpack.unpack(data, plain-repetitions-definitions); err != nil {
				return nil, err
			}
		}
		if definitions == 0 {
			levels = nil
		}
		return r.decode(int(v2.NumValues), levels, data, v2.Encoding)
	case format.DictionaryPage:
		if r.empty {
			return nil, nil
		}
		if r.entries > 0 {
			return nil, fmt.Errorf("a second dictionary")
		}
		data, err := r.unpack.unpack(raw, plain)
		if err != nil {
			return nil, err
		}
		n := int(h.DictionaryPageHeader.V.NumValues)
		if n < 0 || n > len(data) {
			return nil, fmt.Errorf("a dictionary of %d values in %d bytes", n, len(data))
		}
		r.dictionary, err = r.decodeValues(n, bytes.Clone(data), format.Plain, nil, nil)
		r.entries = n
		return nil, err
	}
	return nil, nil // an index page
}

// decode takes a data page apart. levels is nil where there are none.
func (r *pageReader) decode(rows int, levels, data []byte, enc format.Encoding) (*page, error) {
	if rows < 0 || int64(rows) > r.meta.NumValues {
		return nil, fmt.Errorf("%d values, more than its column has", rows)
	}
	if err := r.budget.take(int64(rows) * r.width); err != nil {
		return nil, err
	}
	p := &page{rows: rows, present: rows}
	if r.optional && levels != nil && !allPresent(levels, rows) {
		r.levels = sized(r.levels, rows)
		if err := hybrid(r.levels, levels, 1); err != nil {
			return nil, fmt.Errorf("levels: %w", err)
		}
		p.present = 0
		for _, l := range r.levels {
			p.present += int(l)
		}
		if p.present < rows {
			p.levels = r.levels
		}
	}
	if r.empty {
		p.present, p.levels = 0, nil
		return p, nil
	}
	if p.present == 0 {
		return p, nil
	}
	if enc != format.RLEDictionary && enc != format.PlainDictionary { //nolint:staticcheck // deprecated, and found in files that stand //nolint:staticcheck // older writers name it so
		e := pq.LookupEncoding(enc)
		r.values = sized(r.values, r.typ.EstimateDecodeSize(p.present, data, e))
		r.offsets = sized(r.offsets, p.present+1)
		var err error
		p.values, err = r.decodeValues(p.present, data, enc, r.values, r.offsets)
		return p, err
	}
	if r.dictionary.Kind() == encoding.Undefined || len(data) == 0 {
		return nil, fmt.Errorf("dictionary indices, but no dictionary")
	}
	r.indices = sized(r.indices, p.present)
	p.indices = r.indices
	if err := hybrid(p.indices, data[1:], int(data[0])); err != nil {
		return nil, fmt.Errorf("dictionary indices: %w", err)
	}
	for _, x := range p.indices {
		if uint(x) >= uint(r.entries) {
			return nil, fmt.Errorf("dictionary index %d of %d", x, r.entries)
		}
	}
	return p, nil
}

// allPresent reports whether levels are one run of 1, as in a column that lacks
// no value.
func allPresent(levels []byte, rows int) bool {
	head, k := binary.Uvarint(levels)
	return k > 0 && head&1 == 0 && head>>1 >= uint64(rows) && len(levels) > k && levels[k] == 1
}

// decodeValues decodes n values in any encoding that is not by dictionary, into
// the memory given where that is enough.
func (r *pageReader) decodeValues(n int, data []byte, enc format.Encoding, buffer []byte, offsets []uint32) (encoding.Values, error) {
	if err := checkDelta(data, n, enc, r.limit); err != nil {
		return encoding.Values{}, err
	}
	if size := valueSize(r.typ.Kind()); enc == format.Plain && size > 0 && len(data) >= 64 && len(r.plain) > 0 && &data[0] == &r.plain[0] {
		// They lie at the start of memory of our own, so aligned: nothing is to be done.
		if len(data) < n*size {
			return encoding.Values{}, errShort
		}
		return r.typ.NewValues(data[:n*size], nil), nil
	}
	values, err := r.typ.Decode(r.typ.NewValues(buffer[:0], offsets[:0]), data, pq.LookupEncoding(enc))
	if err != nil {
		return values, err
	}
	got, ends := values.Data()
	need := n * valueSize(r.typ.Kind())
	switch r.typ.Kind() {
	case pq.Boolean:
		need = (n + 7) / 8
	case pq.FixedLenByteArray:
		need = n * r.typ.Length()
	case pq.ByteArray:
		if len(ends) <= n {
			return values, errShort
		}
	}
	if len(got) < need {
		return values, errShort
	}
	return values, nil
}

// valueSize is the bytes of a value of a type whose values are all as long by
// themselves, 0 of the others.
func valueSize(k pq.Kind) int {
	switch k {
	case pq.Int32, pq.Float:
		return 4
	case pq.Int64, pq.Double:
		return 8
	case pq.Int96:
		return 12
	}
	return 0
}

func sized[T any](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}

// hybrid fills dst with numbers of width bits, written as runs and packed
// groups of 8 (the format's RLE encoding).
func hybrid(dst []int32, src []byte, width int) error {
	if width > 32 {
		return fmt.Errorf("numbers of %d bits", width)
	}
	if width == 0 {
		clear(dst)
		return nil
	}
	for len(dst) > 0 {
		head, k := binary.Uvarint(src)
		if k <= 0 {
			return errShort
		}
		src = src[k:]
		count := head >> 1
		if head&1 == 0 {
			bytes := (width + 7) / 8
			if len(src) < bytes {
				return errShort
			}
			var v uint32
			for i, b := range src[:bytes] {
				v |= uint32(b) << (8 * i)
			}
			if uint64(v)>>uint(width) != 0 {
				return fmt.Errorf("the number %d of %d bits", v, width)
			}
			src = src[bytes:]
			run := dst[:min(count, uint64(len(dst)))]
			for i := range run {
				run[i] = int32(v)
			}
			dst = dst[len(run):]
			continue
		}
		count = min(count, uint64(len(src))) // groups, of width bytes each
		n := min(8*int(count), len(dst))
		if (n*width+7)/8 > len(src) {
			return errShort
		}
		unpackBits(dst[:n], src, width)
		dst, src = dst[n:], src[min(int(count)*width, len(src)):]
	}
	return nil
}

// unpackBits reads numbers of width bits each, the least significant bit first.
func unpackBits(dst []int32, src []byte, width int) {
	mask := uint64(1)<<uint(width) - 1
	for i := range dst {
		bit := i * width
		at := bit >> 3
		var v uint64
		if at+8 <= len(src) {
			v = binary.LittleEndian.Uint64(src[at:])
		} else {
			for j, b := range src[at:] {
				v |= uint64(b) << (8 * j)
			}
		}
		dst[i] = int32(v >> (uint(bit) & 7) & mask)
	}
}
