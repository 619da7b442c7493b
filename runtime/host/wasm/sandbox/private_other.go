//go:build !unix

package sandbox

import (
	"fmt"
	"io/fs"
)

// private reports why a folder is none. Who may write to it is up to the
// folder above: modes say nothing here.
func private(info fs.FileInfo) error {
	if !info.IsDir() {
		return fmt.Errorf("it is not a folder, but %v: compiled code is only run from a private folder", info.Mode().Type())
	}
	return nil
}
