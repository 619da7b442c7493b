package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A watch tells whether files have changed, by looking: there are few, and what
// systems tell of changes leaves out network drives and what editors do when
// they save.
type watch struct{ seen map[string]sight }

// A sight is what a file was when it was read last.
type sight struct {
	size    int64
	changed time.Time
	sum     [sha256.Size]byte
}

// How often a watch looks, and how large a source is: what is larger is known
// by its size and time alone.
const (
	lookEvery = 200 * time.Millisecond
	maxSource = 4 << 20
)

// unwatched are folders that builds fill.
var unwatched = []string{"target", "node_modules"}

// content is a digest of what a folder holds, its modules, hidden files and the
// file except left out: a build that makes the same files again has not changed it.
func (w *watch) content(dir, except string) string {
	h := sha256.New()
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // it is gone, and was seen before: that is a change too
		}
		name := e.Name()
		switch {
		case path != dir && strings.HasPrefix(name, "."), e.IsDir() && slices.Contains(unwatched, name):
			if e.IsDir() {
				return filepath.SkipDir
			}
		case e.Type().IsRegular() && filepath.Ext(name) != ".wasm" && path != filepath.Clean(except):
			fmt.Fprintf(h, "%q %x\n", path, w.file(path))
		}
		return nil
	})
	return string(h.Sum(nil))
}

// file is a digest of a file, read anew where its size or time has changed.
func (w *watch) file(path string) []byte {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	s, ok := w.seen[path]
	if ok && s.size == info.Size() && s.changed.Equal(info.ModTime()) {
		return s.sum[:]
	}
	s = sight{size: info.Size(), changed: info.ModTime()}
	h := sha256.New()
	if f, err := os.Open(path); err == nil && info.Size() <= maxSource {
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return nil // it is asked for again
		}
	} else {
		fmt.Fprint(h, stamp(path))
	}
	h.Sum(s.sum[:0])
	if w.seen == nil {
		w.seen = map[string]sight{}
	}
	w.seen[path] = s
	return s.sum[:]
}

// stamp is the size and the time of a file; "" where it is none.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// newer reports whether a folder has a source that is newer than a file, or the
// file is not there.
func newer(dir, file string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return true
	}
	found := false
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || found {
			return nil
		}
		if e.IsDir() && slices.Contains(unwatched, e.Name()) {
			return filepath.SkipDir
		}
		if i, err := e.Info(); err == nil && i.Mode().IsRegular() && path != file && i.ModTime().After(info.ModTime()) {
			found = true
		}
		return nil
	})
	return found
}
