package fileblob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// On a disk that is full a blob is not there, and leaves no file.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		testneed.Skip(t, "a small disk cannot be mounted (%v): run the test as root, with CAP_SYS_ADMIN", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := openTest(t, dir)
	if err := b.put(t.Context(), "small", "x", true); err != nil {
		t.Fatal(err)
	}
	err := b.put(t.Context(), "large", strings.Repeat("x", 2<<20), true)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if got := files(t, dir); fmt.Sprint(got) != "[small.blob]" {
		t.Errorf("files: %q", got)
	}
	if err := b.put(t.Context(), "another", strings.Repeat("x", 512<<10), true); err != nil {
		t.Errorf("when there is space again: %v", err)
	}
}

// The same of a bucket that is open alone: neither a full journal nor a file that
// cannot be made shows a blob, and when there is space it goes on.
func TestDiskFullAlone(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		testneed.Skip(t, "a small disk cannot be mounted (%v): run the test as root, with CAP_SYS_ADMIN", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := openAlone(t, dir)
	made, refused := []string{}, 0
	for i := range 64 {
		key := fmt.Sprint("a/", i)
		err := b.Create(t.Context(), key, make([]byte, 32<<10>>(i/20)))
		switch {
		case err == nil:
			made = append(made, key)
		case errors.Is(err, syscall.ENOSPC):
			refused++
			if _, err := b.ReadAll(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", key, err)
			}
		default:
			t.Fatal(err)
		}
	}
	if len(made) < 5 || refused < 5 {
		t.Fatalf("%d were made and %d refused", len(made), refused)
	}
	for _, key := range made[:len(made)-1] {
		os.Remove(b.path(key + suffix))
	}
	if err := b.Create(t.Context(), "a/later", make([]byte, 8<<10)); err != nil {
		t.Errorf("when there is space again: %v", err)
	}
	lost := t.TempDir() // nothing that was accepted lies behind half an entry
	if err := crash(dir, lost, func(string) []byte { return []byte{} }); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	for _, c := range []*Bucket{openTest(t, dir), openTest(t, lost)} {
		if got, err := c.ReadAll(t.Context(), "a/later"); err != nil || len(got) != 8<<10 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

// TestFileTooLarge writes with a limit on the size of files, in a child, since a
// limit cannot be taken back.
func TestFileTooLarge(t *testing.T) {
	const env = "RUNNEL_TEST_FILEBLOB_LIMIT"
	dir := os.Getenv(env)
	if dir == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFileTooLarge$")
		cmd.Env = append(os.Environ(), env+"="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
		t.Fatal(err)
	}
	b := openTest(t, dir)
	if err := b.put(t.Context(), "large", strings.Repeat("x", 65<<10), true); !errors.Is(err, syscall.EFBIG) {
		t.Error(err)
	}
	if err := b.put(t.Context(), "small", "x", true); err != nil {
		t.Error(err)
	}
	if got := files(t, dir); fmt.Sprint(got) != "[small.blob]" {
		t.Errorf("files: %q", got)
	}
}
