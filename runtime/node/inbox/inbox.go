// Package inbox uploads the files that are put into a folder: a drop folder, for
// people and programs that know files and no API.
//
// A file is taken when it is whole: its size and time stood still for a while and,
// where the system can tell (Linux), nobody has it open for writing. A writer that
// pauses for longer should write under another name and rename: names that begin
// with a dot or end in .tmp or .part are left alone, and so are symbolic links and
// whatever else is no regular file. The key of the object is the path within the
// folder. A file NAME.meta.json beside NAME, put there before it, is an object of
// strings that becomes the metadata, such as {"target": "species"}; it is not
// uploaded itself.
//
// What is uploaded moves to .done, what cannot be to .failed with the reason in
// NAME.error. A file is uploaded once: the upload of a file that a crash left in
// the folder, though it was uploaded, is the same version of the same object, and
// makes no event.
package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fsnotify/fsnotify"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/store"
)

// Upload makes an object durable with its event, as node.Node.Upload does.
type Upload = func(context.Context, store.ObjectInput, io.Reader) (events.Object, error)

// Options are the choices of an Inbox; nil is the defaults.
type Options struct {
	Bucket string // that is uploaded to, which exists; "" is inbox
	// MediaType gives a file's media type by its name; nil leaves it open.
	MediaType func(name string) string
	// Settle is for how long size and time must stand still; 0 is a second.
	Settle time.Duration
	// Scan is how often the folder is looked through, beside whenever the system
	// tells of a change; 0 is 5 seconds.
	Scan time.Duration
	// Workers is how many files are uploaded at a time; 0 is 4.
	Workers int
	Log     *slog.Logger // nil is none
}

// An Inbox watches a folder. Run it once.
type Inbox struct {
	dir    string
	root   *os.Root
	upload Upload
	opts   Options
	watch  *fsnotify.Watcher // nil where the system has none
	seen   map[string]sight
	crash  func(at string) // where tests end the process
}

// Open opens the folder, which it makes where there is none.
func Open(dir string, upload Upload, o *Options) (*Inbox, error) {
	i := &Inbox{dir: dir, upload: upload, seen: map[string]sight{}, crash: func(string) {}}
	if o != nil {
		i.opts = *o
	}
	i.opts.Bucket = cmp.Or(i.opts.Bucket, "inbox")
	i.opts.Settle = cmp.Or(i.opts.Settle, time.Second)
	i.opts.Scan = cmp.Or(i.opts.Scan, 5*time.Second)
	i.opts.Workers = cmp.Or(i.opts.Workers, 4)
	if i.opts.Log == nil {
		i.opts.Log = slog.New(slog.DiscardHandler)
	}
	if i.opts.MediaType == nil {
		i.opts.MediaType = func(string) string { return "" }
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the inbox: %w", err)
	}
	var err error
	if i.root, err = os.OpenRoot(dir); err != nil {
		return nil, fmt.Errorf("the inbox: %w", err)
	}
	if i.watch, err = fsnotify.NewWatcher(); err != nil {
		i.opts.Log.Warn("inbox: the system does not tell of changes, so the folder is looked through now and then", "error", err)
	}
	return i, nil
}

// Close gives the folder back, after Run.
func (i *Inbox) Close() error {
	err := i.root.Close()
	if i.watch != nil {
		err = errors.Join(err, i.watch.Close())
	}
	return err
}

// Run takes files until ctx ends; what is under way then is taken next time.
func (i *Inbox) Run(ctx context.Context) {
	var told chan fsnotify.Event
	var failed chan error
	if i.watch != nil {
		told, failed = i.watch.Events, i.watch.Errors
	}
	for {
		wait := i.opts.Scan
		if i.scan(ctx) {
			wait = min(wait, i.opts.Settle)
		}
		select {
		case <-ctx.Done():
			return
		case <-told:
			if !drain(ctx, told, i.opts.Settle/4) {
				return
			}
		case err := <-failed:
			i.opts.Log.Debug("inbox: the system does not tell of all changes", "error", err)
		case <-time.After(wait):
		}
	}
}

// drain takes what comes for a while, so that many changes are one look; false
// where ctx ends.
func drain(ctx context.Context, told <-chan fsnotify.Event, d time.Duration) bool {
	end := time.After(d)
	for {
		select {
		case <-told:
		case <-ctx.Done():
			return false
		case <-end:
			return true
		}
	}
}

// scan looks through the folder and takes what is whole; more tells whether
// something is left that may soon be.
func (i *Inbox) scan(ctx context.Context) (more bool) {
	whole, more := i.look()
	queue := make(chan string)
	var workers sync.WaitGroup
	var mu sync.Mutex
	for range min(i.opts.Workers, len(whole)) {
		workers.Go(func() {
			for name := range queue {
				mu.Lock()
				s := i.seen[name]
				mu.Unlock()
				again := i.take(ctx, name, s.tries)
				if again == 0 {
					continue
				}
				s.notBefore, s.tries = time.Now().Add(again), s.tries+1
				mu.Lock()
				i.seen[name], more = s, true
				mu.Unlock()
			}
		})
	}
	for _, name := range whole {
		if ctx.Err() == nil {
			queue <- name
		}
	}
	close(queue)
	workers.Wait()
	return more
}

// take uploads a file and puts it away. It returns for how long to leave it
// alone where it must be tried again.
func (i *Inbox) take(ctx context.Context, name string, tries int) (again time.Duration) {
	log := i.opts.Log.With("file", filepath.Join(i.dir, name))
	o, st, err := i.send(ctx, name)
	if err == nil {
		i.crash("uploaded")
		err = i.putAway(name, st, o.Version)
	}
	switch {
	case err == nil:
		log.Info("inbox: uploaded", "bucket", o.Bucket, "key", o.Key, "version", o.Version, "bytes", o.Content.Size)
		return 0
	case errors.Is(err, errNotWhole), errors.Is(err, os.ErrNotExist), ctx.Err() != nil:
		return i.opts.Settle
	case !errors.Is(err, errRefused) && !errors.Is(err, store.ErrTooLarge): // the node's fault, not the file's
		again = min(time.Minute, i.opts.Settle<<min(tries, 6))
		log.Warn("inbox: not taken, and tried again", "in", again, "error", err)
		return again
	}
	log.Error("inbox: cannot be uploaded, and is put into "+failed, "error", err)
	if err := i.fail(name, err); err != nil {
		log.Error("inbox: cannot be put into "+failed, "error", err)
		return time.Minute
	}
	return 0
}

var (
	errNotWhole = errors.New("the file is being written")
	errRefused  = errors.New("the file cannot be uploaded")
)

// send uploads a file as it is.
func (i *Inbox) send(ctx context.Context, name string) (o events.Object, st os.FileInfo, err error) {
	key := filepath.ToSlash(name)
	if !utf8.ValidString(key) {
		return o, nil, fmt.Errorf("%w: its name is not UTF-8", errRefused)
	}
	metadata, err := i.metadata(name)
	if err != nil {
		return o, nil, err
	}
	f, err := i.open(name)
	if err != nil {
		return o, nil, err
	}
	defer f.Close()
	if st, err = f.Stat(); err != nil {
		return o, nil, err
	}
	if beingWritten(f) {
		return o, nil, errNotWhole
	}
	o, err = i.upload(ctx, store.ObjectInput{Bucket: i.opts.Bucket, Key: key, MediaType: i.opts.MediaType(name), Metadata: metadata}, f)
	return o, st, err
}

// open opens a regular file, and nothing that a link leads to.
func (i *Inbox) open(name string) (*os.File, error) {
	st, err := i.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", errRefused, name)
	}
	f, err := i.root.Open(name)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(st, now) {
		f.Close()
		return nil, errors.Join(errNotWhole, err)
	}
	return f, nil
}
