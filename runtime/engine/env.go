package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/parquet"
)

// env gives a function the store, the registry and the network of this node.
type env struct {
	*Engine
	activity Activity
}

// Open implements step.Env.
func (v *env) Open(ctx context.Context, ref events.Ref) (step.Blob, error) {
	b, err := v.Store.Open(ctx, ref)
	return b, world(err)
}

// Put implements step.Env.
func (v *env) Put(ctx context.Context, mediaType string, r io.Reader) (events.Ref, error) {
	ref, err := v.Store.Put(ctx, mediaType, r)
	return ref, world(err)
}

// Table implements step.Env.
func (v *env) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	if t := v.tables.get(ref.Digest); t != nil {
		return t, nil
	}
	b, err := v.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	t, err := parquet.Read(b, b.Size(), nil)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", ref.Digest, err)
	}
	v.tables.put(ref.Digest, t)
	return t, nil
}

// PutTable implements step.Env: tables rest as Parquet.
func (v *env) PutTable(ctx context.Context, t *table.Table) (events.Ref, error) {
	file := newPipe()
	written := make(chan error, 1)
	go func() {
		err := parquet.Write(file, t, nil)
		if err != nil {
			err = fmt.Errorf("writing the table as Parquet: %w", err)
		}
		file.end(err)
		written <- err
	}()
	ref, err := v.Put(ctx, events.MediaParquet, file)
	file.leave()
	if wrong := <-written; wrong != nil && !errors.Is(wrong, errLeft) {
		return events.Ref{}, wrong
	}
	if err == nil {
		v.tables.put(ref.Digest, t)
	}
	return ref, err
}

// Fetch implements step.Env.
func (v *env) Fetch(ctx context.Context, url string, limits step.FetchLimits) (events.Ref, error) {
	if v.Engine.Fetch == nil {
		return events.Ref{}, step.Permanent(errors.New("this node fetches nothing from the network"))
	}
	body, mediaType, err := v.Engine.Fetch(ctx, url, limits)
	if err != nil {
		return events.Ref{}, err
	}
	defer body.Close()
	return v.Put(ctx, mediaType, body)
}

// Models implements step.Env.
func (v *env) Models() step.Models { return v.Engine.Models }

// Progress implements step.Env.
func (v *env) Progress(p step.Progress) { v.Observer.StepProgress(v.activity, p) }

// world marks an error of storage as one that may pass, but for bytes that are
// damaged: they stay so. An error that has a class keeps it.
func world(err error) error {
	var classed *step.Error
	switch {
	case err == nil, errors.As(err, &classed):
		return err
	case errors.Is(err, store.ErrCorrupt):
		return step.Permanent(err)
	}
	return step.Retryable(err)
}

// Invoke runs a function once, outside any pipeline: nothing is recorded, and
// the events are returned, not published. An empty host is native.
func (e *Engine) Invoke(ctx context.Context, fn *step.Function, host string, inv step.Invocation, a Activity) (step.Result, error) {
	if host == "" {
		host = "native"
	}
	h := e.hosts[host]
	if h == nil {
		return step.Result{}, fmt.Errorf("this node has no host %q", host)
	}
	return h.Run(ctx, fn, inv, &env{Engine: e, activity: a})
}
