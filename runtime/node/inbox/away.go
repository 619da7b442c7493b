package inbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	done   = ".done"
	failed = ".failed"
)

// putAway moves an uploaded file to .done, with its sidecar.
func (i *Inbox) putAway(name string, uploaded os.FileInfo, version int) error {
	to, err := i.place(done, name, func(int) string { return fmt.Sprintf(".v%d", version) })
	if err != nil {
		return err
	}
	if err := i.move(name, to); err != nil {
		return err
	}
	moved, err := i.root.Lstat(to)
	if err != nil {
		return err
	}
	if os.SameFile(moved, uploaded) && stampOf(moved) == stampOf(uploaded) {
		return nil
	}
	// It was written to, or replaced, after it was read: it comes again.
	if _, err := i.root.Lstat(name); errors.Is(err, os.ErrNotExist) {
		if err := i.move(to, name); err != nil {
			return err
		}
	}
	return errNotWhole
}

// fail moves a file to .failed, with its sidecar and the reason.
func (i *Inbox) fail(name string, reason error) error {
	to, err := i.place(failed, name, func(n int) string { return fmt.Sprintf(".%d", n) })
	if err != nil {
		return err
	}
	return errors.Join(i.root.WriteFile(to+".error", []byte(reason.Error()+"\n"), 0o600), i.move(name, to))
}

// place finds a name below a folder for what is put away, with a suffix where
// the name is taken; a suffix that comes again is one that may be replaced.
func (i *Inbox) place(folder, name string, suffix func(n int) string) (string, error) {
	to := filepath.Join(folder, name)
	if err := i.root.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	free, last := to, ""
	for n := 2; ; n++ {
		_, err := i.root.Lstat(free)
		if errors.Is(err, os.ErrNotExist) || free == last {
			return free, nil
		}
		if err != nil {
			return "", err
		}
		last, free = free, to+suffix(n)
	}
}

// move renames a file and its sidecar, if it has one. The sidecar is linked first
// and removed last, so that whenever a crash comes, it is with the file, or is
// known to be left over.
func (i *Inbox) move(from, to string) error {
	err := i.root.Link(from+sidecar, to+sidecar)
	if errors.Is(err, os.ErrExist) { // of a file with the same name before
		if err = i.root.Remove(to + sidecar); err == nil {
			err = i.root.Link(from+sidecar, to+sidecar)
		}
	}
	if absent(err) {
		return i.root.Rename(from, to)
	}
	linked := err == nil // some file systems have no links
	i.crash("linked")
	if err := i.root.Rename(from, to); err != nil {
		return err
	}
	i.crash("moved")
	if linked {
		return i.root.Remove(from + sidecar)
	}
	return i.root.Rename(from+sidecar, to+sidecar)
}

// dropLeftover removes the sidecar of a file that was put away before a crash
// came between the two: the one that is linked there too.
func (i *Inbox) dropLeftover(name string) {
	here, err := i.root.Lstat(name + sidecar)
	if err != nil {
		return
	}
	for _, folder := range []string{done, failed} {
		dir := filepath.Join(folder, filepath.Dir(name))
		f, err := i.root.Open(dir)
		if err != nil {
			continue
		}
		entries, _ := f.Readdir(-1) // what cannot be read is not known to be left over
		f.Close()
		for _, e := range entries {
			if os.SameFile(here, e) {
				if err := i.root.Remove(name + sidecar); err != nil {
					i.opts.Log.Warn("inbox: the metadata of a file that was taken is left over", "path", filepath.Join(i.dir, name+sidecar), "error", err)
				}
				return
			}
		}
	}
}
