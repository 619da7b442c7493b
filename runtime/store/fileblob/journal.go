package fileblob

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// A bucket that is open alone (OpenAlone) makes small blobs durable by a journal:
// what they are is appended to one file, whose sync all who wait share, and then
// their own files are made without any sync. The files are what everybody reads
// and lists; the journal is read only after a crash. That is why a blob enters
// the journal before it has its name: whatever has a name is durable.
//
//	claim the key in this process -> look that it has no blob -> journal, synced -> file
//
// The journal is a few segments, .journal/<number>. When one is long enough the
// next is begun, and once the files of all its entries are synced, many in one
// call, it is removed. So at an orderly Close there is none.
//
// Opening a bucket, alone or not, makes anew what segments that are left say: of
// each key the last entry counts. An entry whose write failed may stay in them;
// its writer has an error and knows nothing, and if it tried again, the later
// entry counts.
//
// What is already in the journal and is then deleted or replaced must not come
// back: that, too, is an entry, if the key is in a segment that still exists.
type journal struct {
	b    *Bucket
	root *os.File // open for as long as the bucket, so that no error of the file system is missed

	mu       sync.Mutex
	next     *group // gathers while another is being written
	writing  bool   // what follows is the writer's
	seg      *segment
	last     int // number of the last segment
	broken   error
	closed   bool
	live     map[string]int // file: entries about it in the segments that exist
	calls    sync.WaitGroup // of append, until placed
	retiring sync.WaitGroup
}

const (
	journalDir = ".journal"
	maxSegment = 8 << 20 // bytes, after which the next segment is begun
)

// group is the entries that share a write and a sync.
type group struct {
	buf   []byte
	names []string
	done  chan struct{}
	err   error
	seg   *segment
}

// segment is a file of the journal.
type segment struct {
	f       *os.File
	name    string
	size    int
	full    bool
	names   []string       // files that the entries are about
	placing sync.WaitGroup // entries whose effect is not in its file yet
}

// append returns when the entry is durable. The caller calls placed once its file
// is as the entry says; until then the entry stays.
func (j *journal) append(op byte, name string, data []byte) (placed func(), err error) {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil, fs.ErrClosed
	}
	j.calls.Add(1)
	if j.next == nil {
		j.next = &group{done: make(chan struct{})}
	}
	g := j.next
	g.buf = appendEntry(g.buf, op, name, data)
	g.names = append(g.names, name)
	lead := !j.writing
	j.writing = true
	j.mu.Unlock()
	if lead {
		j.flush()
	}
	<-g.done
	if g.err != nil {
		j.calls.Done()
		return nil, fmt.Errorf("writing the journal: %w", g.err)
	}
	return func() { g.seg.placing.Done(); j.calls.Done() }, nil
}

// flush writes the group that has gathered, and sees to it that what gathers
// meanwhile is written next.
func (j *journal) flush() {
	j.mu.Lock()
	g := j.next
	j.next = nil
	j.mu.Unlock()
	if g.err = j.write(g); g.err == nil {
		j.seg.placing.Add(len(g.names))
	}
	j.mu.Lock()
	if g.seg = j.seg; g.seg != nil { // also what failed may be in it
		g.seg.names = append(g.seg.names, g.names...)
		for _, name := range g.names {
			j.live[name]++
		}
	}
	more := j.next != nil
	j.writing = more
	j.mu.Unlock()
	close(g.done)
	if more {
		go j.flush()
	}
}

// write appends a group to the segment, in a new one where that is full or a
// write to it failed: nothing is read behind an entry that is not whole.
func (j *journal) write(g *group) (err error) {
	if j.seg == nil || j.seg.full {
		err = j.begin()
	}
	if err == nil {
		_, err = j.seg.f.Write(g.buf)
	}
	if err == nil {
		err = j.b.syncData(j.seg.f)
	}
	if j.seg != nil {
		j.seg.size += len(g.buf)
		j.seg.full = err != nil || j.seg.size >= maxSegment
	}
	return err
}

// begin makes the next segment, and has the one before removed when it may be.
func (j *journal) begin() error {
	j.retire()
	if err := j.failed(); err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%010d", journalDir, j.last+1)
	f, err := os.OpenFile(j.b.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	j.last++
	j.seg = &segment{f: f, name: name}
	return j.b.dirs.commit(journalDir)
}

// retire removes the segment, in the background and after those before it.
func (j *journal) retire() {
	s := j.seg
	if s == nil {
		return
	}
	j.seg = nil
	j.retiring.Wait() // two segments bound what a crash leaves to do
	j.retiring.Go(func() {
		s.placing.Wait()
		err := j.remove(s)
		j.mu.Lock()
		defer j.mu.Unlock()
		if err != nil {
			j.broken = cmp.Or(j.broken, fmt.Errorf("%w: when the disk is in order, close the store and open it again", err))
			return
		}
		for _, name := range s.names {
			if j.live[name]--; j.live[name] == 0 {
				delete(j.live, name)
			}
		}
	})
}

// remove removes a segment, once the files are durable without it.
func (j *journal) remove(s *segment) error {
	if err := s.f.Close(); err != nil {
		return err
	}
	if broken := j.failed(); broken != nil { // it must not outlive a segment before it
		return broken
	}
	if err := j.b.settle(j.root, s.names); err != nil {
		return fmt.Errorf("syncing what the journal %s holds: %w", s.name, err)
	}
	if err := os.Remove(j.b.path(s.name)); err != nil {
		return err
	}
	return j.b.dirs.commit(journalDir)
}

// has reports whether segments that exist hold entries about the file.
func (j *journal) has(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.live[name] > 0
}

// close makes the journal needless. What is being written fails or ends first.
func (j *journal) close() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.calls.Wait()
	j.retire()
	j.retiring.Wait()
	return errors.Join(j.failed(), j.root.Close())
}

// failed is why the journal takes no more.
func (j *journal) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.broken
}
