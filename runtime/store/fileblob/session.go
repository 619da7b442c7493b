package fileblob

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
)

// tempDir holds a directory for each opened bucket, with its temporary files and
// a file that is locked for as long as the bucket is open.
const (
	tempDir  = ".tmp"
	lockName = "lock"
)

// session is one opened bucket's place for temporary files.
type session struct {
	dir   string
	lock  *os.File
	alone *os.File // locked with the whole bucket; see claim
}

// lockSessions keeps others from opening the bucket until it is closed. While it
// is held, every place has its lock, or its process is gone.
func lockSessions(root string) (*os.File, error) {
	if err := os.MkdirAll(root+"/"+tempDir, dirMode); err != nil {
		return nil, err
	}
	all, err := os.OpenFile(root+"/"+tempDir+"/"+lockName, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(all); err != nil {
		all.Close()
		return nil, err
	}
	return all, nil
}

// newSession removes the places of buckets whose process is gone, and makes one.
func newSession(root string) (*session, error) {
	if err := removeStale(root); err != nil {
		return nil, err
	}
	dir := tempDir + "/" + rand.Text()
	if err := os.Mkdir(root+"/"+dir, dirMode); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(root+"/"+dir+"/"+lockName, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		lock.Close()
		return nil, err
	}
	return &session{dir: dir, lock: lock}, nil
}

func removeStale(root string) error {
	entries, err := os.ReadDir(root + "/" + tempDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		dir := tempDir + "/" + e.Name()
		lock, err := os.OpenFile(root+"/"+dir+"/"+lockName, os.O_RDWR, fileMode)
		switch {
		case errors.Is(err, fs.ErrNotExist): // killed before it had a lock
		case err != nil:
			return err
		default:
			held, err := isLocked(lock)
			lock.Close()
			if err != nil {
				return err
			}
			if held {
				continue
			}
		}
		if err := os.RemoveAll(root + "/" + dir); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) close(root string) error {
	err := errors.Join(os.RemoveAll(root+"/"+s.dir), s.lock.Close())
	if s.alone != nil {
		err = errors.Join(err, s.alone.Close())
	}
	return err
}
