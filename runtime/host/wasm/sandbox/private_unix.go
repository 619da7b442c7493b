//go:build unix

package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// private reports why others could write to a folder.
func private(info fs.FileInfo) error {
	if !info.IsDir() {
		return fmt.Errorf("it is not a folder, but %v: compiled code is only run from a private folder", info.Mode().Type())
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("its mode is %04o, and compiled code is run from it: chmod 700 after making sure that nobody else wrote to it, or remove it", info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, not to %d who runs this: compiled code is only run from a folder of one's own", st.Uid, os.Geteuid())
	}
	return nil
}
