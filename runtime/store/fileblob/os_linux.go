package fileblob

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncDataOf syncs the content of a file, and its size.
func syncDataOf(f *os.File) error {
	return os.NewSyscallError("fdatasync", again(func() error { return unix.Fdatasync(int(f.Fd())) }))
}

// syncFileSystem syncs everything on the file system of an open directory, and
// reports what failed there since it was opened.
func syncFileSystem(dir *os.File) (done bool, err error) {
	return true, os.NewSyscallError("syncfs", again(func() error { return unix.Syncfs(int(dir.Fd())) }))
}

func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
