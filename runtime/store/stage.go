package store

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
)

// stage takes bytes whose key is known only when they all are there. A Commit
// that fails because the key exists may be repeated.
type stage interface {
	io.Writer
	Commit(ctx context.Context, key string, ifNotExist bool) error
	Discard()
}

// spoolMemory is how much of an artifact is held in memory where the store
// cannot stage it.
const spoolMemory = 1 << 20

// spooled is a stage for any bucket: memory first, then a temporary file.
type spooled struct {
	s    *Store
	buf  bytes.Buffer
	file *os.File
}

func (s *Store) spool() (stage, error) { return &spooled{s: s}, nil }

func (p *spooled) Write(b []byte) (int, error) {
	if p.file == nil && p.buf.Len()+len(b) > spoolMemory {
		f, err := os.CreateTemp("", "runnel-*")
		if err != nil {
			return 0, err
		}
		p.file = f
		if _, err := p.file.Write(p.buf.Bytes()); err != nil {
			return 0, err
		}
		p.buf = bytes.Buffer{}
	}
	if p.file != nil {
		return p.file.Write(b)
	}
	return p.buf.Write(b)
}

func (p *spooled) Commit(ctx context.Context, key string, ifNotExist bool) error {
	if p.file == nil {
		return p.s.write(ctx, key, bytes.NewReader(p.buf.Bytes()), ifNotExist)
	}
	if ifNotExist { // a request is cheaper than an upload that is refused at its end
		if ok, err := p.s.bucket.Exists(ctx, key); err != nil || ok {
			return cmp.Or(err, ErrExists)
		}
	}
	return p.s.write(ctx, key, p.file, ifNotExist)
}

func (p *spooled) Discard() {
	if p.file != nil {
		p.file.Close()
		os.Remove(p.file.Name())
		p.file = nil
	}
}
