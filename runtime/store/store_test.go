package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

// elsewhere is where a test's stores are opened; nil: on this machine. Tests that
// run over a network set it while they run others.
var elsewhere func() string

// location gives an empty place for stores that are shared.
func location(t testing.TB) string {
	if elsewhere != nil {
		return elsewhere()
	}
	return t.TempDir()
}

// long is n, or what a name elsewhere may have: 255 bytes in directories, 1024 in
// all a key of S3.
func long(n int) int {
	if elsewhere != nil {
		return min(n, 80)
	}
	return n
}

// each runs a test on every kind of store.
func each(t *testing.T, test func(t *testing.T, s *Store)) {
	if elsewhere != nil {
		test(t, openStore(t, elsewhere(), nil))
		return
	}
	for name, location := range map[string]func(*testing.T) string{
		"file": func(t *testing.T) string { return t.TempDir() },
		"mem":  func(*testing.T) string { return "mem://" },
	} {
		t.Run(name, func(t *testing.T) { test(t, openStore(t, location(t), nil)) })
	}
	t.Run("file, alone", func(t *testing.T) { test(t, openStore(t, t.TempDir(), &Options{Alone: true})) })
}

func openStore(t testing.TB, location string, opts *Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), location, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestArtifacts(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		for _, size := range []int{0, 1, 100_000, 3 << 20} {
			data := bytes.Repeat([]byte("runnel "), size/7+1)[:size]
			ref, err := s.Put(ctx, events.MediaBytes, bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			again, err := s.Put(ctx, events.MediaBytes, bytes.NewReader(data))
			if err != nil || again != ref {
				t.Fatalf("put again: %v, %v; want %v", again, err, ref)
			}
			b, err := s.Open(ctx, ref)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(step.ReaderOf(b))
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("read %d bytes of %d, %v", len(got), size, err)
			}
			part := make([]byte, 10)
			n, err := b.ReadAt(part, int64(size-5))
			if want := min(5, size); size >= 5 && (n != want || err != io.EOF || !bytes.Equal(part[:n], data[size-want:])) {
				t.Fatalf("the end: %d, %v", n, err)
			}
			if err := errors.Join(b.Close(), s.Verify(ctx, ref)); err != nil {
				t.Fatal(err)
			}
			if n, err := s.Size(ctx, ref.Digest); err != nil || n != int64(size) {
				t.Errorf("size: %d, %v; want %d", n, err, size)
			}
			wrong := ref
			wrong.Size++
			for r, want := range map[events.Ref]bool{ref: true, wrong: false} {
				if has, err := s.Has(ctx, r); err != nil || has != want {
					t.Errorf("has %v: %v, %v", r, has, err)
				}
			}
			if _, err := s.Open(ctx, wrong); !errors.Is(err, ErrCorrupt) {
				t.Errorf("open with a wrong size: %v", err)
			}
		}
		_, err := s.Open(ctx, events.Ref{Digest: "sha256:" + strings.Repeat("0", 64)})
		if !errors.Is(err, ErrNotFound) || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("open what is not there: %v", err)
		}
		for _, d := range []string{"", "sha256:12", "md5:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("G", 64), "sha256:../" + strings.Repeat("0", 61)} {
			if _, err := s.Open(ctx, events.Ref{Digest: d}); err == nil || errors.Is(err, ErrNotFound) {
				t.Errorf("the digest %q: %v", d, err)
			}
		}
	})
}

// A damaged artifact is found by Verify, and one that is not whole is written anew.
func TestArtifactDamaged(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	ctx := t.Context()
	ref, err := s.Put(ctx, "", strings.NewReader("some bytes"))
	if err != nil {
		t.Fatal(err)
	}
	hex := strings.TrimPrefix(ref.Digest, "sha256:")
	file := filepath.Join(dir, "artifacts", "sha256", hex[:2], hex[2:]+".blob")
	for damage, put := range map[string]error{"some bites": ErrCorrupt, "some": nil} {
		if err := os.WriteFile(file, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(ctx, ref); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: verify gives %v", damage, err)
		}
		if _, err := s.Put(ctx, "", strings.NewReader("some bytes")); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(ctx, ref); !errors.Is(err, put) {
			t.Errorf("%q: verify after another put gives %v", damage, err)
		}
	}
}

type note struct {
	Text string            `json:"text"`
	Map  map[string]string `json:"map,omitempty"`
}

func TestRecords(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		texts := []string{"", ".", "..", "../../etc/passwd", "a/b", "a", "%", "%2f", "é", "\x00", "\xff", "A", strings.Repeat("x", long(700)), "a b"}
		var keys []string
		for _, text := range texts {
			key := Key("notes", text)
			keys = append(keys, key)
			if got := Parts(key); !slices.Equal(got, []string{"notes", text}) {
				t.Errorf("Parts(Key(%q)) = %q", text, got)
			}
			want := note{text, map[string]string{"b": "<", "a": text}}
			if text == "\xff" {
				want = note{Text: "bad"}
			}
			if err := s.Create(ctx, key, want); err != nil {
				t.Fatal(err)
			}
			if err := s.Create(ctx, key, note{}); !errors.Is(err, ErrExists) {
				t.Errorf("create %q again: %v", key, err)
			}
			var got note
			if err := s.Get(ctx, key, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("get %q: %v, %v", key, got, err)
			}
		}
		slices.Sort(keys)
		if got := collect(t, s.List(ctx, "notes/")); !slices.Equal(got, keys) {
			t.Errorf("list: %q\nwant %q", got, keys)
		}
		if got := collect(t, s.List(ctx, Key("notes", "a"))); len(got) != 3 {
			t.Errorf("list of a prefix: %q", got)
		}
		if err := s.Delete(ctx, keys[0]); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, keys[0]); !errors.Is(err, ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
		if err := s.Get(ctx, keys[0], new(note)); !errors.Is(err, ErrNotFound) {
			t.Errorf("get what was deleted: %v", err)
		}
		for _, bad := range []string{"", "/", "a//b", "a/../b", "a/", "\xff"} {
			if err := s.Create(ctx, bad, 1); err == nil {
				t.Errorf("the key %q was taken", bad)
			}
		}
	})
}

func collect[T any](t *testing.T, seq func(func(T, error) bool)) []T {
	t.Helper()
	var out []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func TestRecordDamaged(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	for i, damage := range []string{"", `{"text":"a"}`, `{"text":"a}` + "\n", "{} {}\n"} {
		key := Key("notes", fmt.Sprint(i))
		if err := s.Create(t.Context(), key, note{"a", nil}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "records", "notes", fmt.Sprint(i)+".blob"), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Get(t.Context(), key, new(note)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", damage, err)
		}
	}
}

// Of many who create a record or append an entry, in two stores on one
// directory, one does.
func TestOneWins(t *testing.T) {
	dir := location(t)
	stores := []*Store{openStore(t, dir, nil), openStore(t, dir, nil)}
	for round := range 20 {
		var wg sync.WaitGroup
		var created, appended [8]bool
		for i := range created {
			s := stores[i%2]
			wg.Go(func() {
				err := s.Create(t.Context(), Key("r", fmt.Sprint(round)), i)
				created[i] = err == nil
				if err != nil && !errors.Is(err, ErrExists) {
					t.Error(err)
				}
				_, err = s.Append(t.Context(), "s", round, i)
				appended[i] = err == nil
				if err != nil && !errors.Is(err, ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, won := range [][8]bool{created, appended} {
			if n := strings.Count(fmt.Sprint(won), "true"); n != 1 {
				t.Fatalf("round %d: %d won", round, n)
			}
		}
		for _, s := range stores {
			var v int
			if n, err := s.Latest(t.Context(), "s", &v); err != nil || n != round+1 || !appended[v] {
				t.Fatalf("latest: %d (by %d), %v", n, v, err)
			}
		}
	}
}

func TestFormat(t *testing.T) {
	for content, want := range map[string]string{
		`{"format":"runnel-store","version":2}` + "\n": "use a newer runnel",
		`{"format":"other","version":1}` + "\n":        `its format is "other"`,
		`{"format":"runnel-store"}` + "\n":             "damaged",
		`{`:                                            "damaged",
	} {
		dir := t.TempDir()
		openStore(t, dir, nil).Close()
		if err := os.WriteFile(filepath.Join(dir, "format.blob"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), dir, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", content, err, want)
		}
	}
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	if err := s.Create(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "format.blob")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "file://"+dir, nil); err == nil || !strings.Contains(err.Error(), "records/a") {
		t.Errorf("without a format: %v", err)
	}
}

func BenchmarkCreate(b *testing.B) {
	s := openStore(b, b.TempDir(), nil)
	var mu sync.Mutex
	n := 0
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			key := Key("steps", fmt.Sprintf("%08d-ab", n))
			mu.Unlock()
			if err := s.Create(context.Background(), key, note{Text: strings.Repeat("x", 800)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}
