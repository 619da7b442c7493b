package fileblob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

func openTest(t testing.TB, dir string) *Bucket {
	t.Helper()
	b, err := open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func (b *Bucket) put(ctx context.Context, key, content string, ifNotExist bool) error {
	s, err := b.Stage()
	if err != nil {
		return err
	}
	defer s.Discard()
	if _, err := io.WriteString(s, content); err != nil {
		return err
	}
	return s.Commit(ctx, key, ifNotExist)
}

// files lists all files below a directory, temporary ones too, without locks.
func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != lockName && d.Name() != aloneName {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The file is synced before it has a name, and its directory after, and so is
// each new directory into the one above, all before the write returns.
func TestOrder(t *testing.T) {
	b := openTest(t, t.TempDir())
	var steps []string
	shown := func() bool { _, err := os.Stat(b.path("a/b/c.blob")); return err == nil }
	b.faults.syncFile = func(*os.File) error { steps = append(steps, fmt.Sprint("file ", shown())); return nil }
	b.faults.syncDir = func(dir string) error { steps = append(steps, fmt.Sprint(dir, " ", shown())); return nil }
	for _, ifNotExist := range []bool{false, true} {
		for _, want := range []string{"[file false . false a false a/b true]", "[file false a/b true]"} {
			steps = nil
			if err := b.put(t.Context(), "a/b/c", "x", ifNotExist); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(steps); got != want {
				t.Errorf("%s; want %s", got, want)
			}
			if err := os.Remove(b.path("a/b/c.blob")); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.RemoveAll(b.path("a")); err != nil {
			t.Fatal(err)
		}
		b.dirs.forget("a/b")
	}
}

// What was not written whole, or not synced, is not there, and leaves no file.
func TestFaults(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, set := range map[string]func(*faults){
		"file": func(f *faults) { f.syncFile = func(*os.File) error { return broken } },
		"directory": func(f *faults) {
			f.syncDir = func(dir string) error {
				if dir == "a" {
					return broken
				}
				return nil
			}
		},
	} {
		dir := t.TempDir()
		b := openTest(t, dir)
		set(&b.faults)
		if err := b.put(t.Context(), "a/k", "x", true); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if left := files(t, dir); len(left) > 0 {
			t.Errorf("%s: it left %q", name, left)
		}
		b.faults = faults{}
		if err := b.put(t.Context(), "a/k", "x", true); err != nil {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
}

// A cancelled write, a discarded one and one in a closed bucket leave nothing.
func TestGivenUp(t *testing.T) {
	dir := t.TempDir()
	b := openTest(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.put(ctx, "k", "x", true); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s, err := b.Stage()
	if err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if err := s.Commit(t.Context(), "k", false); err == nil {
		t.Error("what was discarded was committed")
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("it left %q", left)
	}
}

// A reader of what is not durable yet waits until it is.
func TestReadersWait(t *testing.T) {
	b := openTest(t, t.TempDir())
	if err := b.put(t.Context(), "a/first", "", true); err != nil {
		t.Fatal(err)
	}
	syncing, goOn := make(chan bool), make(chan bool)
	b.faults.syncDir = func(string) error { syncing <- true; <-goOn; return nil }
	go b.put(context.Background(), "a/k", "x", true)
	<-syncing
	if _, err := os.Stat(b.path("a/k.blob")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Attributes(ctx, "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := b.Attributes(ctx, "a/first"); err != nil {
		t.Error("another blob waits too:", err)
	}
	if _, err := b.Attributes(ctx, "a/k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("it was shown before it was durable:", err)
	}
	go func() { time.Sleep(10 * time.Millisecond); close(goOn) }()
	if _, err := b.Attributes(t.Context(), "a/k"); err != nil {
		t.Error(err)
	}
}

// Writers that meet in a directory share its sync, and each returns after one
// that began when its file was there.
func TestSharedSync(t *testing.T) {
	b := openTest(t, t.TempDir())
	if err := b.put(t.Context(), "a/first", "", true); err != nil {
		t.Fatal(err)
	}
	var syncs atomic.Int64
	b.faults.syncDir = func(string) error { syncs.Add(1); time.Sleep(time.Millisecond); return nil }
	const n = 200
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := b.put(t.Context(), fmt.Sprint("a/", i), "x", true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := syncs.Load(); got > n/4 || got < 1 {
		t.Errorf("%d syncs for %d files", got, n)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "store")
	b := openTest(t, dir)
	if err := b.put(t.Context(), "a/k", "x", true); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]fs.FileMode{".": 0o700, "a": 0o700, "a/k.blob": 0o600, tempDir: 0o700} {
		if info, err := os.Stat(path.Join(dir, p)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", p, info.Mode(), err, want)
		}
	}
}

// Content that looks as if it had a trailer comes back as it was.
func TestTrailer(t *testing.T) {
	bare, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	meta := map[string]string{"k": "v"}
	for _, content := range []string{"", "x", magic, "{}\x02\x00\x00\x00" + magic, magic[1:], strings.Repeat("y", 100) + magic} {
		for _, opts := range []blob.WriterOptions{{ContentType: defaultType}, {ContentType: "text/csv", Metadata: meta}} {
			w, err := bare.NewWriter(t.Context(), "k", &opts)
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(content) { // the magic spans writes
				if _, err := w.Write([]byte{content[i]}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := bare.NewReader(t.Context(), "k", nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			var f *os.File
			part := make([]byte, len(content))
			if err != nil || string(got) != content || r.Size() != int64(len(content)) || r.ContentType() != opts.ContentType || !r.As(&f) {
				t.Errorf("%q: %q of %d bytes, %s, %v", content, got, r.Size(), r.ContentType(), err)
			} else if _, err := f.ReadAt(part, 0); err != nil && len(part) > 0 || string(part) != content {
				t.Errorf("the file has %q, %v", part, err)
			}
			r.Close()
		}
	}
}

const childDir = "RUNNEL_TEST_FILEBLOB_DIR"

// TestChild creates blobs that its siblings create too, or writes until it is killed.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("a child of other tests")
	}
	if os.Getenv(childDir+"_CREATE") != "" {
		createUntilKilled(t, dir)
		return
	}
	b := openTest(t, dir)
	if os.Getenv(childDir+"_HANG") != "" {
		s, err := b.Stage()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(s, "half of it")
		fmt.Println("written")
		time.Sleep(time.Minute)
		return
	}
	for i := range 300 {
		err := b.put(t.Context(), fmt.Sprint("race/", i), fmt.Sprint(os.Getpid()), true)
		if err == nil {
			fmt.Println("won", i, os.Getpid())
		} else if b.ErrorCode(err) != gcerrors.FailedPrecondition {
			t.Error(err)
		}
	}
}

func child(t *testing.T, dir string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// Of several processes that create a blob, one does, and it is that one's.
func TestIfNotExistAmongProcesses(t *testing.T) {
	dir := t.TempDir()
	b := openTest(t, dir)
	winners := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 3 {
		cmd, lines := child(t, dir)
		wg.Go(func() {
			for lines.Scan() {
				var i, pid string
				if n, _ := fmt.Sscan(strings.TrimPrefix(lines.Text(), "won "), &i, &pid); n != 2 || !strings.HasPrefix(lines.Text(), "won ") {
					continue
				}
				mu.Lock()
				if winners[i] != "" {
					t.Errorf("%s was created by %s and by %s", i, winners[i], pid)
				}
				winners[i] = pid
				mu.Unlock()
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(winners) != 300 {
		t.Fatalf("%d of 300 were created", len(winners))
	}
	for i, pid := range winners {
		data, err := os.ReadFile(b.path("race/" + i + ".blob"))
		if err != nil || string(data) != pid {
			t.Errorf("%s is %q, %v, and %s created it", i, data, err, pid)
		}
	}
}

// What a killed process left is removed at the next opening; what a live one is
// writing is not.
func TestStale(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := child(t, dir, childDir+"_HANG=1")
	for lines.Scan() && lines.Text() != "written" {
	}
	if got := files(t, dir); len(got) != 1 {
		t.Fatalf("files: %q", got)
	}
	openTest(t, dir)
	if got := files(t, dir); len(got) != 1 {
		t.Fatalf("while it lives: %q", got)
	}
	cmd.Process.Kill()
	cmd.Wait()
	b := openTest(t, dir)
	if got := files(t, dir); len(got) > 0 {
		t.Fatalf("when it is dead: %q", got)
	}
	s, err := b.Stage()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	openTest(t, dir) // beside us, in our own process
	if err := s.Commit(t.Context(), "k", true); err != nil {
		t.Error(err)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, shared := range []bool{true, false} {
		b.Run(fmt.Sprint("shared=", shared), func(b *testing.B) {
			bucket := openTest(b, b.TempDir())
			var n atomic.Int64
			content := strings.Repeat("x", 800)
			if err := bucket.put(b.Context(), "a/first", content, true); err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					if err := bucket.put(context.Background(), fmt.Sprint("a/", i), content, true); err != nil {
						b.Error(err)
					}
					if !shared { // what each would pay for a sync of its own
						if err := bucket.syncDir("a"); err != nil {
							b.Error(err)
						}
					}
				}
			})
		})
	}
}
