package s3

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"github.com/rclone/gofakes3"

	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/store"
)

// backend is the node's store as gofakes3 wants it. What it writes goes through
// the node, so that events are accepted before a write returns.
type backend struct {
	node *node.Node
	*uploads
}

var (
	_ gofakes3.Backend              = (*backend)(nil)
	_ gofakes3.MultipartBackend     = (*backend)(nil)
	_ gofakes3.ObjectTaggingBackend = (*backend)(nil)
)

// ListBuckets implements gofakes3.Backend.
func (b *backend) ListBuckets(ctx context.Context) ([]gofakes3.BucketInfo, error) {
	var out []gofakes3.BucketInfo
	for bucket, err := range b.node.Store.Buckets(ctx) {
		if err != nil {
			return nil, answer(err, "", "")
		}
		out = append(out, gofakes3.BucketInfo{Name: bucket.Name, CreationDate: gofakes3.NewContentTime(bucket.CreatedAt)})
	}
	return out, nil
}

// BucketExists implements gofakes3.Backend.
func (b *backend) BucketExists(ctx context.Context, name string) (bool, error) {
	_, err := b.node.Store.Object(ctx, name, "-", 0) // any key: the bucket is looked at first
	switch {
	case errors.Is(err, store.ErrNoBucket), errors.Is(err, store.ErrBucketName):
		return false, nil
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	}
	return err == nil, answer(err, name, "")
}

// CreateBucket implements gofakes3.Backend.
func (b *backend) CreateBucket(ctx context.Context, name string) error {
	err := b.node.Store.CreateBucket(ctx, name)
	if errors.Is(err, store.ErrExists) {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	return answer(err, name, "")
}

// DeleteBucket implements gofakes3.Backend.
func (b *backend) DeleteBucket(ctx context.Context, name string) error {
	err := b.node.Store.DeleteBucket(ctx, name)
	if errors.Is(err, store.ErrPrecondition) {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	return answer(err, name, "")
}

// ListBucket implements gofakes3.Backend.
func (b *backend) ListBucket(ctx context.Context, name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	if prefix == nil {
		prefix = &gofakes3.Prefix{}
	}
	list, err := b.node.Store.ListObjects(ctx, name, prefix.Prefix, page.Marker, prefix.Delimiter, int(page.MaxKeys))
	if err != nil {
		return nil, answer(err, name, "")
	}
	out := gofakes3.NewObjectList()
	for _, o := range list.Objects {
		out.Add(&gofakes3.Content{
			Key: o.Key, LastModified: gofakes3.NewContentTime(o.CreatedAt), ETag: quoted(o.MD5),
			Size: o.Content.Size, StorageClass: gofakes3.StorageStandard,
		})
	}
	for _, p := range list.Prefixes {
		out.AddPrefix(p)
	}
	out.IsTruncated, out.NextMarker = list.Next != "", list.Next
	return out, nil
}

func quoted(md5 string) string { return `"` + md5 + `"` }

// HeadObject implements gofakes3.Backend.
func (b *backend) HeadObject(ctx context.Context, bucket, key string) (*gofakes3.Object, error) {
	o, err := b.node.Store.Object(ctx, bucket, key, 0)
	if err != nil {
		return nil, answer(err, bucket, key)
	}
	return shown(o), nil
}

// shown is an object without its content.
func shown(o store.Object) *gofakes3.Object {
	sum, _ := hex.DecodeString(o.MD5) // digits by construction
	return &gofakes3.Object{Name: o.Key, Metadata: headersOf(o), Size: o.Content.Size, Hash: sum, Contents: io.NopCloser(eof{})}
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// GetObject implements gofakes3.Backend.
func (b *backend) GetObject(ctx context.Context, bucket, key string, asked *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, err := b.node.Store.Object(ctx, bucket, key, 0)
	if err != nil {
		return nil, answer(err, bucket, key)
	}
	out := shown(o)
	if out.Range, err = asked.Range(out.Size); err != nil {
		return nil, err
	}
	blob, err := b.node.Store.Open(ctx, o.Content)
	if err != nil {
		return nil, answer(err, bucket, key)
	}
	start, length := int64(0), out.Size
	if out.Range != nil {
		start, length = out.Range.Start, out.Range.Length
	}
	out.Contents = struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(blob, start, length), blob}
	return out, nil
}

// PutObject implements gofakes3.Backend.
func (b *backend) PutObject(ctx context.Context, bucket, key string, headers map[string]string, r io.Reader, size int64) (gofakes3.PutObjectResult, error) {
	in, err := input(bucket, key, headers)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	addConditions(ctx, &in)
	_, err = b.node.Upload(ctx, in, exactly(r, size))
	return gofakes3.PutObjectResult{}, answer(err, bucket, key)
}

// CopyObject implements gofakes3.Backend. The copy is a version of its own, with
// its own event.
func (b *backend) CopyObject(ctx context.Context, fromBucket, fromKey, bucket, key string, headers map[string]string) (gofakes3.CopyObjectResult, error) {
	o, err := b.copy(ctx, fromBucket, fromKey, bucket, key, headers)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	return gofakes3.CopyObjectResult{ETag: quoted(o.MD5), LastModified: gofakes3.NewContentTime(o.CreatedAt)}, nil
}

func (b *backend) copy(ctx context.Context, fromBucket, fromKey, bucket, key string, headers map[string]string) (store.Object, error) {
	in, err := input(bucket, key, headers)
	if err != nil {
		return store.Object{}, err
	}
	addConditions(ctx, &in)
	put, err := b.node.Store.CopyObject(ctx, fromBucket, fromKey, 0, in)
	if err == nil {
		err = b.node.Store.Announce(ctx, put, b.node.Engine.Accept)
	}
	if err != nil {
		return store.Object{}, answer(err, bucket, key)
	}
	o, err := b.node.Store.Object(ctx, bucket, key, put.Version)
	return o, answer(err, bucket, key)
}

// SetObjectTagging implements gofakes3.ObjectTaggingBackend: a version with the tags.
func (b *backend) SetObjectTagging(ctx context.Context, bucket, key, tags string) error {
	o, err := b.node.Store.Object(ctx, bucket, key, 0)
	if err != nil {
		return answer(err, bucket, key)
	}
	headers := headersOf(o)
	delete(headers, gofakes3.TaggingMetadataKey)
	if tags != "" {
		headers[gofakes3.TaggingMetadataKey] = tags
	}
	_, err = b.copy(withConditions(ctx, conditions{ifMatch: o.MD5}), bucket, key, bucket, key, headers)
	return err
}

// DeleteObject implements gofakes3.Backend.
func (b *backend) DeleteObject(ctx context.Context, bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	err := b.node.Store.DeleteObject(ctx, bucket, key)
	if errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrNoBucket) {
		err = nil
	}
	return gofakes3.ObjectDeleteResult{}, answer(err, bucket, key)
}

// DeleteMulti implements gofakes3.Backend.
func (b *backend) DeleteMulti(ctx context.Context, bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	for _, key := range keys {
		if _, err := b.DeleteObject(ctx, bucket, key); err != nil {
			failed := gofakes3.ErrorResultFromError(err)
			failed.Key = key
			out.Error = append(out.Error, failed)
			continue
		}
		out.Deleted = append(out.Deleted, gofakes3.ObjectID{Key: key})
	}
	return out, nil
}
