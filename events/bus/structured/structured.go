// Package structured turns events into bytes and back: the structured mode of
// the CloudEvents JSON event format 1.0, in which a whole event is one JSON
// object. What is encoded comes back the same: data byte for byte, time to the
// nanosecond, extensions as they were (a time or URI extension comes back as
// its text, a binary one as base64: that is all the format says of them).
//
// It exists beside the SDK's format package because that one runs data through
// json.Marshal, which rewrites the bytes.
package structured

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/runnel-dev/runnel/events"
)

// ContentType is the media type of an encoded event.
const ContentType = "application/cloudevents+json"

var (
	// ErrInvalid is the cause where something is not an event of this format.
	ErrInvalid = errors.New("not a valid CloudEvent")
	// ErrTooLarge is the cause where an event exceeds events.MaxSize.
	ErrTooLarge = events.ErrTooLarge
)

// Encode returns the event as JSON of at most events.MaxSize bytes. It fails
// for an event that is not a valid CloudEvent 1.0 or is too large.
func Encode(e events.Event) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, fmt.Errorf("event %q of type %q is not valid: %s: %w", id(e), typ(e), strings.TrimSpace(err.Error()), ErrInvalid)
	}
	if v := e.SpecVersion(); v != event.CloudEventsVersionV1 {
		return nil, fmt.Errorf("event %q is a CloudEvent %s, not %s: %w", e.ID(), v, event.CloudEventsVersionV1, ErrInvalid)
	}
	if err := checkExtensions(e); err != nil {
		return nil, err
	}
	if !e.DataBase64 && !survivesAsText(e) {
		e.DataBase64 = true // e is our copy
	}
	var buf bytes.Buffer
	if err := event.WriteJson(&e, &buf); err != nil {
		return nil, fmt.Errorf("encoding event %q: %w", e.ID(), err)
	}
	if buf.Len() > events.MaxSize {
		return nil, fmt.Errorf("event %q of type %q takes %d bytes of JSON, at most %d are allowed; store its data as an artifact and send a reference: %w",
			e.ID(), e.Type(), buf.Len(), events.MaxSize, ErrTooLarge)
	}
	if !utf8.Valid(buf.Bytes()) {
		return nil, fmt.Errorf("event %q: an attribute is not valid UTF-8: %w", e.ID(), ErrInvalid)
	}
	return buf.Bytes(), nil
}

// Decode reads what Encode, or anyone else who follows the format, wrote.
func Decode(b []byte) (e events.Event, err error) {
	defer func() {
		if p := recover(); p != nil { // the SDK slices some malformed values without a look
			e, err = events.Event{}, fmt.Errorf("decoding an event: malformed value: %v: %w", p, ErrInvalid)
		}
	}()
	if len(b) > events.MaxSize {
		return e, fmt.Errorf("decoding an event of %d bytes, at most %d are allowed: %w", len(b), events.MaxSize, ErrTooLarge)
	}
	if !json.Valid(b) || !utf8.Valid(b) {
		return e, fmt.Errorf("decoding an event: it is not valid JSON: %w", ErrInvalid)
	}
	if err := event.ReadJson(&e, bytes.NewReader(b)); err != nil {
		return events.Event{}, fmt.Errorf("decoding an event: %w: %w", err, ErrInvalid)
	}
	if err := e.Validate(); err != nil {
		return events.Event{}, fmt.Errorf("decoding an event: %s: %w", strings.TrimSpace(err.Error()), ErrInvalid)
	}
	if err := checkExtensions(e); err != nil {
		return events.Event{}, fmt.Errorf("decoding an event: %w", err)
	}
	return e, nil
}

// checkExtensions refuses extensions with the name of another member of the
// JSON object, which the SDK lets by in capitals.
func checkExtensions(e events.Event) error {
	for name := range e.Extensions() {
		switch name {
		case "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64":
			return fmt.Errorf("event %q: %q is not a name for an extension: %w", e.ID(), name, ErrInvalid)
		}
	}
	return nil
}

// survivesAsText reports whether the data can stand in the JSON unencoded and
// come back byte for byte.
func survivesAsText(e events.Event) bool {
	data := e.Data()
	if data == nil {
		return true
	}
	read := e.DataMediaType()
	written := strings.ToLower(strings.TrimSpace(read))
	if isJSON(read) != isJSON(written) {
		return false // the SDK writes it as JSON and reads it as a string
	}
	if !isJSON(written) {
		return utf8.Valid(data)
	}
	return len(data) > 0 && !isSpace(data[0]) && !isSpace(data[len(data)-1]) && json.Valid(data) && utf8.Valid(data)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// isJSON is the SDK's rule by which data is embedded as JSON.
func isJSON(mediaType string) bool {
	switch mediaType {
	case "", event.ApplicationJSON, event.TextJSON, event.ApplicationCloudEventsJSON, event.ApplicationCloudEventsBatchJSON:
		return true
	}
	return false
}

func id(e events.Event) string {
	if e.Context == nil {
		return ""
	}
	return e.ID()
}

func typ(e events.Event) string {
	if e.Context == nil {
		return ""
	}
	return e.Type()
}
