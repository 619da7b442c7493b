package step

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/table"
)

// A Call is one execution of a function: what it was given, and how it answers.
type Call struct {
	Invocation
	env    Env
	fn     *Function
	result Result
}

// Open reads an artifact.
func (c *Call) Open(ctx context.Context, ref events.Ref) (Blob, error) { return c.env.Open(ctx, ref) }

// Table reads a table.
func (c *Call) Table(ctx context.Context, ref events.Ref) (*table.Table, error) {
	return c.env.Table(ctx, ref)
}

// Fetch downloads a URL into an artifact.
func (c *Call) Fetch(ctx context.Context, url string, limits FetchLimits) (events.Ref, error) {
	return c.env.Fetch(ctx, url, limits)
}

// Models is the model registry.
func (c *Call) Models() Models { return c.env.Models() }

// Progress shows how far the work is.
func (c *Call) Progress(done, total int64, unit string) {
	c.env.Progress(Progress{Done: done, Total: total, Unit: unit})
}

// maxJSON bounds the JSON artifacts that are read whole.
const maxJSON = 256 << 20

type tooLarge struct {
	ref         events.Ref
	size, limit int64
}

func (e *tooLarge) Error() string {
	return fmt.Sprintf("artifact %s has %d bytes: at most %d are read into memory here", e.ref.Digest, e.size, e.limit)
}

// Bytes reads a whole artifact.
func (c *Call) Bytes(ctx context.Context, ref events.Ref) ([]byte, error) {
	return ReadAll(ctx, c.env, ref, maxJSON)
}

// JSON reads a JSON artifact into v.
func (c *Call) JSON(ctx context.Context, ref events.Ref, v any) error {
	b, err := c.Bytes(ctx, ref)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("artifact %s (%s): %w", ref.Digest, ref.MediaType, err)
	}
	return nil
}

// Put stores an artifact as the output of that name.
func (c *Call) Put(ctx context.Context, name, mediaType string, r io.Reader) (events.Ref, error) {
	ref, err := c.env.Put(ctx, mediaType, r)
	if err == nil {
		c.result.Outputs[name] = ref
	}
	return ref, err
}

// PutBytes stores an artifact as the output of that name.
func (c *Call) PutBytes(ctx context.Context, name, mediaType string, b []byte) (events.Ref, error) {
	return c.Put(ctx, name, mediaType, bytes.NewReader(b))
}

// PutJSON stores v as a JSON artifact, the output of that name.
func (c *Call) PutJSON(ctx context.Context, name, mediaType string, v any) (events.Ref, error) {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return events.Ref{}, fmt.Errorf("output %s: %w", name, err)
	}
	return c.PutBytes(ctx, name, mediaType, b)
}

// PutTable stores a table as the output of that name.
func (c *Call) PutTable(ctx context.Context, name string, t *table.Table) (events.Ref, error) {
	ref, err := c.env.PutTable(ctx, t)
	if err == nil {
		c.result.Outputs[name] = ref
	}
	return ref, err
}

// Rows records how many rows the step worked on.
func (c *Call) Rows(n int64) { c.result.Rows = n }

// Note records something that a person should know about what was done.
func (c *Call) Note(format string, args ...any) {
	c.result.Notes = append(c.result.Notes, fmt.Sprintf(format, args...))
}

// Notes returns what has been noted so far.
func (c *Call) Notes() []string { return slices.Clone(c.result.Notes) }

// Emit sends an event when the function returns without error. Its subject is
// that of the event that triggered the step.
func (c *Call) Emit(data events.Payload) error {
	if !slices.Contains(c.fn.Emits, data.EventType()) {
		return fmt.Errorf("function %s emits %v, not %s: add it to Emits", c.fn.Name, c.fn.Emits, data.EventType())
	}
	e, err := events.NewChild(c.Event, c.From, len(c.result.Events), c.Time, "", data)
	if err != nil {
		return err
	}
	if n := len(e.Data()); n > events.MaxSize {
		return fmt.Errorf("event %s has %d bytes of data, at most %d are allowed: put the data into an artifact and refer to it", e.Type(), n, events.MaxSize)
	}
	c.result.Events = append(c.result.Events, e)
	return nil
}
