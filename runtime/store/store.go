// Package store keeps what a node must not lose: artifacts (immutable bytes named
// by their digest), records (what happened), sequences (histories that move by
// compare-and-append) and objects (what users upload), over gocloud.dev/blob.
// There is no database beside it.
//
// Under the root of the bucket are
//
//	format                            the version of this layout
//	artifacts/sha256/ab/cdef...       artifacts
//	records/<key>                     records; records/identity is the store's id
//	sequences/<key>/0000000001        the entries of sequences; an object is one,
//	sequences/objects/<bucket>/<key>  an entry for each of its versions
//	buckets/<name>                    buckets of objects
//	outbox/<id>                       objects whose event may not be published yet
//
// On a directory every write is durable when it returns (package fileblob). Any
// number of Stores, in this process and in others, may have one store open, but
// for a directory that one has for itself (Options.Alone).
//
// Errors wrap ErrNotFound, ErrExists, ErrConflict, ErrPrecondition, ErrCorrupt or
// ErrTooLarge where one of these is the reason; where the disk or the network was
// at fault their class is step.ClassRetryable.
package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"

	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store/fileblob"
)

// The reasons of errors.
var (
	ErrNotFound     = errors.New("not found")
	ErrExists       = errors.New("it exists already")
	ErrConflict     = errors.New("it was changed meanwhile")
	ErrPrecondition = errors.New("the condition of the request does not hold")
	ErrCorrupt      = errors.New("the stored bytes are damaged")
	ErrTooLarge     = errors.New("too large")
)

// Options are the choices of a store; nil is the defaults.
type Options struct {
	// MaxObject is the largest object, in bytes; 0 is 5 TiB, S3's limit.
	MaxObject int64
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Grace is how old an unannounced upload that never became visible must be
	// before Recover forgets it, since its writer may be alive in another
	// process; 0 is 10 minutes.
	Grace time.Duration
	// Alone says that no other process uses the store, which makes records on a
	// directory several times cheaper: they share a sync (fileblob.OpenAlone).
	// Whoever opens the directory meanwhile gets fileblob.ErrAlone.
	Alone bool
}

// A Store is an opened store. It is safe for concurrent use.
type Store struct {
	bucket    *blob.Bucket
	files     *fileblob.Bucket // the bucket where it is a directory, or nil
	name      string           // of an S3 bucket, for errors
	opts      Options
	newStage  func() (stage, error)
	seekable  bool         // page tokens of lists are keys
	buckets   sync.RWMutex // held for writing while a bucket is deleted
	latest    latestCache
	uploading uploading
}

// formatVersion is the version of the layout that this code reads and writes.
const formatVersion = 1

type format struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// Open opens the store at a URL, and makes it where there is none: a path or
// file:///path is a directory, mem:// is forgotten when closed, s3://bucket is S3
// where package runtime/store/s3 is linked into the program (see there for its
// parameters), and any other scheme is that of a gocloud.dev driver.
func Open(ctx context.Context, location string, opts *Options) (*Store, error) {
	s := &Store{}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.MaxObject == 0 {
		s.opts.MaxObject = 5 << 40
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Grace == 0 {
		s.opts.Grace = 10 * time.Minute
	}
	if err := s.open(ctx, location); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", redact(location), err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, location string) (err error) {
	scheme, rest, isURL := strings.Cut(location, "://")
	openDir := fileblob.Open
	if s.opts.Alone {
		openDir = fileblob.OpenAlone
	}
	switch {
	case !isURL:
		s.bucket, err = openDir(location)
	case scheme == "file":
		var u *url.URL
		if u, err = url.Parse(location); err == nil && u.Host != "" {
			err = fmt.Errorf("a file URL has three slashes: file:///%s", rest)
		}
		if err == nil {
			s.bucket, err = openDir(u.Path)
		}
	case scheme == "mem":
		s.bucket = memblob.OpenBucket(&memblob.Options{NoMD5: true})
	case scheme == "s3":
		s.bucket, err = s.openS3(ctx, location)
	default:
		s.bucket, err = blob.OpenBucket(ctx, location)
	}
	if err != nil {
		return err
	}
	s.newStage = s.spool
	if s.bucket.As(&s.files) {
		s.newStage = func() (stage, error) { return s.files.Stage() }
	}
	s.seekable = s.files != nil || scheme == "mem"
	if err := s.checkFormat(ctx); err != nil {
		s.bucket.Close()
		return err
	}
	return nil
}

// checkFormat refuses a layout that this code does not know.
func (s *Store) checkFormat(ctx context.Context) error {
	const key = "format"
	var f format
	err := s.read(ctx, key, &f)
	if errors.Is(err, ErrNotFound) {
		page, _, err := s.bucket.ListPage(ctx, blob.FirstPageToken, 1, nil)
		if err != nil {
			return s.failure("listing it", err)
		}
		if len(page) > 0 && page[0].Key != key {
			return fmt.Errorf("it holds %q but no record of its format: this is no store, or a damaged one", page[0].Key)
		}
		err = s.create(ctx, key, format{"runnel-store", formatVersion})
		if err == nil {
			err = s.create(ctx, key, format{"runnel-store", formatVersion})
		}
		if err == nil {
			return errors.New("what serves it writes over what is there although asked not to (If-None-Match: *), so nothing could be made once: use another service")
		}
		if !errors.Is(err, ErrExists) {
			return err
		}
		err = s.read(ctx, key, &f)
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	switch {
	case f.Format != "runnel-store":
		return fmt.Errorf("its format is %q, not runnel-store", f.Format)
	case f.Version > formatVersion:
		return fmt.Errorf("its layout has version %d and this program knows versions up to %d: use a newer runnel", f.Version, formatVersion)
	case f.Version < 1:
		return fmt.Errorf("the version of its layout is %d: %w", f.Version, ErrCorrupt)
	}
	return nil
}

// Close closes the store.
func (s *Store) Close() error { return s.bucket.Close() }

// redact hides the password and the query of a URL.
func redact(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Scheme == "" {
		return location
	}
	u.RawQuery = ""
	return u.Redacted()
}

// failure says what failed, and gives the error, if there is one, its reason and class.
func (s *Store) failure(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, fileblob.ErrExists) || errors.Is(err, ErrExists) {
		return fmt.Errorf("%s: %w", what, ErrExists)
	}
	if refused := s.s3Failure(what, err); refused != nil {
		return refused
	}
	code := gcerrors.Code(err)
	if code == gcerrors.Unknown && s.files != nil {
		code = s.files.ErrorCode(err)
	}
	switch code {
	case gcerrors.NotFound:
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return fmt.Errorf("%s: %w", what, ErrExists)
	case gcerrors.InvalidArgument, gcerrors.PermissionDenied, gcerrors.Canceled, gcerrors.DeadlineExceeded:
		return fmt.Errorf("%s: %w", what, err)
	}
	return step.Retryable(fmt.Errorf("%s: %w", what, err))
}
