//go:build unix

package scratch

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// hold opens a file and takes its lock, which the kernel gives back when the
// process ends. Whoever has it may remove the file, so it counts only if the
// file has its name still.
func hold(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flag, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errHeld
	}
	if err == nil {
		var mine, named os.FileInfo
		if mine, err = f.Stat(); err == nil {
			if named, err = os.Lstat(path); err != nil || !os.SameFile(mine, named) {
				err = errHeld
			}
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// release gives a lock up, and its file, which goes while the lock is held.
func release(lock *os.File) error { return errors.Join(os.Remove(lock.Name()), lock.Close()) }
