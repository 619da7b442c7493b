package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"

	"gocloud.dev/blob/driver"
)

// A Staged is a blob being written, in a file that no key shows yet. Which key
// it becomes is decided at the end, so that it can be named by its digest.
type Staged struct {
	b    *Bucket
	f    *os.File
	name string
	size int64
	tail []byte // last bytes written, as many as the magic has
	ends bool   // the trailer is written and the file synced
	err  error  // of an earlier write
}

// Stage begins a blob. End it with Commit or Discard.
func (b *Bucket) Stage() (*Staged, error) {
	name := b.session.dir + "/" + strconv.FormatUint(b.tempName.Add(1), 10)
	f, err := os.OpenFile(b.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making a temporary file: %w, or %s was removed", fs.ErrClosed, name)
	}
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return &Staged{b: b, f: f, name: name}, nil
}

// Write implements io.Writer.
func (s *Staged) Write(p []byte) (int, error) {
	n, err := s.f.Write(p)
	s.size += int64(n)
	if n >= len(magic) {
		s.tail = append(s.tail[:0], p[n-len(magic):n]...)
	} else {
		s.tail = append(s.tail, p[:n]...)
		s.tail = s.tail[max(0, len(s.tail)-len(magic)):]
	}
	if err != nil {
		s.err = err
	}
	return n, err
}

// Size is the number of bytes written.
func (s *Staged) Size() int64 { return s.size }

// Commit makes what was written the blob of a key, durable before it returns.
// With ifNotExist it fails with ErrExists where the key has a blob,
// which is durable by then; the staged blob can still be committed elsewhere.
func (s *Staged) Commit(ctx context.Context, key string, ifNotExist bool) error {
	return s.commit(ctx, key, ifNotExist, attributes{})
}

func (s *Staged) commit(ctx context.Context, key string, ifNotExist bool, attrs attributes) (err error) {
	defer func() {
		if err != nil && !errors.Is(err, ErrExists) {
			s.Discard()
		}
	}()
	name, err := pathOf(key)
	if err != nil {
		return err
	}
	if s.err != nil {
		return s.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.b.pending.enter(ctx, name); err != nil {
		return err
	}
	defer s.b.pending.leave(name)

	dir := path.Dir(name)
	if ifNotExist {
		if _, err := os.Lstat(s.b.path(name)); err == nil {
			return s.b.exists(key, dir)
		}
	}
	if err := s.end(attrs); err != nil {
		return err
	}
	if err := s.b.dirs.make(s.b.dir, dir); err != nil {
		return err
	}
	err = s.show(name, ifNotExist)
	if errors.Is(err, fs.ErrNotExist) { // the directory was removed behind our back
		s.b.dirs.forget(dir)
		if err := s.b.dirs.make(s.b.dir, dir); err != nil {
			return err
		}
		err = s.show(name, ifNotExist)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return s.b.exists(key, dir)
	case err != nil:
		return err
	}
	if err := s.b.dirs.commit(dir); err != nil {
		if ifNotExist {
			os.Remove(s.b.path(name))
		}
		return fmt.Errorf("syncing the directory of the blob %q: %w", key, err)
	}
	s.Discard()
	if s.b.journal != nil && s.b.journal.has(name) {
		return s.b.note(opLeave, name)
	}
	return nil
}

// exists is the refusal of a key that has a blob, once that is durable whoever
// wrote it.
func (b *Bucket) exists(key, dir string) error {
	if err := b.dirs.commit(dir); err != nil {
		return err
	}
	return fmt.Errorf("%w: %q", ErrExists, key)
}

// end writes the trailer and syncs the file.
func (s *Staged) end(attrs attributes) error {
	if s.ends {
		return nil
	}
	trailer, err := attrs.trailer(s.tail)
	if err != nil {
		return err
	}
	if len(trailer) > 0 {
		if _, err := s.f.Write(trailer); err != nil {
			return err
		}
	}
	s.ends = true
	return s.b.syncData(s.f)
}

// show gives the file its name.
func (s *Staged) show(name string, ifNotExist bool) error {
	if ifNotExist {
		return os.Link(s.b.path(s.name), s.b.path(name))
	}
	return os.Rename(s.b.path(s.name), s.b.path(name))
}

// Discard forgets what was written. After a Commit that succeeded it does nothing.
func (s *Staged) Discard() {
	if s.f == nil {
		return
	}
	s.f.Close()
	s.f = nil
	s.err = fs.ErrClosed
	os.Remove(s.b.path(s.name)) // gone already where it was renamed
}

// writer is a driver.Writer.
type writer struct {
	*Staged
	ctx        context.Context
	key        string
	ifNotExist bool
	attrs      attributes
}

// NewTypedWriter implements driver.Bucket.
func (b *Bucket) NewTypedWriter(ctx context.Context, key, contentType string, opts *driver.WriterOptions) (driver.Writer, error) {
	if _, err := pathOf(key); err != nil {
		return nil, err
	}
	s, err := b.Stage()
	if err != nil {
		return nil, err
	}
	if opts.BeforeWrite != nil {
		as := func(i any) bool {
			p, ok := i.(**os.File)
			if ok {
				*p = s.f
			}
			return ok
		}
		if err := opts.BeforeWrite(as); err != nil {
			s.Discard()
			return nil, err
		}
	}
	attrs := attributes{
		CacheControl:       opts.CacheControl,
		ContentDisposition: opts.ContentDisposition,
		ContentEncoding:    opts.ContentEncoding,
		ContentLanguage:    opts.ContentLanguage,
		Metadata:           opts.Metadata,
	}
	if contentType != defaultType {
		attrs.ContentType = contentType
	}
	return &writer{s, ctx, key, opts.IfNotExist, attrs}, nil
}

// Close implements driver.Writer.
func (w *writer) Close() error {
	defer w.Discard()
	return w.commit(w.ctx, w.key, w.ifNotExist, w.attrs)
}

// Copy implements driver.Bucket.
func (b *Bucket) Copy(ctx context.Context, dst, src string, opts *driver.CopyOptions) error {
	o, err := b.openBlob(ctx, src)
	if err != nil {
		return err
	}
	defer o.Close()
	if opts.BeforeCopy != nil {
		if err := opts.BeforeCopy(func(any) bool { return false }); err != nil {
			return err
		}
	}
	s, err := b.Stage()
	if err != nil {
		return err
	}
	defer s.Discard()
	if _, err := io.Copy(s, io.NewSectionReader(o.File, 0, o.size)); err != nil {
		return err
	}
	return s.commit(ctx, dst, false, o.attrs)
}
