package awsbus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

const (
	maxDetailType = 128 // characters
	maxSource     = 256 // characters
)

// ErrNotAnEvent is the cause where a message is no CloudEvent.
var ErrNotAnEvent = errors.New("not a CloudEvent")

// entryOf makes the entry of a request: the event in structured JSON as detail,
// its type as detail type.
func entryOf(e events.Event, bus string) (types.PutEventsRequestEntry, error) {
	detail, err := structured.Encode(e)
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	if !portable(e) {
		b := e.Clone()
		b.DataBase64 = true
		// In base64 it may be too large. Then it goes as it is: what comes has the
		// same value, in other bytes.
		if as64, err := structured.Encode(b); err == nil {
			detail = as64
		}
	}
	if n := utf8.RuneCountInString(e.Type()); n > maxDetailType {
		return types.PutEventsRequestEntry{}, fmt.Errorf("event %q: its type %.40q... has %d characters, EventBridge takes at most %d", e.ID(), e.Type(), n, maxDetailType)
	}
	return types.PutEventsRequestEntry{
		EventBusName: aws.String(bus),
		Source:       aws.String(entrySource(e.Source())),
		DetailType:   aws.String(e.Type()),
		Detail:       aws.String(string(detail)),
	}, nil
}

// portable reports whether the event's data comes back byte for byte if it
// stands in the detail as JSON or text.
func portable(e events.Event) bool {
	if e.DataBase64 || len(e.Data()) == 0 {
		return true
	}
	if !jsonData(e) {
		return true
	}
	c, err := canonical(e.Data())
	return err == nil && bytes.Equal(c, e.Data())
}

// jsonData reports whether the event's data is JSON, as the SDK has it.
func jsonData(e events.Event) bool {
	switch e.DataMediaType() {
	case "", event.ApplicationJSON, event.TextJSON, event.ApplicationCloudEventsJSON, event.ApplicationCloudEventsBatchJSON:
		return true
	}
	return false
}

// entrySource is the source that EventBridge is told: the event's, but not one
// that only AWS may use.
func entrySource(source string) string {
	if strings.HasPrefix(strings.ToLower(source), "aws.") {
		source = "/" + source
	}
	if r := []rune(source); len(r) > maxSource {
		source = string(r[:maxSource])
	}
	return source
}

// Decode reads the event in the body of an SQS message: one that EventBridge
// delivered, or a CloudEvent in structured JSON as it is. The cause of its error
// is ErrNotAnEvent where the body is neither, such as a notification of S3.
func Decode(body string) (events.Event, error) {
	var msg struct {
		SpecVersion string          `json:"specversion"`
		Source      string          `json:"source"`
		DetailType  string          `json:"detail-type"`
		Detail      json.RawMessage `json:"detail"`
	}
	fail := func(err error) (events.Event, error) {
		return events.Event{}, fmt.Errorf("reading a message of %d bytes: %w", len(body), err)
	}
	if err := json.Unmarshal([]byte(body), &msg); err != nil {
		return fail(fmt.Errorf("%w: %w", ErrNotAnEvent, err))
	}
	detail := msg.Detail
	if msg.SpecVersion != "" {
		detail = json.RawMessage(body)
	}
	if len(detail) == 0 {
		return fail(fmt.Errorf("%w: it has neither a specversion nor a detail", ErrNotAnEvent))
	}
	e, err := decodeDetail(detail)
	if err != nil {
		return fail(fmt.Errorf("%w: of source %q and detail type %q: %w", ErrNotAnEvent, msg.Source, msg.DetailType, err))
	}
	return e, nil
}

// decodeDetail reads an event whose JSON was written anew on the way. Its data
// is read apart, since escapes may have made it longer than an event may be.
func decodeDetail(detail []byte) (events.Event, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(detail, &members); err != nil {
		return events.Event{}, err
	}
	text, as64 := members["data"], members["data_base64"]
	delete(members, "data")
	delete(members, "data_base64")
	if text != nil && as64 != nil {
		return events.Event{}, errors.New("it has both data and data_base64")
	}
	attributes, err := json.Marshal(members)
	if err != nil {
		return events.Event{}, err
	}
	e, err := structured.Decode(attributes)
	if err != nil {
		return events.Event{}, err
	}
	switch {
	case as64 != nil:
		e.DataBase64 = true
		err = json.Unmarshal(as64, &e.DataEncoded)
	case text != nil && jsonData(e):
		if e.DataEncoded, err = canonical(text); errors.Is(err, errNotPortable) {
			e.DataEncoded, err = text, nil
		}
	case text != nil:
		var s *string
		if err = json.Unmarshal(text, &s); err == nil && s == nil {
			err = fmt.Errorf("its data of type %s is null", e.DataMediaType())
		}
		if err == nil {
			e.DataEncoded = []byte(*s)
		}
	}
	if err != nil {
		return events.Event{}, fmt.Errorf("its data: %w", err)
	}
	if len(e.DataEncoded) > events.MaxSize {
		return events.Event{}, fmt.Errorf("its data has %d bytes, at most %d are allowed: %w", len(e.DataEncoded), events.MaxSize, events.ErrTooLarge)
	}
	return e, nil
}
