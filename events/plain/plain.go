// Package plain is a CloudEvent 1.0 without the SDK: what package events is made
// of in WASM guests, where the SDK's JSON by reflection, its XML and its MIME
// types would be a third of the program and most of the time of a small call.
// Methods have the SDK's names and do what the SDK's do.
package plain

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/rawjson"
	"github.com/runnel-dev/runnel/internal/sorting"
)

// JSON is the content type of JSON data.
const JSON = "application/json"

// An Event is a CloudEvent 1.0.
type Event struct {
	id, source, typ      string
	subject, contentType string
	schema, time         string
	extensions           map[string]any // string, bool and float64, as JSON has them
	data                 []byte
	base64               bool // the data are written in base64
	err                  error
}

// New makes an event without attributes.
func New() Event { return Event{} }

// ID is the event's id.
func (e Event) ID() string { return e.id }

// Source says where the event was made.
func (e Event) Source() string { return e.source }

// Type is the event's type.
func (e Event) Type() string { return e.typ }

// Subject is what the event is about.
func (e Event) Subject() string { return e.subject }

// Data is the payload, of JSON its text.
func (e Event) Data() []byte { return e.data }

// Extensions are the attributes beyond those of the specification.
func (e Event) Extensions() map[string]any { return e.extensions }

// SetID sets the id.
func (e *Event) SetID(id string) { e.id = strings.TrimSpace(id) }

// SetSource sets the source.
func (e *Event) SetSource(s string) { e.source = s }

// SetType sets the type.
func (e *Event) SetType(t string) { e.typ = strings.TrimSpace(t) }

// SetSubject sets the subject.
func (e *Event) SetSubject(s string) { e.subject = strings.TrimSpace(s) }

// SetTime sets when it happened.
func (e *Event) SetTime(t time.Time) {
	if e.time = ""; !t.IsZero() {
		e.time = t.UTC().Format(time.RFC3339Nano)
	}
}

// SetExtension sets an attribute of that name, which nil takes away.
func (e *Event) SetExtension(name string, value any) {
	switch {
	case value == nil:
		delete(e.extensions, name)
	case !validName(name):
		e.err = fmt.Errorf("%q is no name for an extension: want letters and digits", name)
	default:
		if e.extensions == nil {
			e.extensions = make(map[string]any, 8)
		}
		e.extensions[name] = value
	}
}

func validName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && !slices.Contains(attributes, name)
}

// attributes are the members of the JSON object that are no extensions.
var attributes = []string{"specversion", "id", "source", "type", "subject", "datacontenttype", "dataschema", "time", "data", "data_base64"}

// SetData sets the payload: obj as JSON.
func (e *Event) SetData(contentType string, obj any) (err error) {
	e.contentType, e.base64 = contentType, false
	e.data, err = json.Marshal(obj)
	return err
}

// DataAs decodes the payload, which is JSON, into obj.
func (e Event) DataAs(obj any) error {
	if len(e.data) == 0 {
		return nil
	}
	return json.Unmarshal(e.data, obj)
}

// Clone is a copy that shares nothing with the event.
func (e Event) Clone() Event {
	e.extensions = maps.Clone(e.extensions)
	e.data = slices.Clone(e.data)
	return e
}

// Validate reports whether an attribute that has to be there is missing.
func (e Event) Validate() error {
	switch {
	case e.err != nil:
		return e.err
	case e.id == "":
		return errors.New("id: MUST be a non-empty string")
	case strings.TrimSpace(e.source) == "":
		return errors.New("source: REQUIRED")
	case e.typ == "":
		return errors.New("type: MUST be a non-empty string")
	}
	return nil
}

// MarshalJSON writes the event in the structured mode of the JSON event format.
func (e Event) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 1<<10+len(e.data))
	b = append(b, `{"specversion":"1.0"`...)
	for _, x := range []struct{ name, value string }{
		{"id", e.id}, {"source", e.source}, {"type", e.typ}, {"subject", e.subject},
		{"datacontenttype", e.contentType}, {"dataschema", e.schema}, {"time", e.time},
	} {
		if x.value != "" || x.name == "id" || x.name == "source" || x.name == "type" {
			b = rawjson.AppendString(member(b, x.name), x.value)
		}
	}
	switch {
	case e.data == nil:
	case e.base64:
		b = append(member(b, "data_base64"), '"')
		b = append(base64.StdEncoding.AppendEncode(b, e.data), '"')
	case isJSON(e.contentType):
		b = append(member(b, "data"), e.data...)
	default:
		b = rawjson.AppendString(member(b, "data"), string(e.data))
	}
	for _, name := range sorting.Keys(e.extensions) {
		b = member(b, name)
		if text, ok := e.extensions[name].(string); ok {
			b = rawjson.AppendString(b, text)
			continue
		}
		v, err := json.Marshal(e.extensions[name])
		if err != nil {
			return nil, fmt.Errorf("extension %s: %w", name, err)
		}
		b = append(b, v...)
	}
	return append(b, '}'), nil
}

func member(b []byte, name string) []byte {
	return append(rawjson.AppendString(append(b, ','), name), ':')
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "", JSON, "text/json":
		return true
	}
	return strings.HasSuffix(media, "+json")
}

// UnmarshalJSON reads an event that was written in that mode.
func (e *Event) UnmarshalJSON(b []byte) error {
	*e = Event{extensions: make(map[string]any, 8)}
	version := ""
	var data []byte
	texts := map[string]*string{
		"specversion": &version, "id": &e.id, "source": &e.source, "type": &e.typ, "subject": &e.subject,
		"datacontenttype": &e.contentType, "dataschema": &e.schema, "time": &e.time,
	}
	err := rawjson.Object(b, func(name string, value []byte) (err error) {
		switch target := texts[name]; {
		case target != nil:
			*target, err = rawjson.String(value)
		case name == "data":
			data = value
		case name == "data_base64":
			data, e.base64 = value, true
		case value[0] == '"':
			e.extensions[name], err = rawjson.String(value)
		default:
			var v any
			err = json.Unmarshal(value, &v)
			e.extensions[name] = v
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if version != "1.0" {
		return fmt.Errorf("event %s: specversion %q, want 1.0", e.id, version)
	}
	return e.setRaw(data)
}

// setRaw takes the data as they stand in the JSON.
func (e *Event) setRaw(data []byte) error {
	if data == nil {
		return nil
	}
	if !e.base64 && isJSON(e.contentType) {
		e.data = bytes.Clone(data)
		return nil
	}
	text, err := rawjson.String(data)
	if e.data = []byte(text); err == nil && e.base64 {
		e.data, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil {
		return fmt.Errorf("event %s: its data: %w", e.id, err)
	}
	return nil
}
