package store

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/events"
)

// The limits of objects, which are S3's.
const (
	MaxObjectKey      = 1024 // bytes
	MaxObjectMetadata = 2048 // bytes of keys and values together
)

// ObjectInput says what to put where, and when not to.
type ObjectInput struct {
	Bucket    string
	Key       string
	MediaType string            // "" is application/octet-stream
	Metadata  map[string]string // keys are made lower-case
	// IfNoneMatch refuses where the key has an object.
	IfNoneMatch bool
	// IfMatch refuses unless the MD5 or the digest of the current object is this.
	IfMatch string
	// ForceVersion makes a version even where nothing changes.
	ForceVersion bool
}

// An Object is a stored version of an object.
type Object struct {
	events.Object
	// MD5 of the content in hexadecimal digits: S3's ETag.
	MD5 string `json:"md5,omitempty"`
	// Deleted marks the version that ends an object.
	Deleted bool `json:"deleted,omitempty"`
}

func objectKey(bucket, key string) string { return "objects/" + bucket + "/" + flat(key) }

// PutObject stores an object: whole and durable, with its outbox record, or not
// at all. What equals the current version in content, media type and metadata is
// that version, so that a repeated upload is one event. Announce it next.
func (s *Store) PutObject(ctx context.Context, in ObjectInput, r io.Reader) (events.Object, error) {
	fail := func(err error) (events.Object, error) {
		return events.Object{}, fmt.Errorf("putting the object %s/%s: %w", in.Bucket, in.Key, err)
	}
	if err := in.check(); err != nil {
		return fail(err)
	}
	if err := s.bucketExists(ctx, in.Bucket); err != nil {
		return fail(err)
	}
	if _, current, err := s.current(ctx, in.Bucket, in.Key); err != nil {
		return fail(err)
	} else if err := in.allowed(current); err != nil {
		return fail(err)
	}
	sum := md5.New()
	ref, err := s.put(ctx, &limited{r, s.opts.MaxObject, s.opts.MaxObject}, sum)
	if err != nil {
		return fail(err)
	}
	ref.MediaType = in.MediaType
	obj, err := s.addVersion(ctx, in, ref, hex.EncodeToString(sum.Sum(nil)))
	if err != nil {
		return fail(err)
	}
	return obj, nil
}

// CopyObject puts the content of a version, 0 for the current one, of another
// object. A MediaType and Metadata that are both empty are those of the source.
func (s *Store) CopyObject(ctx context.Context, fromBucket, fromKey string, version int, in ObjectInput) (events.Object, error) {
	fail := func(err error) (events.Object, error) {
		return events.Object{}, fmt.Errorf("copying the object to %s/%s: %w", in.Bucket, in.Key, err)
	}
	from, err := s.Object(ctx, fromBucket, fromKey, version)
	if err != nil {
		return fail(err)
	}
	if in.MediaType == "" && in.Metadata == nil {
		in.MediaType, in.Metadata = from.Content.MediaType, from.Metadata
	}
	if err := in.check(); err != nil {
		return fail(err)
	}
	ref := from.Content
	ref.MediaType = in.MediaType
	obj, err := s.addVersion(ctx, in, ref, from.MD5)
	if err != nil {
		return fail(err)
	}
	return obj, nil
}

// addVersion makes content the current version of an object: the outbox record
// first, then the version, which makes it visible.
func (s *Store) addVersion(ctx context.Context, in ObjectInput, content events.Ref, md5 string) (events.Object, error) {
	s.buckets.RLock()
	defer s.buckets.RUnlock()
	if err := s.bucketExists(ctx, in.Bucket); err != nil {
		return events.Object{}, err
	}
	for {
		seq, current, err := s.current(ctx, in.Bucket, in.Key)
		if err != nil {
			return events.Object{}, err
		}
		if err := in.allowed(current); err != nil {
			return events.Object{}, err
		}
		if !in.ForceVersion && current != nil && current.Content == content && maps.Equal(current.Metadata, in.Metadata) {
			return current.Object, nil
		}
		next := Object{MD5: md5, Object: events.Object{
			Bucket: in.Bucket, Key: in.Key, Version: seq + 1, Content: content,
			Metadata: in.Metadata, CreatedAt: s.opts.Now().UTC().Round(0),
		}}
		err = s.makeVisible(ctx, next)
		if !errors.Is(err, ErrConflict) {
			return next.Object, err
		}
	}
}

// current is the latest version of an object, nil where there is none or it is
// deleted, and the number of versions.
func (s *Store) current(ctx context.Context, bucket, key string) (seq int, o *Object, err error) {
	o = new(Object)
	seq, err = s.Latest(ctx, objectKey(bucket, key), o)
	if errors.Is(err, ErrNotFound) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	if o.Deleted {
		return seq, nil, nil
	}
	return seq, o, nil
}

// Object finds a version of an object, 0 for the current one. Its bytes are the
// artifact Content.
func (s *Store) Object(ctx context.Context, bucket, key string, version int) (Object, error) {
	fail := func(err error) (Object, error) {
		return Object{}, fmt.Errorf("the object %s/%s: %w", bucket, key, err)
	}
	if err := checkObjectKey(key); err != nil {
		return fail(err)
	}
	if err := s.bucketExists(ctx, bucket); err != nil {
		return fail(err)
	}
	if version == 0 {
		_, o, err := s.current(ctx, bucket, key)
		if err == nil && o == nil {
			err = ErrNotFound
		}
		if err != nil {
			return fail(err)
		}
		return *o, nil
	}
	var o Object
	err := s.At(ctx, objectKey(bucket, key), version, &o)
	if err == nil && o.Deleted {
		err = ErrNotFound
	}
	if err != nil {
		return fail(fmt.Errorf("version %d: %w", version, err))
	}
	return o, nil
}

// DeleteObject ends an object; ErrNotFound where there is none. Its versions and
// artifacts stay, since events and lineage refer to them.
func (s *Store) DeleteObject(ctx context.Context, bucket, key string) error {
	fail := func(err error) error { return fmt.Errorf("deleting the object %s/%s: %w", bucket, key, err) }
	if err := checkObjectKey(key); err != nil {
		return fail(err)
	}
	if err := s.bucketExists(ctx, bucket); err != nil {
		return fail(err)
	}
	for {
		seq, current, err := s.current(ctx, bucket, key)
		if err == nil && current == nil {
			err = ErrNotFound
		}
		if err != nil {
			return fail(err)
		}
		end := Object{Deleted: true, Object: events.Object{Bucket: bucket, Key: key, Version: seq + 1, CreatedAt: s.opts.Now().UTC().Round(0)}}
		_, err = s.Append(ctx, objectKey(bucket, key), seq, end)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fail(err)
		}
	}
}

// check refuses what cannot be an object, and fills in the defaults.
func (in *ObjectInput) check() error {
	if err := checkObjectKey(in.Key); err != nil {
		return err
	}
	in.MediaType = cmp.Or(in.MediaType, events.MediaBytes)
	size, lower := 0, make(map[string]string, len(in.Metadata))
	for k, v := range in.Metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("the metadata %q is not UTF-8", k)
		}
		size += len(k) + len(v)
		lower[strings.ToLower(k)] = v
	}
	if size > MaxObjectMetadata {
		return fmt.Errorf("the metadata has %d bytes, of at most %d: %w", size, MaxObjectMetadata, ErrTooLarge)
	}
	in.Metadata = nil
	if len(lower) > 0 {
		in.Metadata = lower
	}
	return nil
}

func checkObjectKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("the key is empty")
	case len(key) > MaxObjectKey:
		return fmt.Errorf("the key has %d bytes, of at most %d: %w", len(key), MaxObjectKey, ErrTooLarge)
	case !utf8.ValidString(key):
		return fmt.Errorf("the key is not UTF-8")
	}
	return nil
}

// allowed checks the conditions against the current version.
func (in *ObjectInput) allowed(current *Object) error {
	switch {
	case in.IfNoneMatch && current != nil:
		return fmt.Errorf("there is version %d: %w", current.Version, ErrPrecondition)
	case in.IfMatch == "":
		return nil
	case current == nil:
		return fmt.Errorf("there is none, and %s is asked for: %w", in.IfMatch, ErrPrecondition)
	}
	if want := strings.Trim(in.IfMatch, `"`); want != "*" && want != current.MD5 && want != current.Content.Digest {
		return fmt.Errorf("version %d has the MD5 %s, and %s is asked for: %w", current.Version, current.MD5, want, ErrPrecondition)
	}
	return nil
}

// limited fails after max bytes.
type limited struct {
	io.Reader
	left, max int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("it has more than %d bytes: %w", l.max, ErrTooLarge)
	}
	return n, err
}
