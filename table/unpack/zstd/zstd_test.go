package zstd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

func packed(t tester, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, append(o, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// text is n bytes of which a share repeats what came before.
func text(r *rand.Rand, n, letters int) []byte {
	b := make([]byte, 0, n)
	for len(b) < n {
		if len(b) > 8 && r.IntN(3) > 0 {
			from := r.IntN(len(b))
			b = append(b, b[from:min(len(b), from+3+r.IntN(100))]...)
		} else {
			for range r.IntN(40) {
				b = append(b, byte('a'+r.IntN(letters)*r.IntN(letters)/letters))
			}
		}
	}
	return b[:n]
}

// TestReads reads what klauspost's encoder writes.
func TestReads(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 300_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for name, b := range map[string][]byte{
		"nothing": {}, "one byte": {7}, "random": random, "zeros": make([]byte, 1<<20), "rows": bytes.Repeat([]byte("12,abc,2024-01-02\n"), 30_000),
		"few letters": text(r, 500_000, 4), "many letters": text(r, 300_000, 150), "short": text(r, 900, 20),
	} {
		for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression, zstd.SpeedBestCompression} {
			for _, window := range []int{1 << 10, 1 << 16, 1 << 22} {
				p := packed(t, b, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window), zstd.WithEncoderCRC(window != 1<<16), zstd.WithAllLitEntropyCompression(window == 1<<22))
				got, err := io.ReadAll(NewReader(p2r(p)))
				if err != nil || !bytes.Equal(got, b) {
					t.Errorf("%s, %v, window %d: %d bytes of %d, %v", name, level, window, len(got), len(b), err)
				}
			}
		}
	}
}

func p2r(b []byte) io.Reader { return bytes.NewReader(b) }

func TestFrames(t *testing.T) {
	skip := []byte("\x5e\x2a\x4d\x18\x03\x00\x00\x00abc")
	b := bytes.Join([][]byte{skip, packed(t, []byte("one,")), skip, packed(t, []byte("two")), skip}, nil)
	got, err := io.ReadAll(iotest.OneByteReader(NewReader(iotest.OneByteReader(bytes.NewReader(b)))))
	if err != nil || string(got) != "one,two" {
		t.Errorf("%q, %v", got, err)
	}
	whole := packed(t, text(rand.New(rand.NewPCG(3, 4)), 5000, 30))
	for n := range whole {
		if n == 0 {
			continue
		}
		if _, err := io.ReadAll(NewReader(bytes.NewReader(whole[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	for what, c := range map[string]string{
		"no other":   string(whole) + "abcd",
		"dictionary": "\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00",
		"back":       "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00",
		"checksum":   string(whole[:len(whole)-1]) + "x",
		"reserved":   "\x28\xb5\x2f\xfd\x08\x00\x01\x00\x00",
		"less than":  "\x28\xb5\x2f\xfd\x20\x07\x01\x00\x00",
		"more than":  "\x28\xb5\x2f\xfd\x20\x01\x11\x00\x00ab",
	} {
		if _, err := io.ReadAll(NewReader(strings.NewReader(c))); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		b := text(r, rapid.IntRange(1, 200_000).Draw(t, "n"), rapid.IntRange(1, 200).Draw(t, "letters"))
		got, err := io.ReadAll(NewReader(bytes.NewReader(packed(t, b, zstd.WithEncoderLevel(zstd.EncoderLevel(rapid.IntRange(1, 4).Draw(t, "level")))))))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(b), err)
		}
	})
}

// FuzzRead reads any bytes as klauspost's decoder does, as far as both read them.
func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for i, b := range [][]byte{{}, text(r, 300, 3), text(r, 3000, 100), make([]byte, 5000)} {
		f.Add(packed(f, b, zstd.WithEncoderLevel(zstd.EncoderLevel(i+1)), zstd.WithEncoderCRC(i%2 == 0)))
	}
	peer, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(mostWindow))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 20
		got, err := io.ReadAll(io.LimitReader(NewReader(bytes.NewReader(b)), most))
		if resetErr := peer.Reset(bytes.NewReader(b)); resetErr != nil {
			t.Skip(resetErr)
		}
		want, wantErr := io.ReadAll(io.LimitReader(peer, most))
		if err == nil && wantErr == nil && !bytes.Equal(got, want) {
			t.Errorf("%d bytes, klauspost's: %d", len(got), len(want))
		}
		if err != nil && wantErr == nil {
			t.Errorf("%v; klauspost's reads %d bytes", err, len(want))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	rows := text(rand.New(rand.NewPCG(7, 8)), 8<<20, 60)
	p := packed(b, rows)
	for name, read := range map[string]func() io.Reader{
		"plain": func() io.Reader { return NewReader(bytes.NewReader(p)) },
		"klauspost": func() io.Reader {
			z, err := zstd.NewReader(bytes.NewReader(p), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
			if err != nil {
				b.Fatal(err)
			}
			return z
		},
	} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.SetBytes(int64(len(rows)))
			for range b.N {
				if n, err := io.Copy(io.Discard, read()); err != nil || n != int64(len(rows)) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
