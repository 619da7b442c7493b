package fileblob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
)

// dirs syncs directories. Callers that ask while a sync of the same directory is
// under way share the next one.
type dirs struct {
	sync    func(dir string) error
	mu      sync.Mutex
	syncing map[string]*batch // the batch that waits behind the sync under way; nil for none yet
	made    map[string]bool   // directories known to be durable
}

// batch is the callers that share a sync.
type batch struct {
	done chan struct{}
	err  error
}

// maxMade bounds the memory of the directories known to be durable; past it they
// are forgotten, and synced once more.
const maxMade = 1 << 16

// commit returns when a sync of dir that began after the call has ended.
func (d *dirs) commit(dir string) error {
	d.mu.Lock()
	if d.syncing == nil {
		d.syncing = map[string]*batch{}
	}
	next, busy := d.syncing[dir]
	if !busy {
		d.syncing[dir] = nil
		d.mu.Unlock()
		err := d.sync(dir)
		d.handOver(dir)
		return err
	}
	if next == nil {
		next = &batch{done: make(chan struct{})}
		d.syncing[dir] = next
	}
	d.mu.Unlock()
	<-next.done
	return next.err
}

// handOver runs the syncs that were asked for meanwhile, until there is none.
func (d *dirs) handOver(dir string) {
	d.mu.Lock()
	next := d.syncing[dir]
	if next == nil {
		delete(d.syncing, dir)
		d.mu.Unlock()
		return
	}
	d.syncing[dir] = nil
	d.mu.Unlock()
	go func() {
		next.err = d.sync(dir)
		close(next.done)
		d.handOver(dir)
	}()
}

// make makes a directory and its parents, durable before it returns.
func (d *dirs) make(root, dir string) error {
	if dir == "." || dir == "/" {
		return nil
	}
	d.mu.Lock()
	made := d.made[dir]
	d.mu.Unlock()
	if made {
		return nil
	}
	parent := path.Dir(dir)
	if err := d.make(root, parent); err != nil {
		return err
	}
	if err := os.Mkdir(root+"/"+dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Whoever made it may not have synced it yet.
	if err := d.commit(parent); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made == nil || len(d.made) >= maxMade {
		d.made = map[string]bool{}
	}
	d.made[dir] = true
	return nil
}

// forget drops what is known of a directory and its parents, since one is gone.
func (d *dirs) forget(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; dir != "." && dir != "/"; dir = path.Dir(dir) {
		delete(d.made, dir)
	}
}

func (b *Bucket) syncDir(dir string) error {
	if b.faults.syncDir != nil {
		if err := b.faults.syncDir(dir); err != nil {
			return err
		}
	}
	f, err := os.Open(b.path(dir))
	if err != nil {
		return err
	}
	return errors.Join(syncDirFile(f), f.Close())
}

func (b *Bucket) syncData(f *os.File) error {
	if b.faults.syncFile != nil {
		if err := b.faults.syncFile(f); err != nil {
			return err
		}
	}
	return syncDataOf(f)
}

// pending is the files that have appeared and are not durable yet.
type pending struct {
	mu    sync.Mutex
	files map[string]chan struct{}
}

// enter claims a file; a second writer of the same file waits for the first.
func (p *pending) enter(ctx context.Context, name string) error {
	for {
		p.mu.Lock()
		if p.files == nil {
			p.files = map[string]chan struct{}{}
		}
		done, busy := p.files[name]
		if !busy {
			p.files[name] = make(chan struct{})
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *pending) leave(name string) {
	p.mu.Lock()
	close(p.files[name])
	delete(p.files, name)
	p.mu.Unlock()
}

// wait returns when no writer of the file that had begun is still at work.
func (p *pending) wait(ctx context.Context, name string) error {
	p.mu.Lock()
	done, busy := p.files[name]
	p.mu.Unlock()
	if !busy {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
