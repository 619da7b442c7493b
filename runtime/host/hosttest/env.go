package hosttest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

// An env is a function's environment over a store in a folder. It fails where
// it is told to.
type env struct {
	dir    string
	store  *store.Store
	models step.Models

	mu       sync.Mutex
	fails    map[string]error // by digest: what reading it gives; put: what storing gives
	progress []step.Progress
}

func newEnv(t testing.TB) *env {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &env{dir: dir, store: s, models: steptest.New(t).Models(), fails: map[string]error{}}
}

// Location is where the store of an environment of the suite is.
func Location(e step.Env) string {
	if e, ok := e.(*env); ok {
		return e.dir
	}
	return ""
}

func (e *env) failure(key string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fails[key]
}

// Open implements step.Env.
func (e *env) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	if err := e.failure(ref.Digest); err != nil {
		return nil, err
	}
	return e.store.Open(ctx, ref)
}

// Put implements step.Env.
func (e *env) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	if err := e.failure("put"); err != nil {
		return events.Ref{}, err
	}
	return e.store.Put(ctx, mediaType, r)
}

// Table implements step.Env.
func (e *env) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	b, err := e.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return parquet.Read(b, b.Size(), nil)
}

// PutTable implements step.Env.
func (e *env) PutTable(ctx context.Context, t *table.Table) (events.Ref, error) {
	var buf bytes.Buffer
	if err := parquet.Write(&buf, t, nil); err != nil {
		return events.Ref{}, err
	}
	return e.Put(ctx, events.MediaParquet, &buf)
}

// Fetch implements step.Env: the URL is the text that it gives.
func (e *env) Fetch(ctx context.Context, url string, _ step.FetchLimits) (events.Ref, error) {
	return e.Put(ctx, events.MediaBytes, bytes.NewReader([]byte(url)))
}

// Models implements step.Env.
func (e *env) Models() step.Models { return e.models }

// Progress implements step.Env.
func (e *env) Progress(p step.Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.progress = append(e.progress, p)
}

func (e *env) reported() []step.Progress {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.progress)
}

func (e *env) bytes(t testing.TB, ref events.Ref) []byte {
	t.Helper()
	b, err := step.ReadAll(t.Context(), e, ref, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (e *env) put(t testing.TB, mediaType string, b []byte) events.Ref {
	t.Helper()
	ref, err := e.store.Put(t.Context(), mediaType, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (e *env) object(t testing.TB, key string, b []byte) events.ObjectCreatedData {
	t.Helper()
	return events.ObjectCreatedData{Object: events.Object{Bucket: "uploads", Key: key, Version: 1, Content: e.put(t, events.MediaBytes, b), CreatedAt: steptest.Time()}}
}

// dataset stores a table in parts of so many rows, with a split.
func (e *env) dataset(t testing.TB, tbl *table.Table, partRows int) events.DatasetIngestedData {
	t.Helper()
	m := step.Manifest{Schema: tbl.Schema(), Rows: int64(tbl.Rows())}
	for from := 0; from < tbl.Rows(); from += partRows {
		rows := make([]int, min(partRows, tbl.Rows()-from))
		for i := range rows {
			rows[i] = from + i
		}
		ref, err := e.PutTable(t.Context(), tbl.Take(rows))
		if err != nil {
			t.Fatal(err)
		}
		m.Parts = append(m.Parts, step.Part{Table: ref, Rows: int64(len(rows))})
	}
	split := make([]byte, tbl.Rows())
	for i := range split {
		split[i] = byte(i % 3)
	}
	m.Split = e.put(t, events.MediaBytes, split)
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return events.DatasetIngestedData{Dataset: events.Dataset{Name: "d", Rows: m.Rows, Columns: len(m.Schema), Manifest: e.put(t, events.MediaDataset, b)}}
}
