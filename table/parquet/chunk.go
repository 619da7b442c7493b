package parquet

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/s2"
	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/runnel-dev/runnel/table"
)

const (
	pageRows      = 1 << 16 // rows of a data page
	pageBytes     = 1 << 20 // of strings in a data page
	dictionaryMax = 1 << 20 // bytes of a dictionary above which the rest of a column is written plain
)

// A chunk is a column of the row group that is being written: its pages as they
// will be in the file, and what its footer says of them.
type chunk struct {
	pages  []byte
	plain  int64 // bytes of the pages before compression
	values int64
	nulls  int64
	extent

	dictionary []byte // values as a dictionary page holds them
	index      map[string]uint32
	book       codebook // in place of index: of numbers
	full       bool     // the dictionary takes no more
	byIndex    bool     // at least one page has indices
	spelled    bool     // at least one page has values

	indices []uint32 // of the page that is being made
	words   []uint64
	page    []byte
	packed  []byte
}

// reset empties the chunk for the next row group.
func (c *chunk) reset() {
	c.book.reset()
	*c = chunk{pages: c.pages[:0], dictionary: c.dictionary[:0], book: c.book, indices: c.indices[:0], words: c.words, page: c.page, packed: c.packed}
}

// add encodes rows [from, to) of a column.
func (c *chunk) add(col *table.Column, from, to int, how Compression) error {
	var known []int64 // index of each of the column's own codes, -1 as long as it has none
	if col.Kind == table.String {
		known = make([]int64, len(col.Dict))
		for i := range known {
			known[i] = -1
		}
		if c.index == nil {
			c.index = map[string]uint32{}
		}
	}
	for from < to {
		var err error
		if from, err = c.addPage(col, known, from, to, how); err != nil {
			return err
		}
	}
	return nil
}

// addPage makes one page of rows from on, to at most, and returns the first that
// it left out: definition levels, then the values of the rows that have one.
func (c *chunk) addPage(col *table.Column, known []int64, from, to int, how Compression) (int, error) {
	end := min(to, from+pageRows)
	to = end
	encoding := format.Plain
	body := c.page[:0]
	if col.Kind != table.Bool && !c.full {
		encoding = format.RLEDictionary
		if col.Kind == table.String {
			to = c.look(col, known, from, to)
		} else {
			to = c.lookNumbers(col, from, to)
		}
		if to == from { // the dictionary is full
			return c.addPage(col, known, from, end, how)
		}
		body = appendIndices(body, c.indices, c.entries())
		c.byIndex = true
	} else {
		body, to = appendPlain(body, col, from, to)
		c.spelled = true
		c.extend(col, from, to)
	}
	levels, nulls := appendLevels(nil, col, from, to)
	c.page = body
	packed, compressed, err := c.compress(body, how)
	if err != nil {
		return 0, err
	}
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(len(levels) + len(body)),
		CompressedPageSize:   int32(len(levels) + len(packed)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(to - from), NumNulls: int32(nulls), NumRows: int32(to - from), Encoding: encoding,
			DefinitionLevelsByteLength: int32(len(levels)), IsCompressed: thrift.New(compressed),
		}),
	}
	c.values += int64(to - from)
	c.nulls += int64(nulls)
	c.pages, err = appendPage(c.pages, &c.plain, header, levels, packed)
	return to, err
}

// entries is the number of values in the dictionary.
func (c *chunk) entries() int { return len(c.index) + len(c.book.values) }

// look finds the indices of the strings of rows [from, to) that are not missing,
// and returns the row where the dictionary was full.
func (c *chunk) look(col *table.Column, known []int64, from, to int) int {
	c.indices = c.indices[:0]
	for i := from; i < to; i++ {
		if col.Missing(i) {
			continue
		}
		code := col.Codes[i]
		at := known[code]
		if at < 0 {
			if len(c.dictionary) > dictionaryMax {
				c.full = true
				return i
			}
			s := col.Dict[code]
			k, ok := c.index[s]
			if !ok {
				k = uint32(len(c.index))
				c.index[s] = k
				c.dictionary = append(binary.LittleEndian.AppendUint32(c.dictionary, uint32(len(s))), s...)
			}
			at = int64(k)
			known[code] = at
		}
		c.indices = append(c.indices, uint32(at))
	}
	return to
}

// dictionaryPage is the page that comes before all others; nil where there is none.
func (c *chunk) dictionaryPage(how Compression) ([]byte, error) {
	if !c.byIndex {
		return nil, nil
	}
	packed, err := how.codec().Encode(nil, c.dictionary)
	if err != nil {
		return nil, err
	}
	header := format.PageHeader{
		Type:                 format.DictionaryPage,
		UncompressedPageSize: int32(len(c.dictionary)),
		CompressedPageSize:   int32(len(packed)),
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(c.entries()), Encoding: format.Plain}),
	}
	return appendPage(nil, &c.plain, header, nil, packed)
}

// compress packs the values of a page, and leaves them as they are where that
// saves little.
func (c *chunk) compress(b []byte, how Compression) ([]byte, bool, error) {
	switch how {
	case Uncompressed:
		return b, false, nil
	case Snappy:
		c.packed = s2.EncodeSnappy(c.packed[:cap(c.packed)], b)
	default:
		var err error
		if c.packed, err = how.codec().Encode(c.packed[:0], b); err != nil {
			return nil, false, err
		}
	}
	if len(c.packed) > len(b)-len(b)/16 {
		return b, false, nil
	}
	return c.packed, true, nil
}

// metadata is what the footer says of the chunk, but where it is.
func (c *chunk) metadata(f table.Field, how Compression) format.ColumnMetaData {
	m := format.ColumnMetaData{
		Type: typeOf(f.Kind), PathInSchema: []string{f.Name}, Codec: how.format(), NumValues: c.values,
		TotalUncompressedSize: c.plain, Encoding: []format.Encoding{format.RLE},
		Statistics: format.Statistics{NullCount: c.nulls},
	}
	if c.spelled || c.byIndex {
		m.Encoding = append(m.Encoding, format.Plain)
	}
	if c.byIndex {
		m.Encoding = append(m.Encoding, format.RLEDictionary)
	}
	m.Statistics.MinValue, m.Statistics.MaxValue = c.bounds(f.Kind)
	return m
}

// appendPage appends a header and what follows it, and counts it in plain as it
// is before compression.
func appendPage(dst []byte, plain *int64, header format.PageHeader, levels, values []byte) ([]byte, error) {
	header.CRC = int32(crc32.Update(crc32.ChecksumIEEE(levels), crc32.IEEETable, values))
	head, err := thrift.Marshal(&thrift.CompactProtocol{}, &header)
	if err != nil {
		return nil, fmt.Errorf("page header: %w", err)
	}
	*plain += int64(len(head)) + int64(header.UncompressedPageSize)
	return append(append(append(dst, head...), levels...), values...), nil
}

// codec is the library's; it packs in the format that the footer names.
func (c Compression) codec() interface {
	Encode(dst, src []byte) ([]byte, error)
} {
	switch c {
	case Zstd:
		return &pq.Zstd
	case Uncompressed:
		return &pq.Uncompressed
	default:
		return &pq.Snappy
	}
}

func (c Compression) format() format.CompressionCodec {
	return [...]format.CompressionCodec{Snappy: format.Snappy, Zstd: format.Zstd, Uncompressed: format.Uncompressed}[c]
}

// appendLevels writes a definition level for each row, 1 where it has a value:
// as one run where they are alike, else a bit each.
func appendLevels(dst []byte, col *table.Column, from, to int) (levels []byte, nulls int) {
	n := to - from
	if col.Valid != nil {
		for i := from; i < to; i++ {
			if !col.Valid.Get(i) {
				nulls++
			}
		}
	}
	if nulls == 0 || nulls == n {
		level := byte(1)
		if nulls > 0 {
			level = 0
		}
		return append(binary.AppendUvarint(dst, uint64(n)<<1), level), nulls
	}
	dst = binary.AppendUvarint(dst, uint64((n+7)/8)<<1|1)
	for i := from; i < to; i += 8 {
		var b byte
		for k := i; k < min(i+8, to); k++ {
			if col.Valid.Get(k) {
				b |= 1 << (k - i)
			}
		}
		dst = append(dst, b)
	}
	return dst, nulls
}

// appendIndices writes the width of an index, then the indices: one run where
// they are alike, else packed to that width.
func appendIndices(dst []byte, indices []uint32, entries int) []byte {
	width := max(1, bits.Len(uint(max(entries, 1)-1)))
	dst = append(dst, byte(width))
	if len(indices) == 0 {
		return dst
	}
	alike := true
	for _, v := range indices {
		if v != indices[0] {
			alike = false
			break
		}
	}
	if alike {
		dst = binary.AppendUvarint(dst, uint64(len(indices))<<1)
		for k := 0; k < width; k += 8 {
			dst = append(dst, byte(indices[0]>>k))
		}
		return dst
	}
	groups := (len(indices) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	var word uint64
	filled := 0
	for _, v := range indices {
		word |= uint64(v) << filled
		if filled += width; filled >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(word))
			word >>= 32
			filled -= 32
		}
	}
	for len(dst) < end {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst
}

// appendPlain writes the values of rows [from, to) that have one, and returns
// the first row that it left out for the sake of the page's size.
func appendPlain(dst []byte, col *table.Column, from, to int) ([]byte, int) {
	switch col.Kind {
	case table.Float64:
		dst = slices.Grow(dst, 8*(to-from))
		for i, v := range col.Floats[from:to] {
			if !col.Missing(from + i) {
				dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
			}
		}
	case table.Bool:
		filled := 8
		for i, v := range col.Bools[from:to] {
			if col.Missing(from + i) {
				continue
			}
			if filled == 8 {
				dst, filled = append(dst, 0), 0
			}
			if v {
				dst[len(dst)-1] |= 1 << filled
			}
			filled++
		}
	case table.String:
		for i, code := range col.Codes[from:to] {
			if len(dst) > pageBytes {
				return dst, from + i
			}
			if !col.Missing(from + i) {
				s := col.Dict[code]
				dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(s))), s...)
			}
		}
	default:
		dst = slices.Grow(dst, 8*(to-from))
		for i, v := range col.Ints[from:to] {
			if !col.Missing(from + i) {
				dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
			}
		}
	}
	return dst, to
}
