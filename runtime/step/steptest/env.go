// Package steptest runs functions in tests: an environment that lives in
// memory, and what it takes to call a function once.
//
//	env := steptest.New(t)
//	ds := env.Dataset(t, events.Dataset{Name: "d", Target: "y"}, table, nil)
//	res := env.Invoke(t, explore.Function, events.DatasetIngestedData{Dataset: ds}, nil)
package steptest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// An Env keeps artifacts in a map and tables as they are, without encoding
// them. It is safe for concurrent use.
type Env struct {
	// URLs holds what Fetch finds, by URL.
	URLs map[string][]byte
	// Decode reads an artifact that PutTable has not stored, such as an uploaded
	// Parquet file; nil: there are none.
	Decode func(step.Blob) (*table.Table, error)

	mu       sync.Mutex
	blobs    map[string][]byte
	tables   map[string]*table.Table
	progress []step.Progress
	models   *models
}

// New makes an empty environment.
func New(testing.TB) *Env {
	return &Env{
		URLs:   map[string][]byte{},
		blobs:  map[string][]byte{},
		tables: map[string]*table.Table{},
		models: &models{versions: map[string][]step.ModelVersion{}, aliases: map[string]alias{}},
	}
}

// Open implements step.Env.
func (e *Env) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	b, ok := e.blobs[ref.Digest]
	if !ok {
		return nil, step.Permanent(fmt.Errorf("no artifact %q", ref.Digest))
	}
	return blob{bytes.NewReader(b)}, nil
}

type blob struct{ *bytes.Reader }

func (blob) Close() error { return nil }

// Put implements step.Env.
func (e *Env) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	b, err := io.ReadAll(r)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return events.Ref{}, err
	}
	sum := sha256.Sum256(b)
	ref := events.Ref{Digest: "sha256:" + hex.EncodeToString(sum[:]), MediaType: mediaType, Size: int64(len(b))}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.blobs[ref.Digest] = b
	return ref, nil
}

// Table implements step.Env.
func (e *Env) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	e.mu.Lock()
	t, ok := e.tables[ref.Digest]
	e.mu.Unlock()
	if ok {
		return t, ctx.Err()
	}
	b, err := e.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	if e.Decode == nil {
		return nil, step.Permanent(fmt.Errorf("artifact %s is not a table that was stored here: set Env.Decode", ref.Digest))
	}
	return e.Decode(b)
}

// PutTable implements step.Env. Equal tables have equal references.
func (e *Env) PutTable(ctx context.Context, t *table.Table) (events.Ref, error) {
	digest, size := digestOf(t)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tables[digest] = t
	return events.Ref{Digest: digest, MediaType: events.MediaParquet, Size: size}, ctx.Err()
}

// digestOf names a table by all of its values.
func digestOf(t *table.Table) (string, int64) {
	h := sha256.New()
	size := int64(0)
	for _, c := range t.Columns {
		fmt.Fprintf(h, "%q %v %d\n", c.Name, c.Kind, c.Len())
		for _, v := range []any{c.Floats, c.Ints, c.Bools, c.Codes, []uint64(c.Valid)} {
			_ = binary.Write(h, binary.LittleEndian, v) // a hash never fails
			size += int64(binary.Size(v))
		}
		for _, s := range c.Dict {
			fmt.Fprintf(h, "%q\n", s)
			size += int64(len(s))
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), size
}

// Fetch implements step.Env: it answers from URLs.
func (e *Env) Fetch(ctx context.Context, url string, limits step.FetchLimits) (events.Ref, error) {
	b, ok := e.URLs[url]
	if !ok {
		return events.Ref{}, step.Permanent(fmt.Errorf("GET %s: 404 Not Found", url))
	}
	if limits.MaxBytes > 0 && int64(len(b)) > limits.MaxBytes {
		return events.Ref{}, step.Permanent(fmt.Errorf("GET %s: more than %d bytes", url, limits.MaxBytes))
	}
	return e.Put(ctx, events.MediaBytes, bytes.NewReader(b))
}

// Models implements step.Env.
func (e *Env) Models() step.Models { return e.models }

// Progress implements step.Env.
func (e *Env) Progress(p step.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress = append(e.progress, p)
}

// Reported lists the progress that was shown.
func (e *Env) Reported() []step.Progress {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.progress)
}
