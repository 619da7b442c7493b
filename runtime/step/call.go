package step

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/table"
)

// A Call is one execution of a function: what it was given, and how it answers.
type Call struct {
	Invocation
	env    Env
	fn     *Function
	result Result
	noted  int
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

// The notes of a step travel in its event and its record: this many of them,
// each this long.
const (
	maxNotes     = 100
	maxNoteBytes = 500
)

// Note records something that a person should know about what was done. After
// the first hundred notes the others are only counted.
func (c *Call) Note(format string, args ...any) {
	c.noted++
	if c.noted > maxNotes {
		c.result.Notes = append(c.result.Notes[:maxNotes], fmt.Sprintf("%d more notes are left out", c.noted-maxNotes))
		return
	}
	text := fmt.Sprintf(format, args...)
	if len(text) > maxNoteBytes {
		text = strings.ToValidUTF8(text[:maxNoteBytes], "") + "..."
	}
	c.result.Notes = append(c.result.Notes, text)
}

// Notes returns what has been noted so far.
func (c *Call) Notes() []string { return slices.Clone(c.result.Notes) }

// Emit sends an event when the function returns without error. Its subject is
// that of the event that triggered the step.
func (c *Call) Emit(data events.Payload) error {
	e, err := c.child(len(c.result.Events), data)
	if err != nil {
		return err
	}
	return c.send(e)
}

// EmitSet fans out: it sends events that a later step can join. They are one
// set, as are the answers of other steps to them; a step with join: true runs
// once for all of them, in the order that they have here.
func (c *Call) EmitSet(data ...events.Payload) error {
	if len(data) == 0 {
		return fmt.Errorf("function %s fans out to no events: a set of none is never joined", c.fn.Name)
	}
	first := len(c.result.Events)
	members := make([]events.Event, len(data))
	for i, d := range data {
		var err error
		if members[i], err = c.child(first+i, d); err != nil {
			return err
		}
		events.Enter(&members[i], events.Set{ID: members[0].ID(), Size: len(data), Index: i})
	}
	return c.send(members...)
}

// drafts reports whether the host makes the events itself.
func (c *Call) drafts() bool {
	_, ok := c.env.(Drafter)
	return ok
}

func (c *Call) child(index int, data events.Payload) (events.Event, error) {
	if !slices.Contains(c.fn.Emits, data.EventType()) {
		return events.Event{}, fmt.Errorf("function %s emits %v, not %s: add it to Emits", c.fn.Name, c.fn.Emits, data.EventType())
	}
	if c.drafts() {
		return events.Draft(index, data)
	}
	return events.NewChild(c.Event, c.From, index, c.Time, "", data)
}

// eventRoom is left of events.MaxSize for what is added when an event is sent
// again from the dead letters.
const eventRoom = 1 << 10

func (c *Call) send(evs ...events.Event) error {
	for _, e := range evs {
		b := e.Data() // of a draft, whose host looks at the rest of it
		if !c.drafts() {
			var err error
			if b, err = e.MarshalJSON(); err != nil {
				return fmt.Errorf("event %s: %w", e.Type(), err)
			}
		}
		if limit := events.MaxSize - eventRoom; len(b) > limit {
			return fmt.Errorf("event %s has %d bytes, at most %d are allowed: put the data into an artifact and refer to it", e.Type(), len(b), limit)
		}
	}
	c.result.Events = append(c.result.Events, evs...)
	return nil
}
