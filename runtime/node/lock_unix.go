//go:build unix

package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lock takes the file's lock, which the kernel gives back when the process ends.
func lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the node's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &Busy{path}
		}
		return nil, fmt.Errorf("the node's lock %s: %w", path, err)
	}
	return f, nil
}

// unlock gives the folder to others. Where the process ends, it is its end that
// does: the embedded bus is still there until then.
func unlock(l io.Closer, ends bool) error {
	if ends {
		return nil
	}
	return l.Close()
}
