package parquet

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"
)

// Numbers written as runs and as packed groups, in any order, are read back.
func TestHybrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 32).Draw(t, "width")
		number := rapid.Uint32Range(0, uint32(1<<uint(width)-1))
		var want []int32
		var b []byte
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			if rapid.Bool().Draw(t, "run") {
				n, v := rapid.IntRange(1, 40).Draw(t, "n"), number.Draw(t, "v")
				b = binary.AppendUvarint(b, uint64(n)<<1)
				b = append(b, binary.LittleEndian.AppendUint32(nil, v)[:(width+7)/8]...)
				want = append(want, slices.Repeat([]int32{int32(v)}, n)...)
				continue
			}
			groups := rapid.IntRange(1, 4).Draw(t, "groups")
			b = binary.AppendUvarint(b, uint64(groups)<<1|1)
			packed := make([]byte, groups*width)
			for i, v := range rapid.SliceOfN(number, 8*groups, 8*groups).Draw(t, "values") {
				for bit := range width {
					at := i*width + bit
					packed[at/8] |= byte(v>>uint(bit)&1) << (at % 8)
				}
				want = append(want, int32(v))
			}
			b = append(b, packed...)
		}
		n := rapid.IntRange(1, len(want)).Draw(t, "asked for")
		got := make([]int32, n)
		if err := hybrid(got, b, width); err != nil || !slices.Equal(got, want[:n]) {
			t.Fatalf("%v, %v, want %v", got, err, want[:n])
		}
		if err := hybrid(make([]int32, len(want)+1), b, width); err == nil {
			t.Fatal("more numbers were read than there are")
		}
	})
}

// What is short and claims to be long is refused, or read no further than asked.
func TestBombs(t *testing.T) {
	run := append(binary.AppendUvarint(nil, 1<<40), 1)
	if got := make([]int32, 10); hybrid(got, run, 1) != nil || got[9] != 1 {
		t.Error("a run that is longer than the page")
	}
	if hybrid(make([]int32, 10), append(binary.AppendUvarint(nil, 20), 7), 1) == nil {
		t.Error("the level 7 of one bit was read")
	}
	zeros := make([]byte, 4<<20)
	var gz, br bytes.Buffer
	g := gzip.NewWriter(&gz)
	g.Write(zeros)
	g.Close()
	w := brotli.NewWriter(&br)
	w.Write(zeros)
	w.Close()
	z, _ := zstd.NewWriter(nil)
	for codec, b := range map[format.CompressionCodec][]byte{
		format.Gzip: gz.Bytes(), format.Brotli: br.Bytes(), format.Zstd: z.EncodeAll(zeros, nil), format.Snappy: snappy.Encode(nil, zeros), format.Lz4Raw: {0x10, 0},
	} {
		for _, size := range []int64{100, 1 << 26} {
			u := unpacker{codec: codec, limit: 1 << 20, scratch: &scratch{}}
			if out, err := u.unpack(b, size); err == nil {
				t.Errorf("%v: %d bytes of a page of %d", codec, len(out), size)
			}
			u.close()
		}
	}
}

func TestDeltaBombs(t *testing.T) {
	encoded, err := new(delta.BinaryPackedEncoding).EncodeInt32(nil, []int32{1, 5, 2, 8, 1000, -7})
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := skipDelta(append(bytes.Clone(encoded), 1, 2, 3), 6); err != nil || !bytes.Equal(rest, []byte{1, 2, 3}) {
		t.Errorf("rest %v, %v", rest, err)
	}
	if _, err := skipDelta(encoded, 5); err == nil {
		t.Error("more values than the page has")
	}
	many := binary.AppendUvarint([]byte{0x80, 1, 4}, 1<<31)
	if checkDelta(append(many, 0, 0), 10, format.DeltaBinaryPacked, 1<<20) == nil {
		t.Error("two thousand million values in a few bytes")
	}
	// Each string repeats all of the long one before it.
	words := [][]byte{bytes.Repeat([]byte("x"), 1<<16)}
	for range 1000 {
		words = append(words, append(bytes.Clone(words[0]), 'y'))
	}
	var text []byte
	offsets := []uint32{0}
	for _, w := range words {
		text = append(text, w...)
		offsets = append(offsets, uint32(len(text)))
	}
	b, err := new(delta.ByteArrayEncoding).EncodeByteArray(nil, text, offsets)
	if err != nil {
		t.Fatal(err)
	}
	if checkDelta(b, len(words), format.DeltaByteArray, 1<<20) == nil {
		t.Error("strings that repeat each other beyond the limit")
	}
	if err := checkDelta(b, len(words), format.DeltaByteArray, 1<<30); err != nil {
		t.Error(err)
	}
}
