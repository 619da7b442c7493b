package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"time"
)

const buckets = "buckets/"

// A Bucket holds objects.
type Bucket struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
}

// CreateBucket makes a bucket; ErrExists where there is one.
func (s *Store) CreateBucket(ctx context.Context, name string) error {
	if err := checkBucket(name); err != nil {
		return err
	}
	return s.create(ctx, buckets+name, Bucket{name, s.opts.Now().UTC().Round(0)})
}

// DeleteBucket removes a bucket that has no objects; otherwise ErrPrecondition.
// Uploads of other processes may still end in it meanwhile: they show up when the
// bucket is made again.
func (s *Store) DeleteBucket(ctx context.Context, name string) error {
	s.buckets.Lock()
	defer s.buckets.Unlock()
	list, err := s.ListObjects(ctx, name, "", "", "", 1)
	if err != nil {
		return err
	}
	if len(list.Objects) > 0 {
		return fmt.Errorf("deleting the bucket %s: it holds objects, such as %q: %w", name, list.Objects[0].Key, ErrPrecondition)
	}
	return s.remove(ctx, buckets+name)
}

// Buckets yields the buckets by name.
func (s *Store) Buckets(ctx context.Context) iter.Seq2[Bucket, error] {
	return func(yield func(Bucket, error) bool) {
		for name, err := range s.list(ctx, buckets, "", "", "") {
			var b Bucket
			if err == nil {
				err = s.read(ctx, buckets+name, &b)
			}
			if errors.Is(err, ErrNotFound) {
				continue // deleted meanwhile
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// bucketExists is nil where the bucket is there, and otherwise says why not.
func (s *Store) bucketExists(ctx context.Context, name string) error {
	if err := checkBucket(name); err != nil {
		return err
	}
	ok, err := s.exists(ctx, buckets+name)
	if err == nil && !ok {
		err = fmt.Errorf("the bucket %s: %w", name, ErrNoBucket)
	}
	return err
}

// ErrNoBucket is the reason of what is asked of a bucket that is not there. It is an ErrNotFound.
var ErrNoBucket = fmt.Errorf("there is no such bucket: %w", ErrNotFound)

// ErrBucketName is the reason of a bucket's name being refused.
var ErrBucketName = errors.New("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, " +
	"begins and ends with a letter or digit, has no two dots in a row, and is no IP address")

// checkBucket applies S3's rules for the names of general purpose buckets:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func checkBucket(name string) error {
	const letters, other = "abcdefghijklmnopqrstuvwxyz0123456789", ".-"
	_, notIP := netip.ParseAddr(name)
	bad := len(name) < 3 || len(name) > 63 || strings.Trim(name, letters+other) != "" ||
		strings.Trim(name[:1]+name[len(name)-1:], letters) != "" ||
		strings.Contains(name, "..") || notIP == nil
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		bad = bad || strings.HasPrefix(name, p)
	}
	for _, p := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		bad = bad || strings.HasSuffix(name, p)
	}
	if bad {
		return fmt.Errorf("the name %q: %w", name, ErrBucketName)
	}
	return nil
}
