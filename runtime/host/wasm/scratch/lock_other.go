//go:build !unix

package scratch

import (
	"errors"
	"fmt"
	"os"
)

// hold makes the file, and locks nothing: what is done twice is done in vain,
// not wrong. Nothing tells whether the process of a file that is there lives, so
// that is left alone.
func hold(path string, flag int) (*os.File, error) {
	if flag&os.O_CREATE == 0 {
		return nil, fmt.Errorf("lock %s: %w", path, errHeld)
	}
	return os.OpenFile(path, os.O_RDWR|flag, 0o600)
}

// release removes the file, which has to be closed before.
func release(lock *os.File) error { return errors.Join(lock.Close(), os.Remove(lock.Name())) }
