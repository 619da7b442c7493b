package guestfs

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	experimental "github.com/tetratelabs/wazero/experimental/sys"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// none is a backend that has nothing.
type none struct{ put []byte }

// Open implements Backend.
func (*none) Open(string) (step.Blob, error) { return nil, fs.ErrNotExist }

// Put implements Backend.
func (n *none) Put(_ abi.Put, _ int64, r io.Reader) abi.Response {
	n.put, _ = io.ReadAll(r)
	return abi.Response{}
}

// Ask implements Backend.
func (*none) Ask(abi.Request) abi.Response { return abi.Response{} }

// TestContent compares a file, in memory and in the spill, with a slice.
func TestContent(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		const quota = 3*blockSize + 100
		b := &none{}
		a := NewArea(b, Limits{OutBytes: quota, OutMemory: rapid.SampledFrom([]int64{1, blockSize, 4 * blockSize}).Draw(t, "memory")}, dir, time.Time{})
		defer a.Close()
		fsys := &FS{}
		fsys.Enter(a)
		f, errno := fsys.OpenFile("out/a", experimental.O_CREAT|experimental.O_RDWR, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		var want []byte
		size := rapid.OneOf(rapid.Int64Range(0, quota+50), rapid.SampledFrom([]int64{0, 1, blockSize - 1, blockSize, blockSize + 1, 2 * blockSize}))
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "do") {
			case 0:
				n := size.Draw(t, "size")
				errno := f.Truncate(n)
				if (errno == 0) != (n <= quota) {
					t.Fatalf("to %d: %v", n, errno)
				}
				if errno == 0 {
					want = append(want[:min(int64(len(want)), n)], make([]byte, max(0, n-int64(len(want))))...)
				}
			case 1:
				off, p := size.Draw(t, "at"), bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(t, "byte"))}, int(size.Draw(t, "bytes")))
				n, errno := f.Pwrite(p, off)
				fits := len(p) == 0 || off+int64(len(p)) <= quota
				if (errno == 0) != fits || errno == 0 && n != len(p) || errno != 0 && fsys.Errno() != noSpace {
					t.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, errno)
				}
				if fits && len(p) > 0 {
					want = append(want, make([]byte, max(0, off+int64(len(p))-int64(len(want))))...)
					copy(want[off:], p)
				}
			case 2:
				off, p := size.Draw(t, "at"), make([]byte, size.Draw(t, "bytes"))
				n, errno := f.Pread(p, off)
				part := want[min(off, int64(len(want))):]
				part = part[:min(len(part), len(p))]
				if errno != 0 || !bytes.Equal(p[:n], part) {
					t.Fatalf("%d bytes at %d: %d, %v", len(p), off, n, errno)
				}
			}
		}
		if res := a.Put(abi.Put{File: "/out/a"}); res.Error != nil || !bytes.Equal(b.put, want) {
			t.Fatalf("%v, %d bytes, want %d", res.Error, len(b.put), len(want))
		}
		f.Close()
		if errno := fsys.Unlink("out/a"); errno != 0 || a.bytes != 0 || a.memory != 0 || a.nodes != 0 || a.Open() != 0 {
			t.Fatalf("%v, %d bytes, %d of memory, %d files, %d open", errno, a.bytes, a.memory, a.nodes, a.Open())
		}
	})
}

// TestSmallFiles: many small files take no more room than one large one may.
func TestSmallFiles(t *testing.T) {
	const limit = 10 * blockSize
	a := NewArea(&none{}, Limits{OutBytes: limit, OutMemory: 4 << 10}, t.TempDir(), time.Time{})
	defer a.Close()
	fsys := &FS{}
	fsys.Enter(a)
	written := 0
	for i := range 5000 {
		f, errno := fsys.OpenFile(fmt.Sprint("out/", i), experimental.O_CREAT|experimental.O_RDWR, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		if _, errno = f.Write(make([]byte, 100)); errno == 0 {
			written++
		} else if n := fsys.Errno(); n != noSpace {
			t.Fatalf("file %d: %v, %d", i, errno, n)
		}
		f.Close()
	}
	if want := 4<<10/100 + 10; written != want {
		t.Errorf("%d files were written, want %d", written, want)
	}
	info, err := a.spill.file.Stat()
	if err != nil || info.Size() > limit {
		t.Errorf("%d bytes lie in a file, want at most %d, %v", info.Size(), limit, err)
	}
	for i := range 5000 { // what is taken away makes room
		if errno := fsys.Unlink(fmt.Sprint("out/", i)); errno != 0 {
			t.Fatal(errno)
		}
	}
	f, errno := fsys.OpenFile("out/large", experimental.O_CREAT|experimental.O_RDWR, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer f.Close()
	if _, errno := f.Write(make([]byte, limit)); errno != 0 {
		t.Errorf("a file as large as may be: %v", errno)
	}
}

// FuzzLocate: no path leads elsewhere.
func FuzzLocate(f *testing.F) {
	for _, s := range []string{".", "/", "in", "in/x", "in/x/y", "out/a/b/", "host", "host/", "../x", "out/../in", "a\x00b", "//in//x", strings.Repeat("out/", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		at, rest, _, errno := locate(path)
		if errno != 0 {
			return
		}
		if at != atOut && len(rest) > 1 || len(rest) > maxDepth {
			t.Errorf("%q leads to %v %q", path, at, rest)
		}
		for _, name := range rest {
			if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || len(name) > maxName {
				t.Errorf("%q leads to %q", path, rest)
			}
		}
	})
}

// FuzzHost: nothing that is written to /host brings the host down, and every
// line has an answer.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"{}\n", `{"put": {"file": "/out/x"}}` + "\n", `{"progress": {}, "error": {}}` + "\n", "\n\n", `{"put": {"file": "/in/../out/x", "id": 1}}` + "\n", "{"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := NewArea(&none{}, Limits{}, t.TempDir(), time.Time{})
		defer a.Close()
		fsys := &FS{}
		fsys.Enter(a)
		h, errno := fsys.OpenFile("host", experimental.O_RDWR, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		if n, errno := h.Write(b); errno != 0 || n != len(b) {
			t.Fatalf("%d of %d, %v", n, len(b), errno)
		}
		var got []byte
		p := make([]byte, 100)
		for {
			n, errno := h.Read(p)
			if errno != 0 {
				t.Fatal(errno)
			}
			if n == 0 {
				break
			}
			got = append(got, p[:n]...)
		}
		if lines := bytes.Count(b, []byte{'\n'}); bytes.Count(got, []byte{'\n'}) != lines {
			t.Errorf("%d lines, answered by %q", lines, got)
		}
	})
}
