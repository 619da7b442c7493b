package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
)

// answered is what of an answer is not events.
type answered struct {
	outputs map[string]events.Ref
	rows    int64
	notes   []string
}

func (a answered) into(res *step.Result) {
	if res.Outputs == nil {
		res.Outputs = map[string]events.Ref{}
	}
	maps.Copy(res.Outputs, a.outputs)
	res.Rows, res.Notes = a.rows, a.notes
}

// A payload is the data of an event as the guest made it.
type payload struct {
	kind string
	data json.RawMessage
}

// EventType implements events.Payload.
func (p payload) EventType() string { return p.kind }

// MarshalJSON implements json.Marshaler.
func (p payload) MarshalJSON() ([]byte, error) { return p.data, nil }

// ParseAnswer reads what a guest left on its standard output. An answer of no
// bytes is an empty one.
func ParseAnswer(b []byte) (abi.Answer, error) {
	var a abi.Answer
	if b = bytes.TrimSpace(b); len(b) == 0 || string(b) == "{}" {
		return a, nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&a)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after it")
		}
	}
	if err != nil {
		return a, fmt.Errorf("the answer on standard output is not one JSON object as docs/guest-abi.md has it: %w", err)
	}
	return a, nil
}

// finish makes the guest's answer the call's.
func (s *session) finish(call *step.Call, out sandbox.Outcome) (answered, error) {
	a, err := ParseAnswer(out.Answer)
	if a.Error != nil && err == nil {
		rest, _ := s.take(call, a) // the error is what counts
		return rest, s.judged(a.Error.Class, errors.New(a.Error.Message), a.Error.Detail)
	}
	stderr := strings.ToValidUTF8(string(out.Stderr), "")
	switch {
	case out.TooLong:
		err = fmt.Errorf("the answer has more than %d bytes: put data into artifacts", abi.MaxAnswer)
	case out.NoMemory && (out.Trap != "" || out.Status != 0):
		err = fmt.Errorf("the guest of function %s ended at its memory limit of %d MiB: give the step more with `memory:`, or fewer rows at a time", s.fn.Name, s.memory>>20)
		return answered{}, s.judged(step.ClassPermanent, err, join(out.Trap, stderr))
	case out.Trap != "":
		first, _, _ := strings.Cut(out.Trap, "\n")
		err = fmt.Errorf("the guest of function %s ended early: %s%s", s.fn.Name, first, panicked(stderr))
		return answered{}, s.judged(step.ClassPermanent, err, join(out.Trap, stderr))
	case out.Status != 0:
		err = fmt.Errorf("the guest of function %s ended with status %d%s", s.fn.Name, int32(out.Status), headline(stderr))
		return answered{}, s.judged(step.ClassPermanent, err, stderr)
	}
	if err != nil {
		return answered{}, s.judged(step.ClassPermanent, fmt.Errorf("function %s: %w", s.fn.Name, err), stderr)
	}
	rest, err := s.take(call, a)
	if err != nil {
		return rest, s.judged(step.ClassOf(err), fmt.Errorf("function %s: %w", s.fn.Name, err), stderr)
	}
	if s.lost != nil { // what it made of that is no result: it would be another the next time
		err := fmt.Errorf("the guest of function %s went on without what it asked for: %w", s.fn.Name, s.lost)
		return rest, s.judged(step.ClassOf(s.lost), err, stderr)
	}
	return rest, nil
}

// judged classes what a guest failed with. Where the store or the network was at
// fault before, the failure may pass, whatever the guest made of it.
func (s *session) judged(class step.Class, err error, detail string) error {
	switch class {
	case step.ClassGate, step.ClassRetryable, step.ClassTimeout:
	default:
		class = step.ClassPermanent
		if s.world != nil {
			class = step.ClassRetryable
			err = &caused{err, s.world}
		}
	}
	return &step.Error{Class: class, Err: err, Detail: detail}
}

// caused is an error with a cause that its text does not name.
type caused struct {
	error
	cause error
}

// Unwrap returns the cause.
func (c *caused) Unwrap() error { return c.cause }

func join(parts ...string) string {
	return strings.Trim(strings.Join(parts, "\n\n"), "\n")
}

// take checks what a guest answered, and sends its events.
func (s *session) take(call *step.Call, a abi.Answer) (answered, error) {
	rest := answered{outputs: map[string]events.Ref{}, rows: a.Rows, notes: bounded(a.Notes)}
	if a.Rows < 0 {
		return rest, fmt.Errorf("rows is %d", a.Rows)
	}
	for name, ref := range a.Outputs {
		if !isDigest(ref.Digest) {
			return rest, fmt.Errorf("output %s: %q is no digest", name, ref.Digest)
		}
	}
	if len(a.Outputs) > abi.MaxFiles {
		return rest, fmt.Errorf("%d outputs, at most %d are accepted", len(a.Outputs), abi.MaxFiles)
	}
	if len(a.Outputs) > 0 {
		if err := s.mayName(a.Outputs); err != nil {
			return rest, fmt.Errorf("outputs: %w", err)
		}
	}
	maps.Copy(rest.outputs, a.Outputs)
	if len(a.Events) == 0 && a.Error == nil && s.wrote() {
		outputs, rows, err := s.emitDataset(call)
		maps.Copy(rest.outputs, outputs)
		if rest.rows == 0 {
			rest.rows = rows
		}
		return rest, err
	}
	return rest, s.emit(call, a.Events)
}

func (s *session) emit(call *step.Call, list []abi.Emission) error {
	n := 0
	for _, e := range list {
		n += max(1, len(e.Set))
	}
	if n > abi.MaxEvents {
		return fmt.Errorf("%d events, at most %d are accepted", n, abi.MaxEvents)
	}
	for i, e := range list {
		if e.Set == nil {
			p, err := s.payload(e)
			if err == nil {
				err = call.Emit(p)
			}
			if err != nil {
				return fmt.Errorf("event %d: %w", i, err)
			}
			continue
		}
		if e.Type != "" || e.Data != nil {
			return fmt.Errorf("event %d is a set, and an event too", i)
		}
		members := make([]events.Payload, len(e.Set))
		for j, m := range e.Set {
			if m.Set != nil {
				return fmt.Errorf("event %d: a set within a set", i)
			}
			p, err := s.payload(m)
			if err != nil {
				return fmt.Errorf("event %d: member %d: %w", i, j, err)
			}
			members[j] = p
		}
		if err := call.EmitSet(members...); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
	}
	return nil
}

// payload checks an event that the guest asks for.
func (s *session) payload(e abi.Emission) (payload, error) {
	p := payload{kind: e.Type, data: e.Data}
	for _, t := range s.fn.Emits {
		if t == e.Type || events.ShortType(t) == e.Type {
			p.kind = t
		}
	}
	if data := bytes.TrimSpace(e.Data); len(data) == 0 || data[0] != '{' {
		return p, fmt.Errorf("the data of a %s is a JSON object", e.Type)
	}
	for _, known := range events.Payloads() {
		if known.EventType() == p.kind {
			if err := json.Unmarshal(e.Data, reflect.New(reflect.TypeOf(known)).Interface()); err != nil {
				return p, fmt.Errorf("the data is not that of a %s: %w", p.kind, err)
			}
		}
	}
	if err := s.mayPass(e.Data); err != nil {
		return p, err
	}
	return p, nil
}

// The notes of a step: as many, and as long, as step.Call keeps.
const (
	maxNotes     = 101 // the last may count those that are left out
	maxNoteBytes = 503 // with an ellipsis
)

func bounded(notes []string) []string {
	if len(notes) > maxNotes {
		notes = notes[:maxNotes]
	}
	for i, n := range notes {
		if len(n) > maxNoteBytes {
			notes[i] = strings.ToValidUTF8(n[:maxNoteBytes-3], "") + "..."
		}
	}
	return notes
}
