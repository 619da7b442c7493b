//go:build !wasip1

package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// RawMessage is encoding/json's.
type RawMessage = json.RawMessage

// Number is encoding/json's.
type Number = json.Number

// Marshal is encoding/json's.
func Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// MarshalIndent is encoding/json's.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	return json.MarshalIndent(v, prefix, indent)
}

// Unmarshal is encoding/json's.
func Unmarshal(b []byte, v any) error { return json.Unmarshal(b, v) }

// Strict is Unmarshal where an object may have no member that its struct lacks.
func Strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// Valid is encoding/json's.
func Valid(b []byte) bool { return json.Valid(b) }

// Compact is b without the space between its parts.
func Compact(b []byte) ([]byte, error) {
	var out bytes.Buffer
	err := json.Compact(&out, b)
	return out.Bytes(), err
}
