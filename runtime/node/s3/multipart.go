package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rclone/gofakes3"
)

// uploads are the multipart uploads that are under way. A part is a file, and
// everything else is in memory: gofakes3 does not know an upload after a restart.
type uploads struct {
	dir    string
	stale  time.Duration
	forget func(ctx context.Context, bucket, key string, id gofakes3.UploadID) error

	mu   sync.Mutex
	open map[gofakes3.UploadID]*upload
}

type upload struct {
	bucket, key string
	headers     map[string]string
	dir         string

	mu    sync.Mutex // held while the object is put together
	used  time.Time
	parts map[int]part
	ended bool
	etag  string // once it is complete
}

// A part is a file of an upload's folder.
type part struct {
	path, md5 string
	size      int64
}

// get finds an upload.
func (u *uploads) get(id gofakes3.UploadID) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if up := u.open[id]; up != nil {
		return up, nil
	}
	return nil, gofakes3.ErrNoSuchUpload
}

// drop ends an upload, whose lock is held, and removes its parts.
func (u *uploads) drop(id gofakes3.UploadID, up *upload) error {
	up.ended = true
	u.mu.Lock()
	delete(u.open, id)
	u.mu.Unlock()
	return os.RemoveAll(up.dir)
}

// sweep drops the uploads that nobody has gone on with for long.
func (u *uploads) sweep(ctx context.Context) error {
	u.mu.Lock()
	open := maps.Clone(u.open)
	u.mu.Unlock()
	var errs []error
	for id, up := range open {
		if !up.mu.TryLock() { // it is being put together
			continue
		}
		if time.Since(up.used) > u.stale {
			errs = append(errs, u.drop(id, up), u.forget(ctx, up.bucket, up.key, id))
		}
		up.mu.Unlock()
	}
	return errors.Join(errs...)
}

// CreateMultipartUpload implements gofakes3.MultipartBackend.
func (b *backend) CreateMultipartUpload(ctx context.Context, bucket, key string, headers map[string]string) (gofakes3.UploadID, error) {
	if err := b.sweep(ctx); err != nil {
		return "", answer(err, bucket, key)
	}
	if _, err := input(bucket, key, headers); err != nil {
		return "", err
	}
	if len(key) > gofakes3.KeySizeLimit {
		return "", gofakes3.ResourceError(gofakes3.ErrKeyTooLong, key)
	}
	id := gofakes3.UploadID(uuid.NewString())
	up := &upload{bucket: bucket, key: key, headers: headers, dir: filepath.Join(b.dir, string(id)), used: time.Now(), parts: map[int]part{}}
	if err := os.Mkdir(up.dir, 0o700); err != nil {
		return "", internal(err)
	}
	b.mu.Lock()
	b.open[id] = up
	b.mu.Unlock()
	return id, nil
}

// UploadPart implements gofakes3.MultipartBackend.
func (b *backend) UploadPart(_ context.Context, _, _ string, id gofakes3.UploadID, number int, size int64, body io.Reader) (etag string, err error) {
	up, err := b.get(id)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(up.dir, fmt.Sprintf("%05d-", number))
	if errors.Is(err, os.ErrNotExist) {
		return "", gofakes3.ErrNoSuchUpload // it ended meanwhile
	}
	if err != nil {
		return "", internal(err)
	}
	p := part{path: f.Name()}
	defer func() {
		if err != nil {
			os.Remove(p.path)
		}
	}()
	sum := md5.New()
	p.size, err = io.Copy(io.MultiWriter(f, sum), exactly(body, size))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", answer(err, up.bucket, up.key)
	}
	p.md5 = hex.EncodeToString(sum.Sum(nil))
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.ended {
		return "", gofakes3.ErrNoSuchUpload
	}
	if old, ok := up.parts[number]; ok {
		os.Remove(old.path)
	}
	up.parts[number], up.used = p, time.Now()
	return quoted(p.md5), nil
}

// CompleteMultipartUpload implements gofakes3.MultipartBackend.
func (b *backend) CompleteMultipartUpload(ctx context.Context, bucket, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	up, err := b.get(id)
	if err != nil {
		return "", "", err
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.ended { // by another request for the same
		if up.etag == "" {
			return "", "", gofakes3.ErrNoSuchUpload
		}
		return "", up.etag, nil
	}
	parts, err := up.asked(in.Parts)
	if err != nil {
		return "", "", err
	}
	object, err := input(bucket, key, up.headers)
	if err != nil {
		return "", "", err
	}
	addConditions(ctx, &object)
	r := &joined{parts: parts}
	defer r.close()
	put, err := b.node.Upload(ctx, object, r)
	if err != nil {
		return "", "", answer(err, bucket, key)
	}
	o, err := b.node.Store.Object(ctx, bucket, key, put.Version)
	if err != nil {
		return "", "", answer(err, bucket, key)
	}
	up.etag = quoted(o.MD5)
	_ = b.drop(id, up) // the object is there; what stays behind goes when the node is started next
	return "", up.etag, nil
}

// asked are the parts that a completion lists, in order.
func (up *upload) asked(list []gofakes3.CompletedPart) ([]part, error) {
	if len(list) == 0 {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, "a completion lists at least one part")
	}
	if !slices.IsSortedFunc(list, func(a, b gofakes3.CompletedPart) int { return a.PartNumber - b.PartNumber }) {
		return nil, gofakes3.ErrInvalidPartOrder
	}
	var out []part
	for i, l := range list {
		p, ok := up.parts[l.PartNumber]
		if !ok || strings.Trim(l.ETag, `"`) != p.md5 || i > 0 && list[i-1].PartNumber == l.PartNumber {
			return nil, gofakes3.ErrorMessagef(gofakes3.ErrInvalidPart, "there is no part %d with the ETag %s", l.PartNumber, l.ETag)
		}
		out = append(out, p)
	}
	return out, nil
}

// AbortMultipartUpload implements gofakes3.MultipartBackend.
func (b *backend) AbortMultipartUpload(_ context.Context, _, _ string, id gofakes3.UploadID) error {
	up, err := b.get(id)
	if err != nil {
		return err
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	if err := b.drop(id, up); err != nil {
		return internal(err)
	}
	return nil
}

// joined reads parts one after the other, with one file open at a time.
type joined struct {
	parts []part
	file  *os.File
}

func (j *joined) Read(p []byte) (int, error) {
	for {
		if j.file == nil {
			if len(j.parts) == 0 {
				return 0, io.EOF
			}
			f, err := os.Open(j.parts[0].path)
			if err != nil {
				return 0, internal(err)
			}
			j.file, j.parts = f, j.parts[1:]
		}
		n, err := j.file.Read(p)
		if n > 0 || err != io.EOF {
			return n, err
		}
		j.close()
	}
}

func (j *joined) close() {
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
}
