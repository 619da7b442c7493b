package store

import (
	"context"
	"errors"
	"iter"
	"strings"
)

// A Listing is a page of a bucket's objects.
type Listing struct {
	Objects  []Object
	Prefixes []string // keys cut after the delimiter, each once
	// Next is the startAfter of the next page; "" where this is the last.
	Next string
}

// ListObjects lists the objects whose key begins with prefix and comes after
// startAfter, in the order of the keys' bytes. With a delimiter, keys that have it
// after the prefix are listed as one prefix. Limit bounds objects and prefixes
// together; 0 is 1000.
func (s *Store) ListObjects(ctx context.Context, bucket, prefix, startAfter, delimiter string, limit int) (Listing, error) {
	if limit <= 0 {
		limit = 1000
	}
	var out Listing
	if err := s.bucketExists(ctx, bucket); err != nil {
		return out, err
	}
	last, common := "", "" // listed: a key or a prefix; a prefix
	if cutAt(startAfter, prefix, delimiter) == startAfter {
		common = startAfter
	}
	for key, err := range s.objectKeys(ctx, bucket, prefix, startAfter, limit) {
		if err != nil {
			return out, err
		}
		if common != "" && strings.HasPrefix(key, common) {
			continue
		}
		_, o, err := s.current(ctx, bucket, key)
		if err != nil {
			return out, err
		}
		if o == nil {
			continue
		}
		if len(out.Objects)+len(out.Prefixes) == limit {
			out.Next = last
			return out, nil
		}
		if common = cutAt(key, prefix, delimiter); common != "" {
			out.Prefixes, last = append(out.Prefixes, common), common
		} else {
			out.Objects, last = append(out.Objects, *o), key
		}
	}
	return out, nil
}

// cutAt is the key up to the first delimiter after the prefix, "" where there is none.
func cutAt(key, prefix, delimiter string) string {
	rest, ok := strings.CutPrefix(key, prefix)
	i := strings.Index(rest, delimiter)
	if !ok || delimiter == "" || i < 0 {
		return ""
	}
	return key[:len(prefix)+i+len(delimiter)]
}

// objectKeys yields the keys that have versions, deleted ones too. About limit of
// them will be taken: a directory is then read once for a page, and no more of the
// objects in it are looked into.
func (s *Store) objectKeys(ctx context.Context, bucket, prefix, after string, limit int) iter.Seq2[string, error] {
	size := listPage
	if s.seekable {
		size = min(limit, filePage) + 1 // to know whether there are more
	}
	return func(yield func(string, error) bool) {
		if after != "" {
			after = flat(after) + "/"
		}
		for name, err := range s.listBy(ctx, size, sequences+"objects/"+bucket+"/", flat(prefix), "/", after) {
			if !yield(unflat(name), err) || err != nil {
				return
			}
		}
	}
}

// Versions yields the versions of an object, the first one first, deletions too.
func (s *Store) Versions(ctx context.Context, bucket, key string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		err := errors.Join(checkObjectKey(key), s.bucketExists(ctx, bucket))
		if err != nil {
			yield(Object{}, err)
			return
		}
		for e, err := range s.History(ctx, objectKey(bucket, key), 0) {
			var o Object
			if err == nil {
				err = e.Decode(&o)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}
