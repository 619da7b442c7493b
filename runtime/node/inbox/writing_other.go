//go:build !linux

package inbox

import "os"

// beingWritten is not known here: size and time have stood still.
func beingWritten(*os.File) bool { return false }
