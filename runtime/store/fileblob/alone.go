package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"gocloud.dev/blob"
)

// ErrAlone is the reason why a directory is not opened that another has open alone.
var ErrAlone = errors.New("it is open alone elsewhere, perhaps in a node that runs: stop that, or ask it")

const (
	aloneName  = "alone"  // in tempDir, locked by all who have the bucket open
	maxSmall   = 64 << 10 // bytes of a blob that goes through the journal: a larger one would be written twice
	settleEach = 64       // files that are synced one by one; more are synced with all of the file system
)

// OpenAlone is Open for who has the directory for itself: small blobs are then
// made durable together, by a journal (see journal.go), and others who would
// open it get ErrAlone. Where others have it open already, or files cannot be
// locked, it is Open.
func OpenAlone(dir string) (*blob.Bucket, error) {
	b, err := open(dir, true)
	if err != nil {
		return nil, err
	}
	return blob.NewBucket(b), nil
}

// claim locks the bucket, for us alone if that is wanted and can be had, and
// makes anew what a crash has left in the journal. It is called while no other
// process can open the bucket.
func (b *Bucket) claim(alone bool) error {
	f, err := os.OpenFile(b.path(tempDir+"/"+aloneName), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	b.session.alone = f
	exclusive, err := tryLock(f, true)
	if err != nil {
		return err
	}
	if exclusive {
		if err := b.replay(); err != nil {
			return fmt.Errorf("making anew what the journal holds: %w", err)
		}
		if alone {
			return b.startJournal()
		}
	}
	shared, err := tryLock(f, false)
	if err == nil && !shared {
		err = ErrAlone
	}
	return err
}

func (b *Bucket) startJournal() error {
	if err := b.dirs.make(b.dir, journalDir); err != nil {
		return err
	}
	root, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	b.journal = &journal{b: b, root: root, live: map[string]int{}}
	return nil
}

// createJournaled is Create by the journal.
func (b *Bucket) createJournaled(ctx context.Context, key, name string, file []byte) error {
	if err := b.pending.enter(ctx, name); err != nil {
		return err
	}
	defer b.pending.leave(name)
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := path.Dir(name)
	if _, err := os.Lstat(b.path(name)); err == nil {
		return b.exists(key, dir)
	}
	if err := b.dirs.make(b.dir, dir); err != nil {
		return err
	}
	placed, err := b.journal.append(opPut, name, file)
	if err != nil {
		return err
	}
	defer placed()
	err = b.place(name, file)
	if errors.Is(err, fs.ErrNotExist) { // the directory was removed behind our back
		b.dirs.forget(dir)
		if err := b.dirs.make(b.dir, dir); err != nil {
			return err
		}
		err = b.place(name, file)
	}
	return err
}

// place makes the file of an entry, at once whole, and not synced.
func (b *Bucket) place(name string, file []byte) error {
	temp := b.path(b.session.dir + "/" + strconv.FormatUint(b.tempName.Add(1), 10))
	err := os.WriteFile(temp, file, fileMode)
	if err == nil {
		err = os.Rename(temp, b.path(name))
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// note makes the entry that a file was changed in another way, if the journal
// has entries about it that would bring it back.
func (b *Bucket) note(op byte, name string) error {
	placed, err := b.journal.append(op, name, nil)
	if err == nil {
		placed()
	}
	return err
}

// settle makes files durable as they are; those that are gone, their absence.
// Root was opened before they were written.
func (b *Bucket) settle(root *os.File, names []string) error {
	if len(names) > settleEach {
		if done, err := syncFileSystem(root); done {
			return err
		}
	}
	dirs := map[string]bool{}
	for _, name := range names {
		f, err := os.Open(b.path(name))
		if err == nil {
			err = errors.Join(b.syncData(f), f.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		dirs[path.Dir(name)] = true
	}
	for dir := range dirs {
		if err := b.dirs.commit(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// replay makes the files as the last entries about them say, whatever they hold
// now: a file that was not synced may look right until it is read from the disk.
func (b *Bucket) replay() error {
	left, err := os.ReadDir(b.path(journalDir)) // sorted
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(left) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	root, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	last := map[string]logged{}
	for _, segment := range left {
		data, err := os.ReadFile(b.path(journalDir + "/" + segment.Name()))
		if err != nil {
			return err
		}
		for e, rest, whole := cutEntry(data); whole; e, rest, whole = cutEntry(rest) {
			last[e.name] = e
		}
	}
	for name, e := range last {
		if err := b.redo(e); err != nil {
			return fmt.Errorf("the file %s: %w", name, err)
		}
	}
	if err := b.settle(root, slices.Collect(maps.Keys(last))); err != nil {
		return err
	}
	for _, segment := range left { // in order: an entry must not outlive one that came after it
		if err := os.Remove(b.path(journalDir + "/" + segment.Name())); err != nil {
			return err
		}
		if err := b.dirs.commit(journalDir); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bucket) redo(e logged) error {
	if !filepath.IsLocal(e.name) {
		return errors.New("the journal names a file outside of the directory")
	}
	switch e.op {
	case opPut:
		if err := b.dirs.make(b.dir, path.Dir(e.name)); err != nil {
			return err
		}
		return b.place(e.name, e.file)
	case opDelete:
		if err := os.Remove(b.path(e.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case opLeave:
		return nil
	}
	return fmt.Errorf("the journal has the operation %q, which this program does not know: use a newer runnel", e.op)
}
