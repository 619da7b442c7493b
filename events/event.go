package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/json"
)

// MaxSize is the largest event, in bytes of structured JSON, that is accepted:
// the bus and EventBridge's queues carry no larger one.
const MaxSize = 256 << 10

// ErrTooLarge is the cause where an event exceeds MaxSize.
var ErrTooLarge = errors.New("event too large")

// namespace is that of the UUIDv5 event ids: 6ba5a1b2-0f6b-5d0e-9c55-2f6d3a1c7e10.
const namespace = "\x6b\xa5\xa1\xb2\x0f\x6b\x5d\x0e\x9c\x55\x2f\x6d\x3a\x1c\x7e\x10"

// NewRoot makes an event that starts a run. The id is the UUIDv5 of the parts
// of identity (of an object: bucket, key and version), so that what is said
// twice is one event.
func NewRoot(source, subject string, at time.Time, data Payload, identity ...string) (Event, error) {
	e := newEvent()
	e.SetType(data.EventType())
	e.SetSource(source)
	e.SetSubject(subject)
	e.SetID(hash(append([]string{source, data.EventType()}, identity...)...))
	e.SetTime(at.UTC())
	e.SetExtension(Run, e.ID())
	if err := e.SetData(MediaJSON, data); err != nil {
		return Event{}, fmt.Errorf("event %s: encoding its data: %w", data.EventType(), err)
	}
	return e, e.Validate()
}

// MetadataPipeline is the key of an object's metadata that holds name@version
// of the one pipeline that the object is for. Uploads from outside cannot set it.
const MetadataPipeline = "runnel-pipeline"

// FromObject makes the root event of an upload.
func FromObject(o Object) (Event, error) {
	e, err := NewRoot("/buckets/"+o.Bucket, o.Key, o.CreatedAt, ObjectCreatedData{o},
		o.Bucket, o.Key, strconv.Itoa(o.Version), o.Content.Digest)
	if name, version, ok := strings.Cut(o.Metadata[MetadataPipeline], "@"); ok {
		e.SetExtension(Pipeline, name)
		e.SetExtension(PipelineVersion, version)
	}
	return e, err
}

// An Emitter names the step that emits an event.
type Emitter struct {
	Pipeline string
	Version  string // digest of the pipeline's definition
	Step     string
}

// NewChild makes the event that the emitter sends as its index-th in answer to
// parent. Its id is the same however often the step runs.
func NewChild(parent Event, from Emitter, index int, at time.Time, subject string, data Payload) (Event, error) {
	return newChild(parent, from, index, at, subject, data.EventType(), data)
}

func newChild(parent Event, from Emitter, index int, at time.Time, subject, typ string, data any) (Event, error) {
	e := newEvent()
	e.SetType(typ)
	e.SetSource("/pipelines/" + from.Pipeline + "/steps/" + from.Step)
	if subject == "" {
		subject = parent.Subject()
	}
	e.SetSubject(subject)
	e.SetID(ChildID(parent, from, index))
	e.SetTime(at.UTC())
	e.SetExtension(Run, RunOf(parent))
	e.SetExtension(Cause, parent.ID())
	e.SetExtension(Pipeline, from.Pipeline)
	e.SetExtension(PipelineVersion, from.Version)
	e.SetExtension(StepName, from.Step)
	if tp := Extension(parent, TraceParent); tp != "" {
		e.SetExtension(TraceParent, tp)
	}
	inheritSet(&e, parent)
	if err := e.SetData(MediaJSON, data); err != nil {
		return Event{}, fmt.Errorf("event %s: encoding its data: %w", typ, err)
	}
	return e, e.Validate()
}

// ChildID is the id of the index-th event that a step emits in answer to parent.
func ChildID(parent Event, from Emitter, index int) string {
	return hash(parent.Source(), parent.ID(), from.Pipeline, from.Version, from.Step, strconv.Itoa(index))
}

// JoinID is the id of the joined event that a step receives for a complete set.
func JoinID(run string, from Emitter, set string) string {
	return hash("join", run, from.Pipeline, from.Version, from.Step, set)
}

func hash(parts ...string) string {
	for i, p := range parts {
		if !strings.ContainsAny(p, `\|`) {
			continue
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, `\`, `\\`), "|", `\|`)
	}
	sum := digest(namespace + strings.Join(parts, "|")) // RFC 9562, section 5.5
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Extension returns an extension attribute as text; "" when absent.
func Extension(e Event, name string) string {
	v, ok := e.Extensions()[name]
	if !ok {
		return ""
	}
	return fmt.Sprint(v)
}

// Foreign makes an event that came from outside one that starts a run: its run
// is named by its source and id, and it may not carry what only steps say.
func Foreign(e Event) (Event, error) {
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("not a CloudEvent 1.0: %w", err)
	}
	if len(e.Data()) > MaxSize {
		return e, fmt.Errorf("event %s has %d bytes of data, at most %d are accepted: %w", e.ID(), len(e.Data()), MaxSize, ErrTooLarge)
	}
	for _, name := range []string{Run, Cause, Pipeline, PipelineVersion, StepName, SetID, SetSize, SetIndex, SetOuter, Redrive, RedriveStep} {
		if Extension(e, name) != "" {
			return e, fmt.Errorf("event %s has the extension %s, which is reserved", e.ID(), name)
		}
	}
	if e.Type() == ObjectCreated {
		return e, fmt.Errorf("event %s: uploads make the events of type %s: put the object instead", e.ID(), e.Type())
	}
	e = e.Clone()
	e.SetExtension(Run, hash("foreign", e.Source(), e.ID()))
	return e, nil
}

// RunOf is the id of the run that the event belongs to: its own where it is a root.
func RunOf(e Event) string {
	if run := Extension(e, Run); run != "" {
		return run
	}
	return e.ID()
}

// Data decodes the payload of an event, whose type must be T's.
func Data[T Payload](e Event) (T, error) {
	var data T
	if e.Type() != data.EventType() {
		return data, fmt.Errorf("event %s is a %s, not a %s", e.ID(), e.Type(), data.EventType())
	}
	if err := e.DataAs(&data); err != nil {
		return data, fmt.Errorf("event %s: its data is not that of a %s: %w", e.ID(), e.Type(), err)
	}
	return data, nil
}

// ShortType is a type without the project's prefix and the version:
// dev.runnel.dataset.cleaned.v1 is dataset.cleaned.
func ShortType(t string) string {
	t = strings.TrimPrefix(t, "dev.runnel.")
	if i := strings.LastIndex(t, ".v"); i > 0 {
		t = t[:i]
	}
	return t
}

// FullType is the newest type of a short name; a name with no match is returned as it is.
func FullType(short string) string {
	for _, t := range Types() {
		if ShortType(t) == short {
			return t
		}
	}
	return short
}

// Recast makes the events that an emitter sent in answer to one event anew, with
// the same data, as its answer to parent.
func Recast(sent []Event, parent Event, from Emitter, at time.Time) ([]Event, error) {
	out := make([]Event, len(sent))
	ids := map[string]string{}
	for i, old := range sent {
		e, err := newChild(parent, from, i, at, "", old.Type(), json.RawMessage(old.Data()))
		if err != nil {
			return nil, err
		}
		ids[old.ID()] = e.ID()
		set := SetOf(old)
		if id := ids[set.ID]; id != "" { // a set that the emitter opened
			set.ID = id
			Enter(&e, set)
		}
		out[i] = e
	}
	return out, nil
}

// Identity is the part of an event's data that decides what comes of it. Of an
// object that is its name, content and metadata, not when it was uploaded.
func Identity(e Event) []byte {
	if e.Type() == ObjectCreated {
		if o, err := Data[ObjectCreatedData](e); err == nil {
			o.Version, o.CreatedAt = 0, time.Time{}
			delete(o.Metadata, MetadataPipeline)
			if b, err := json.Marshal(o); err == nil {
				return b
			}
		}
	}
	return e.Data()
}
