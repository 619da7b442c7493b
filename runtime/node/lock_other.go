//go:build !unix

package node

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// lock creates the file, which is removed on closing. Where the process dies
// first the file stays behind and has to be removed by hand.
func lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, &Busy{path}
	}
	if err != nil {
		return nil, fmt.Errorf("the node's lock: %w", err)
	}
	return &removing{f}, nil
}

type removing struct{ *os.File }

func (r *removing) Close() error { return errors.Join(r.File.Close(), os.Remove(r.Name())) }

// unlock gives the folder to others, before the process ends: nothing else would.
func unlock(l io.Closer, _ bool) error { return l.Close() }
