package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gocloud.dev/blob/driver"
	"pgregory.net/rapid"
)

func openAlone(t testing.TB, dir string) *Bucket {
	t.Helper()
	b, err := open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if b.journal == nil {
		t.Fatal("it is not alone")
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, journalDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// crash copies what the disk of a bucket may hold when the power fails: the
// journal, and other files as change says, nil for as they are.
func crash(dir, to string, change func(name string) []byte) error {
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(to, tempDir)); err != nil {
		return err
	}
	return filepath.WalkDir(to, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, suffix) {
			return err
		}
		name, _ := filepath.Rel(to, p)
		if content := change(filepath.ToSlash(name)); content != nil {
			return os.WriteFile(p, content, fileMode)
		}
		return nil
	})
}

// A small blob is in the journal, synced, before it has a name, and that is the
// only sync.
func TestJournalOrder(t *testing.T) {
	b := openAlone(t, t.TempDir())
	if err := b.Create(t.Context(), "a/first", []byte("x")); err != nil {
		t.Fatal(err)
	}
	var steps []string
	b.faults.syncFile = func(f *os.File) error {
		_, err := os.Stat(b.path("a/k.blob"))
		steps = append(steps, fmt.Sprint(filepath.Base(filepath.Dir(f.Name())), " ", err == nil))
		return nil
	}
	b.faults.syncDir = func(dir string) error { steps = append(steps, dir); return nil }
	if err := b.Create(t.Context(), "a/k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(steps); got != "[.journal false]" {
		t.Error(got)
	}
	b.faults = faults{}
	if err := b.Create(t.Context(), "a/k", []byte("y")); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if err := b.Create(t.Context(), "a/large", make([]byte, maxSmall+1)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(b.path(journalDir + "/0000000001")); err != nil || info.Size() > 100 {
		t.Errorf("what is large went through the journal: %v, %v", info, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if left := segments(t, b.dir); len(left) > 0 {
		t.Errorf("after an orderly end there is %q", left)
	}
	if err := b.Create(t.Context(), "a/late", nil); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

// Writers that meet share a sync of the journal.
func TestJournalShared(t *testing.T) {
	b := openAlone(t, t.TempDir())
	var syncs atomic.Int64
	b.faults.syncFile = func(*os.File) error { syncs.Add(1); return nil }
	const n = 400
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := b.Create(t.Context(), fmt.Sprint(i%7, "/", i), fmt.Append(nil, i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := syncs.Load(); got > n/4 || got < 1 {
		t.Errorf("%d syncs for %d blobs", got, n)
	}
	for i := range n {
		if got, err := b.ReadAll(t.Context(), fmt.Sprint(i%7, "/", i)); err != nil || string(got) != fmt.Sprint(i) {
			t.Errorf("%d is %q, %v", i, got, err)
		}
	}
}

// A journal that grows is removed from its start on, as its files are durable.
func TestJournalSegments(t *testing.T) {
	dir := t.TempDir()
	b := openAlone(t, dir)
	content := []byte(strings.Repeat("x", maxSmall))
	const n = 3 * maxSegment / maxSmall
	for i := range n {
		if err := b.Create(t.Context(), fmt.Sprint("a/", i), content); err != nil {
			t.Fatal(err)
		}
		if left := segments(t, dir); len(left) > 2 {
			t.Fatalf("segments: %q", left)
		}
	}
	b.journal.retiring.Wait()
	if left := segments(t, dir); slices.Contains(left, "0000000001") {
		t.Errorf("segments: %q", left)
	}
	if got := len(b.journal.live); got > maxSegment/maxSmall+1 {
		t.Errorf("%d files are remembered", got)
	}
	again := t.TempDir()
	if err := crash(dir, again, func(string) []byte { return nil }); err != nil {
		t.Fatal(err)
	}
	c := openAlone(t, again)
	for i := range n {
		if got, err := c.ReadAll(t.Context(), fmt.Sprint("a/", i)); err != nil || len(got) != len(content) {
			t.Fatalf("%d: %d bytes, %v", i, len(got), err)
		}
	}
}

// Whatever of the files the disk lost or kept when the power failed, each blob is
// as the last call that returned nil has left it.
func TestJournalPowerFails(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		dir := filepath.Join(base, fmt.Sprint(round))
		b, err := open(dir, true)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		ctx := context.Background()
		model := map[string]string{}  // file: content
		unsynced := map[string]bool{} // files that only the journal has made durable, or their absence
		for i := range rapid.IntRange(1, 20).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"a/k", "a/l", "b/k", "c"}).Draw(t, "key")
			name, content := key+suffix, fmt.Sprint("content ", i, rapid.SampledFrom([]string{"", magic}).Draw(t, "end"))
			_, had := model[name]
			switch rapid.SampledFrom([]string{"create", "create", "delete", "replace", "settle"}).Draw(t, "op") {
			case "create":
				err := b.Create(ctx, key, []byte(content))
				if had != errors.Is(err, ErrExists) || !had && err != nil {
					t.Fatal(err)
				}
				if !had {
					model[name], unsynced[name] = content, true
				}
			case "delete":
				err := b.Delete(ctx, key, &driver.DeleteOptions{})
				if had != (err == nil) || !had && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				delete(model, name)
			case "replace":
				if err := b.put(ctx, key, content, false); err != nil {
					t.Fatal(err)
				}
				model[name] = content
				delete(unsynced, name)
			case "settle":
				b.journal.retire()
				b.journal.retiring.Wait()
				clear(unsynced)
			}
		}
		lost := filepath.Join(base, fmt.Sprint(round, " lost"))
		err = crash(dir, lost, func(name string) []byte {
			if !unsynced[name] {
				return nil
			}
			return rapid.SampledFrom([][]byte{nil, {}, []byte("garbage"), make([]byte, 10)}).Draw(t, "the disk has")
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range unsynced { // the journal's own files never reached the disk, or their removal did not
			switch p := filepath.Join(lost, name); rapid.SampledFrom([]string{"", "lost", "kept"}).Draw(t, "name") {
			case "lost":
				os.Remove(p)
			case "kept":
				os.WriteFile(p, []byte("of before"), fileMode)
			}
		}
		after, err := open(lost, rapid.Bool().Draw(t, "alone"))
		if err != nil {
			t.Fatal(err)
		}
		defer after.Close()
		for _, key := range []string{"a/k", "a/l", "b/k", "c"} {
			want, has := model[key+suffix]
			got, err := after.ReadAll(ctx, key)
			if has && (err != nil || string(got) != want) || !has && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is %q, %v; want %q, %v", key, got, err, want, has)
			}
		}
		if entries, _ := os.ReadDir(filepath.Join(lost, journalDir)); len(entries) > 0 {
			t.Errorf("the journal stays: %v", entries)
		}
	})
}

// A segment that ends in half an entry, or in one with wrong bytes, counts up to there.
func TestJournalTorn(t *testing.T) {
	var whole []byte
	var ends []int
	for i := range 3 {
		whole = appendEntry(whole, opPut, fmt.Sprint("a/", i, suffix), fmt.Append(nil, "content ", i))
		ends = append(ends, len(whole))
	}
	check := func(what string, segment []byte, want int) {
		t.Helper()
		n := 0
		for e, rest, ok := cutEntry(segment); ok; e, rest, ok = cutEntry(rest) {
			if e.op != opPut || e.name != fmt.Sprint("a/", n, suffix) || string(e.file) != fmt.Sprint("content ", n) {
				t.Errorf("%s: entry %d is %+v", what, n, e)
			}
			n++
		}
		if n != want {
			t.Errorf("%s: %d entries, want %d", what, n, want)
		}
	}
	for size := range len(whole) + 1 {
		want := 0
		for _, end := range ends {
			if size >= end {
				want++
			}
		}
		check(fmt.Sprint("cut at ", size), whole[:size], want)
		check(fmt.Sprint("zeros from ", size), append(whole[:size:size], make([]byte, 100)...), want)
		if size < len(whole) {
			bad := slices.Clone(whole)
			bad[size] ^= 0x10
			check(fmt.Sprint("byte ", size, " is wrong"), bad, slices.IndexFunc(ends, func(end int) bool { return size < end }))
		}
	}
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, journalDir), dirMode)
	for i, segment := range [][]byte{whole[:ends[1]+5], appendEntry(nil, opDelete, "a/1.blob", nil)} {
		if err := os.WriteFile(filepath.Join(dir, journalDir, fmt.Sprintf("%010d", i+1)), segment, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	b := openTest(t, dir)
	if got := files(t, dir); fmt.Sprint(got) != "[a/0.blob]" {
		t.Errorf("files: %q", got)
	}
	if got, err := b.ReadAll(t.Context(), "a/0"); string(got) != "content 0" {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add(appendEntry(nil, opPut, "a/k.blob", []byte("x")))
	f.Add(appendEntry(nil, opDelete, "", nil))
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, segment []byte) {
		for e, rest, ok := cutEntry(segment); ok; e, rest, ok = cutEntry(segment) {
			if again := appendEntry(nil, e.op, e.name, e.file); string(again) != string(segment[:len(again)]) || len(again)+len(rest) != len(segment) {
				t.Fatalf("%+v", e)
			}
			segment = rest
		}
	})
}
