package steptest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Seed is that of every invocation.
const Seed = 42

// Time is the clock's answer in every invocation.
func Time() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Invoke runs the function once on an event with that data and fails the test
// where the function fails. params is a JSON object: a map, a params struct, or nil.
func (e *Env) Invoke(t testing.TB, fn *step.Function, data events.Payload, params any) step.Result {
	t.Helper()
	res, err := e.Try(t, fn, data, params)
	if err != nil {
		detail := ""
		if classed := new(step.Error); errors.As(err, &classed) {
			detail = "\n" + classed.Detail
		}
		t.Fatalf("%s: %v%s", fn.Name, err, detail)
	}
	return res
}

// Try is Invoke for a function that may fail.
func (e *Env) Try(t testing.TB, fn *step.Function, data events.Payload, params any) (step.Result, error) {
	t.Helper()
	root, err := events.NewRoot("/tests", "subject", Time(), data, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	b, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(b, &values)
	}
	if err != nil {
		t.Fatalf("params: %v", err)
	}
	return fn.Run(t.Context(), step.Invocation{
		Event:   root,
		From:    events.Emitter{Pipeline: "test", Version: "sha256:test", Step: fn.Name},
		Params:  values,
		Seed:    Seed,
		Time:    Time(),
		Attempt: 1,
	}, e)
}

// Dataset stores a table in parts of at most partRows rows (none given: one
// part) as a dataset with the name, target, task and classes of like.
func (e *Env) Dataset(t testing.TB, like events.Dataset, tbl *table.Table, split []step.Subset, partRows ...int) events.Dataset {
	t.Helper()
	ctx := t.Context()
	size := max(tbl.Rows(), 1)
	if len(partRows) > 0 {
		size = max(partRows[0], 1)
	}
	m := step.Manifest{Schema: tbl.Schema(), Rows: int64(tbl.Rows())}
	for from := 0; from == 0 || from < tbl.Rows(); from += size {
		part := tbl
		if size < tbl.Rows() {
			rows := make([]int, min(size, tbl.Rows()-from))
			for i := range rows {
				rows[i] = from + i
			}
			part = tbl.Take(rows)
		}
		ref, err := e.PutTable(ctx, part)
		if err != nil {
			t.Fatal(err)
		}
		m.Parts = append(m.Parts, step.Part{Table: ref, Rows: int64(part.Rows())})
	}
	if split != nil {
		b := make([]byte, len(split))
		for i, s := range split {
			b[i] = byte(s)
		}
		m.Split = e.PutBytes(t, events.MediaBytes, b)
	}
	like.Manifest = e.PutJSON(t, events.MediaDataset, m)
	like.Rows, like.Columns = m.Rows, len(m.Schema)
	return like
}

// Object stores the content of an upload.
func (e *Env) Object(t testing.TB, bucket, key string, content []byte) events.Object {
	t.Helper()
	return events.Object{Bucket: bucket, Key: key, Version: 1, Content: e.PutBytes(t, events.MediaBytes, content), CreatedAt: Time()}
}

// PutBytes stores an artifact.
func (e *Env) PutBytes(t testing.TB, mediaType string, b []byte) events.Ref {
	t.Helper()
	ref, err := e.Put(t.Context(), mediaType, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// PutJSON stores v as a JSON artifact.
func (e *Env) PutJSON(t testing.TB, mediaType string, v any) events.Ref {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return e.PutBytes(t, mediaType, b)
}

// Bytes reads an artifact.
func (e *Env) Bytes(t testing.TB, ref events.Ref) []byte {
	t.Helper()
	b, err := step.ReadAll(t.Context(), e, ref, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// JSON reads a JSON artifact into v.
func (e *Env) JSON(t testing.TB, ref events.Ref, v any) {
	t.Helper()
	if err := json.Unmarshal(e.Bytes(t, ref), v); err != nil {
		t.Fatal(err)
	}
}

// Read reads a dataset whole, with the subset of each row.
func (e *Env) Read(t testing.TB, ds events.Dataset) (*table.Table, []step.Subset) {
	t.Helper()
	var tbl *table.Table
	var split []step.Subset
	reader := step.New("read", func(ctx context.Context, c *step.Call, _ struct{}) (err error) {
		tbl, split, err = c.Dataset(ctx, ds)
		return err
	}, step.Accepts(events.DatasetIngested))
	e.Invoke(t, reader, events.DatasetIngestedData{Dataset: ds}, nil)
	return tbl, split
}

// Emitted decodes the data of the i-th event of a result.
func Emitted[T events.Payload](t testing.TB, res step.Result, i int) T {
	t.Helper()
	if i >= len(res.Events) {
		t.Fatalf("%d events were emitted, want one at %d", len(res.Events), i)
	}
	data, err := events.Data[T](res.Events[i])
	if err != nil {
		t.Fatal(err)
	}
	return data
}
