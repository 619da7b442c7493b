package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/runnel-dev/runnel/runtime/store/fileblob"
)

const (
	records  = "records/"
	bytesOf  = "application/octet-stream"
	listPage = 1000    // S3 gives no more
	filePage = 100_000 // each page reads the directory
)

// Create stores a value as JSON under a key, made with Key, that has none yet:
// otherwise ErrExists, and what is there is durable. It is atomic among all who
// have the store open.
func (s *Store) Create(ctx context.Context, key string, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return s.create(ctx, records+key, v)
}

// Get reads the value under a key; ErrNotFound where there is none.
func (s *Store) Get(ctx context.Context, key string, v any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return s.read(ctx, records+key, v)
}

// Delete removes the value under a key; ErrNotFound where there is none.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return s.remove(ctx, records+key)
}

// List yields the keys of records that begin with prefix, in order.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return s.list(ctx, records, prefix, "", "")
}

// create writes a blob that does not exist.
func (s *Store) create(ctx context.Context, key string, v any) error {
	data, err := encode(v)
	if err != nil {
		return fmt.Errorf("encoding the record %q: %w", key, err)
	}
	if s.files != nil {
		err = s.files.Create(ctx, key, data)
	} else {
		err = s.write(ctx, key, bytes.NewReader(data), true)
	}
	return s.failure(fmt.Sprintf("creating the record %q", key), err)
}

// readAll reads a blob. A directory is asked without the way through gocloud.dev,
// which traces and counts every call and takes longer than the call itself.
func (s *Store) readAll(ctx context.Context, key string) ([]byte, error) {
	if s.files != nil {
		return s.files.ReadAll(ctx, key)
	}
	return s.bucket.ReadAll(ctx, key)
}

// write writes a blob; what fails leaves nothing behind.
func (s *Store) write(ctx context.Context, key string, r io.ReadSeeker, ifNotExist bool) error {
	for try := 0; ; try++ {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return err
		}
		err := s.writeOnce(ctx, key, r, ifNotExist)
		if !underWay(err) || try == 5 || ctx.Err() != nil {
			return err
		}
		time.Sleep(rand.N(10 * time.Millisecond << try))
	}
}

func (s *Store) writeOnce(ctx context.Context, key string, r io.Reader, ifNotExist bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: bytesOf, IfNotExist: ifNotExist})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		cancel() // so that Close drops it
		w.Close()
		return err
	}
	return w.Close()
}

func (s *Store) read(ctx context.Context, key string, v any) error {
	data, err := s.readAll(ctx, key)
	if err != nil {
		return s.failure(fmt.Sprintf("reading the record %q", key), err)
	}
	if err := decode(data, v); err != nil {
		return fmt.Errorf("the record %q: %w", key, err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, key string) error {
	return s.failure(fmt.Sprintf("deleting the record %q", key), s.bucket.Delete(ctx, key))
}

func (s *Store) exists(ctx context.Context, key string) (bool, error) {
	ok, err := s.bucket.Exists(ctx, key)
	if err != nil {
		return false, s.failure(fmt.Sprintf("looking for the record %q", key), err)
	}
	return ok, nil
}

// encode makes JSON that is the same for the same value: fields in the order of
// the type, keys of maps sorted, and a line feed that shows it is whole.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func decode(data []byte, v any) error {
	if !bytes.HasSuffix(data, []byte("\n")) {
		return fmt.Errorf("it does not end in a line feed: %w", ErrCorrupt)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// keysOnly spares a directory's driver what a list of keys does not need.
func keysOnly(as func(any) bool) error {
	var keys *fileblob.KeysOnly
	if as(&keys) {
		*keys = true
	}
	return nil
}

// list yields what follows root in the keys that begin with root and prefix and
// come after the key after, in order. With a delimiter, keys are cut at the first one
// after the prefix, and only what is cut is yielded, once and without it.
func (s *Store) list(ctx context.Context, root, prefix, delimiter, after string) iter.Seq2[string, error] {
	size := listPage
	if s.seekable && delimiter == "" {
		size = filePage
	}
	return s.listBy(ctx, size, root, prefix, delimiter, after)
}

// listBy is list with a first page of so many keys.
func (s *Store) listBy(ctx context.Context, size int, root, prefix, delimiter, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		token := blob.FirstPageToken
		if after != "" && s.seekable {
			token = []byte(root + after)
		}
		for token != nil {
			page, next, err := s.bucket.ListPage(ctx, token, size, &blob.ListOptions{Prefix: root + prefix, Delimiter: delimiter, BeforeList: keysOnly})
			if err != nil {
				yield("", s.failure(fmt.Sprintf("listing %q", root+prefix), err))
				return
			}
			for _, o := range page {
				key := strings.TrimPrefix(o.Key, root)
				if delimiter != "" && !o.IsDir || key <= after {
					continue
				}
				if !yield(strings.TrimSuffix(key, delimiter), nil) {
					return
				}
			}
			if token = next; len(token) == 0 {
				return
			}
			size = max(size, listPage)
		}
	}
}
