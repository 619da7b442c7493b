// Package fileblob is a durable driver for gocloud.dev/blob over a directory.
//
// A blob is visible only when whole: it is written to a temporary file, synced,
// linked or renamed to its name, and the directory is synced before a write
// returns. Writers that meet in a directory share one sync of it. Create-if-absent
// (IfNotExist) is a hard link, so it is atomic among processes too. What a read
// shows is durable already where the same process wrote it.
//
// The layout is plain: a segment of a key is a directory, the last one a file
// with the suffix ".blob", whose bytes are the blob's. Attributes other than the
// defaults follow the content in the same file (see trailer.go). Names are
// escaped to lower-case ASCII (see name.go), so that no key leaves the directory
// and file systems that fold case or normalise Unicode keep keys apart.
//
// For a process that has the directory to itself there is a cheaper way to make
// small blobs durable, a journal: see OpenAlone, and journal.go for how.
//
// Files are 0600 and directories 0700. What a killed process left behind is
// removed when the directory is next opened.
package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

const (
	fileMode = 0o600
	dirMode  = 0o700
)

// ErrExists is the reason of a Commit that found a blob under its key.
var ErrExists = errors.New("the blob exists already")

var (
	errBadKey       = errors.New("the key cannot be stored")
	errNotSupported = errors.New("a directory has no signed URLs")
)

// A Bucket is the driver. Bucket.As of gocloud.dev/blob gives it as a **Bucket.
type Bucket struct {
	dir      string
	session  *session
	journal  *journal // nil: every blob is synced for itself
	dirs     dirs
	pending  pending
	tempName atomic.Uint64
	faults   faults
}

// faults are where tests make the disk fail; nil functions do nothing.
type faults struct {
	syncFile func(*os.File) error
	syncDir  func(dir string) error
}

// Open opens a directory as a bucket, and makes the directory where it is
// missing. Several processes may have the same directory open.
func Open(dir string) (*blob.Bucket, error) {
	b, err := open(dir, false)
	if err != nil {
		return nil, err
	}
	return blob.NewBucket(b), nil
}

func open(dir string, alone bool) (_ *Bucket, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory %s: %w", dir, err)
	}
	if err := makeRoot(abs); err != nil {
		return nil, fmt.Errorf("making the directory %s: %w", dir, err)
	}
	fail := func(err error) (*Bucket, error) {
		return nil, fmt.Errorf("preparing the directory %s: %w", dir, err)
	}
	opening, err := lockSessions(abs)
	if err != nil {
		return fail(err)
	}
	defer opening.Close()
	b := &Bucket{dir: abs}
	b.dirs.sync = b.syncDir
	if b.session, err = newSession(abs); err != nil {
		return fail(err)
	}
	if err := b.claim(alone); err != nil {
		return fail(errors.Join(err, b.session.close(abs)))
	}
	return b, nil
}

// makeRoot makes a directory and its parents, each synced into the one above.
func makeRoot(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is a file", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeRoot(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(syncDirFile(f), f.Close())
}

// path is where a file or directory of the bucket is. Names come from pathOf, so
// none leads out of the bucket: each segment is looked up by the kernel, not by
// an os.Root, whose walk was a tenth of the processor time of a small record.
func (b *Bucket) path(name string) string { return b.dir + "/" + name }

// Close implements driver.Bucket. Writers that are still open fail.
func (b *Bucket) Close() error {
	var err error
	if b.journal != nil {
		err = b.journal.close()
	}
	return errors.Join(err, b.session.close(b.dir))
}

// As implements driver.Bucket: it gives a **Bucket.
func (b *Bucket) As(i any) bool {
	p, ok := i.(**Bucket)
	if ok {
		*p = b
	}
	return ok
}

// ErrorAs implements driver.Bucket: it gives a **fs.PathError.
func (b *Bucket) ErrorAs(err error, i any) bool {
	p, ok := i.(**fs.PathError)
	return ok && errors.As(err, p)
}

// ErrorCode implements driver.Bucket.
func (b *Bucket) ErrorCode(err error) gcerrors.ErrorCode {
	switch {
	case errors.Is(err, ErrExists):
		return gcerrors.FailedPrecondition
	case errors.Is(err, fs.ErrNotExist):
		return gcerrors.NotFound
	case errors.Is(err, fs.ErrPermission):
		return gcerrors.PermissionDenied
	case errors.Is(err, errBadKey):
		return gcerrors.InvalidArgument
	case errors.Is(err, errNotSupported):
		return gcerrors.Unimplemented
	}
	return gcerrors.Unknown
}

// opened is a blob opened for reading.
type opened struct {
	*os.File
	info  fs.FileInfo
	size  int64 // of the content
	attrs attributes
}

// openBlob opens a key once what it shows is durable.
func (b *Bucket) openBlob(ctx context.Context, key string) (*opened, error) {
	name, err := pathOf(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(b.path(name))
	if err != nil {
		return nil, err
	}
	o := &opened{File: f}
	if o.info, err = f.Stat(); err == nil {
		o.size, o.attrs, err = readTrailer(f, o.info.Size())
	}
	if err == nil {
		err = b.pending.wait(ctx, name)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening the blob %q: %w", key, err)
	}
	return o, nil
}

// Attributes implements driver.Bucket.
func (b *Bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	o, err := b.openBlob(ctx, key)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return &driver.Attributes{
		CacheControl:       o.attrs.CacheControl,
		ContentDisposition: o.attrs.ContentDisposition,
		ContentEncoding:    o.attrs.ContentEncoding,
		ContentLanguage:    o.attrs.ContentLanguage,
		ContentType:        o.attrs.contentType(),
		Metadata:           o.attrs.Metadata,
		ModTime:            o.info.ModTime(),
		Size:               o.size,
		ETag:               fmt.Sprintf(`"%x-%x"`, o.info.ModTime().UnixNano(), o.size),
	}, nil
}

// reader reads a part of a blob.
type reader struct {
	io.Reader
	*opened
}

func (r reader) Read(p []byte) (int, error) { return r.Reader.Read(p) }

func (r reader) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{ContentType: r.attrs.contentType(), ModTime: r.info.ModTime(), Size: r.size}
}

// As gives the file as an **os.File: bytes 0 to Size of it are the content. It
// is closed with the reader.
func (r reader) As(i any) bool {
	p, ok := i.(**os.File)
	if ok {
		*p = r.opened.File
	}
	return ok
}

// NewRangeReader implements driver.Bucket.
func (b *Bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, opts *driver.ReaderOptions) (driver.Reader, error) {
	o, err := b.openBlob(ctx, key)
	if err != nil {
		return nil, err
	}
	if length < 0 || length > o.size-offset {
		length = max(0, o.size-offset)
	}
	r := reader{io.NewSectionReader(o.File, offset, length), o}
	if opts.BeforeRead != nil {
		if err := opts.BeforeRead(r.As); err != nil {
			o.Close()
			return nil, err
		}
	}
	return r, nil
}

// Delete implements driver.Bucket.
func (b *Bucket) Delete(ctx context.Context, key string, opts *driver.DeleteOptions) error {
	if opts.BeforeDelete != nil {
		if err := opts.BeforeDelete(func(any) bool { return false }); err != nil {
			return err
		}
	}
	name, err := pathOf(key)
	if err != nil {
		return err
	}
	if b.journal != nil {
		if err := b.pending.enter(ctx, name); err != nil {
			return err
		}
		defer b.pending.leave(name)
	}
	if err := os.Remove(b.path(name)); err != nil {
		return err
	}
	if b.journal != nil && b.journal.has(name) {
		return b.note(opDelete, name)
	}
	return b.dirs.commit(path.Dir(name))
}

// SignedURL implements driver.Bucket: a directory has none.
func (b *Bucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errNotSupported
}
