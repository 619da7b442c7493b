package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Busy is the error of a folder that another process has open.
type Busy struct{ Path string }

func (b *Busy) Error() string {
	return fmt.Sprintf("another node has this folder open (%s): stop it, use its address, or choose another folder with --data", b.Path)
}

// lockSoon takes the lock, and waits a little for those who hold it only to see
// whether it is free, as Running does.
func lockSoon(ctx context.Context, path string) (io.Closer, error) {
	for attempt := 0; ; attempt++ {
		l, err := lock(path)
		var busy *Busy
		if !errors.As(err, &busy) || attempt == 10 {
			return l, err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
