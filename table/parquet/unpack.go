package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// An unpacker decompresses pages, to the size that they say and no further.
type unpacker struct {
	codec format.CompressionCodec
	limit int64
	zstd  *zstd.Decoder
	*scratch
}

// unpack decompresses to size bytes, which are valid until the next call.
func (u *unpacker) unpack(b []byte, size int64) ([]byte, error) {
	if u.codec == format.Uncompressed {
		return b, nil
	}
	if size == 0 {
		return nil, nil
	}
	const mostLikely = 1 << 16 // times that data shrinks by
	if size > mostLikely*int64(len(b)+1) {
		return nil, fmt.Errorf("%d bytes that decompress to %d", len(b), size)
	}
	u.plain = sized(u.plain, int(size))
	var out []byte
	var err error
	switch u.codec {
	case format.Snappy:
		n := 0
		if n, err = snappy.DecodedLen(b); err == nil && int64(n) == size {
			out, err = snappy.Decode(u.plain, b)
		}
	case format.Zstd:
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(max(u.limit, 1<<20)))); err != nil {
				return nil, err
			}
		}
		out, err = u.zstd.DecodeAll(b, u.plain[:0])
	case format.Gzip:
		z, zerr := gzip.NewReader(bytes.NewReader(b))
		if err = zerr; err == nil {
			out, err = readAll(z, u.plain)
		}
	case format.Brotli:
		out, err = readAll(brotli.NewReader(bytes.NewReader(b)), u.plain)
	case format.Lz4Raw:
		n := 0
		n, err = lz4.UncompressBlock(b, u.plain)
		out = u.plain[:max(n, 0)]
	default:
		return nil, fmt.Errorf("the codec %v, which cannot be read: write the file with snappy or zstd", u.codec)
	}
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if int64(len(out)) != size {
		return nil, fmt.Errorf("%d bytes after decompression, want %d", len(out), size)
	}
	return out, nil
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}

// readAll fills b, after which r must be at its end.
func readAll(r io.Reader, b []byte) ([]byte, error) {
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("more data than the page says")
	}
	return b, nil
}

// checkDelta reports delta-encoded data that claims to hold more than n values
// or, by strings that repeat those before, more than limit bytes.
func checkDelta(b []byte, n int, enc format.Encoding, limit int64) error {
	switch enc {
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		_, err := skipDelta(b, n)
		return err
	case format.DeltaByteArray:
		rest, err := skipDelta(b, n)
		if err != nil {
			return err
		}
		if _, err := skipDelta(rest, n); err != nil {
			return err
		}
		prefixes, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, b)
		if err != nil {
			return err
		}
		// A prefix is at most the string before it, which is at most all suffixes.
		var size int64
		for _, p := range prefixes {
			if p < 0 || int(p) > len(rest) {
				return fmt.Errorf("a prefix of %d bytes", p)
			}
			if size += int64(p); size > limit {
				return fmt.Errorf("strings of more than %d bytes", limit)
			}
		}
	}
	return nil
}

// skipDelta passes over numbers in DELTA_BINARY_PACKED and checks that there are
// at most n.
func skipDelta(b []byte, n int) (rest []byte, err error) {
	next := func() uint64 {
		v, k := binary.Uvarint(b)
		if k <= 0 {
			err = errShort
			return 0
		}
		b = b[k:]
		return v
	}
	block, minis, total := next(), next(), next()
	next() // the first value
	if err != nil {
		return nil, err
	}
	if total > uint64(n) || block == 0 || block > 1<<16 || minis == 0 || minis > block {
		return nil, fmt.Errorf("%d values in blocks of %d in %d, want %d", total, block, minis, n)
	}
	for left := int64(total) - 1; left > 0; left -= int64(block) {
		next() // the least difference
		if err != nil || uint64(len(b)) < minis {
			return nil, errShort
		}
		widths := b[:minis]
		b = b[minis:]
		for i, w := range widths {
			if int64(i)*int64(block/minis) >= left {
				break // groups beyond the last value are not there
			}
			size := int(block/minis) * int(w) / 8
			if w > 64 {
				return nil, fmt.Errorf("numbers of %d bits", w)
			}
			b = b[min(size, len(b)):]
		}
	}
	return b, nil
}
