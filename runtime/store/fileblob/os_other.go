//go:build !unix

package fileblob

import (
	"os"
	"time"
)

// staleAfter is when a place for temporary files counts as left behind, where
// files cannot be locked.
const staleAfter = 24 * time.Hour

func lockFile(*os.File) error { return nil }

func isLocked(f *os.File) (bool, error) {
	info, err := f.Stat()
	return err == nil && time.Since(info.ModTime()) < staleAfter, err
}

// tryLock gives nobody a file alone.
func tryLock(_ *os.File, alone bool) (bool, error) { return !alone, nil }

// syncDirFile does nothing: directories cannot be synced here.
func syncDirFile(*os.File) error { return nil }
