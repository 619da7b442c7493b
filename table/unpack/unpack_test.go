package unpack_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/runnel-dev/runnel/table/unpack"
)

var limits = unpack.Limits{MaxBytes: 1 << 30, MaxRatio: 200}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func read(b []byte, l unpack.Limits) (string, string, error) {
	r, err := unpack.NewReader(bytes.NewReader(b), l)
	if err != nil {
		return "", "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), r.Compression, err
}

func TestRead(t *testing.T) {
	for _, text := range []string{"", "a", "abc", "abcd", strings.Repeat("some text\n", 10_000)} {
		for compression, b := range map[string][]byte{"": []byte(text), "gzip": gz(t, []byte(text)), "zstd": zst(t, []byte(text))} {
			if len(b) == 0 && compression != "" {
				continue // zstd of nothing may be nothing
			}
			got, as, err := read(b, limits)
			if err != nil || got != text || as != compression {
				t.Errorf("%d bytes of %q: %d bytes of %q, %v", len(text), compression, len(got), as, err)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	var large *unpack.TooLarge
	if _, _, err := read([]byte("0123456789"), unpack.Limits{MaxBytes: 9, MaxRatio: 200}); !errors.As(err, &large) {
		t.Errorf("ten bytes of nine allowed: %v", err)
	}
	// Members and frames may follow each other: a large file is packed once.
	zeros := make([]byte, 1<<20)
	for name, bomb := range map[string][]byte{"gzip": bytes.Repeat(gz(t, zeros), 80), "zstd": bytes.Repeat(zst(t, zeros), 80)} {
		if _, _, err := read(bomb, limits); !errors.As(err, &large) || !strings.Contains(large.Text, "bomb") {
			t.Errorf("%s bomb: %v", name, err)
		}
		if got, _, err := read(bomb, unpack.Limits{MaxBytes: 1 << 30, MaxRatio: 1 << 30}); err != nil || len(got) != 80*len(zeros) {
			t.Errorf("%s that is to be trusted: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestDamage(t *testing.T) {
	text := []byte(strings.Repeat("some text\n", 10_000))
	for name, b := range map[string][]byte{"gzip": gz(t, text), "zstd": zst(t, text)} {
		var damaged *unpack.Damaged
		if _, _, err := read(b[:len(b)/2], limits); !errors.As(err, &damaged) {
			t.Errorf("half of a %s file: %v", name, err)
		}
	}
}

func TestAReaderThatFailsIsNoDamage(t *testing.T) {
	away := errors.New("the store is away")
	b := gz(t, []byte(strings.Repeat("some text\n", 100_000)))
	r, err := unpack.NewReader(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(away)), limits)
	if err == nil {
		_, err = io.ReadAll(r)
	}
	var damaged *unpack.Damaged
	if !errors.Is(err, away) || errors.As(err, &damaged) {
		t.Errorf("%v, want the reader's own error", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("text"))
	f.Add(gz(f, []byte("text")))
	f.Add(zst(f, []byte("text")))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _, _ = read(b, unpack.Limits{MaxBytes: 1 << 20, MaxRatio: 100}) // no panic, no hang
	})
}
