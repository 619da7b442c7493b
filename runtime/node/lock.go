package node

import "fmt"

// Busy is the error of a folder that another process has open.
type Busy struct{ Path string }

func (b *Busy) Error() string {
	return fmt.Sprintf("another node has this folder open (%s): stop it, use its address, or choose another folder with --data", b.Path)
}
