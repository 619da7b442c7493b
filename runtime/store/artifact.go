package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

const (
	artifacts  = "artifacts/sha256/"
	digestMark = "sha256:"
	copyBuffer = 256 << 10
)

// Put stores an artifact and names it by its digest. It is durable and whole, or
// not there. Bytes that are stored already are not stored again.
func (s *Store) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	ref, err := s.put(ctx, r, nil)
	if err != nil {
		return events.Ref{}, fmt.Errorf("storing an artifact: %w", err)
	}
	ref.MediaType = mediaType
	return ref, nil
}

// put stores what r yields, and shows it to also on the way.
func (s *Store) put(ctx context.Context, r io.Reader, also io.Writer) (events.Ref, error) {
	st, err := s.newStage()
	if err != nil {
		return events.Ref{}, step.Retryable(err)
	}
	defer st.Discard()
	sum := sha256.New()
	staged := &writer{Writer: st}
	to := io.MultiWriter(staged, sum)
	if also != nil {
		to = beside{to, also}
	}
	size, err := io.CopyBuffer(to, reader{ctx, r}, make([]byte, copyBuffer))
	if staged.err != nil {
		return events.Ref{}, s.failure("writing a temporary file", staged.err)
	}
	if err != nil {
		return events.Ref{}, err
	}
	ref := events.Ref{Digest: digestMark + hex.EncodeToString(sum.Sum(nil)), Size: size}
	key, err := artifactKey(ref.Digest)
	if err != nil {
		return events.Ref{}, err
	}
	what := "storing the artifact " + ref.Digest
	err = s.failure(what, st.Commit(ctx, key, true))
	if !errors.Is(err, ErrExists) {
		return ref, err
	}
	a, err := s.bucket.Attributes(ctx, key)
	switch {
	case err != nil:
		return events.Ref{}, s.failure(what, err)
	case a.Size == size:
		return ref, nil
	}
	return ref, s.failure(what, st.Commit(ctx, key, false)) // what is there is not whole
}

// Open opens an artifact for reading, from any number of goroutines.
func (s *Store) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	key, err := artifactKey(ref.Digest)
	if err != nil {
		return nil, err
	}
	what := "opening the artifact " + ref.Digest
	r, err := s.bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, s.failure(what, err)
	}
	if r.Size() != ref.Size {
		r.Close()
		return nil, fmt.Errorf("%s: it has %d bytes and should have %d: %w", what, r.Size(), ref.Size, ErrCorrupt)
	}
	var f *os.File
	if r.As(&f) {
		return fileBlob{io.NewSectionReader(f, 0, ref.Size), r}, nil
	}
	defer r.Close()
	b, err := newRangeBlob(ctx, s, key, r)
	if err != nil {
		return nil, s.failure(what, err)
	}
	return b, nil
}

// Has reports whether an artifact is there, and of its size.
func (s *Store) Has(ctx context.Context, ref events.Ref) (bool, error) {
	n, err := s.Size(ctx, ref.Digest)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && n == ref.Size, err
}

// Size is the size of an artifact in bytes; ErrNotFound where there is none.
func (s *Store) Size(ctx context.Context, digest string) (int64, error) {
	key, err := artifactKey(digest)
	if err != nil {
		return 0, err
	}
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return 0, s.failure("finding the artifact "+digest, err)
	}
	return a.Size, nil
}

// Verify reads an artifact and compares its digest; ErrCorrupt where it differs.
func (s *Store) Verify(ctx context.Context, ref events.Ref) error {
	b, err := s.Open(ctx, ref)
	if err != nil {
		return err
	}
	defer b.Close()
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, reader{ctx, step.ReaderOf(b)}, make([]byte, copyBuffer)); err != nil {
		return s.failure("reading the artifact "+ref.Digest, err)
	}
	if got := digestMark + hex.EncodeToString(sum.Sum(nil)); got != ref.Digest {
		return fmt.Errorf("the artifact %s has the digest %s: %w", ref.Digest, got, ErrCorrupt)
	}
	return nil
}

func artifactKey(digest string) (string, error) {
	h, ok := strings.CutPrefix(digest, digestMark)
	if !ok || len(h) != 2*sha256.Size || strings.Trim(h, hexDigits) != "" {
		return "", fmt.Errorf("%q is no digest: it should be sha256: and 64 lower-case hexadecimal digits", digest)
	}
	return artifacts + h[:2] + "/" + h[2:], nil
}

// reader stops when the context ends.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// writer remembers its error, to tell it from the reader's.
type writer struct {
	io.Writer
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.err = err
	return n, err
}

// fileBlob is an artifact in a file.
type fileBlob struct {
	*io.SectionReader
	io.Closer
}

// beside writes to both at once: hashes are slow, and there are processors.
type beside [2]io.Writer

func (b beside) Write(p []byte) (int, error) {
	failed := make(chan error, 1)
	go func() {
		_, err := b[1].Write(p)
		failed <- err
	}()
	n, err := b[0].Write(p)
	return n, cmp.Or(err, <-failed)
}
