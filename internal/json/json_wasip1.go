//go:build wasip1

package json

import (
	"strconv"

	"github.com/runnel-dev/runnel/internal/json/small"
)

// RawMessage is JSON as it stands.
type RawMessage = small.RawMessage

// Number is the text of a number. Nothing here makes one.
type Number string

func (n Number) String() string { return string(n) }

// Float64 is its value.
func (n Number) Float64() (float64, error) { return strconv.ParseFloat(string(n), 64) }

// Int64 is its value.
func (n Number) Int64() (int64, error) { return strconv.ParseInt(string(n), 10, 64) }

// Marshal writes v as JSON.
func Marshal(v any) ([]byte, error) { return small.Marshal(v) }

// MarshalIndent writes v as JSON over lines.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	return small.MarshalIndent(v, prefix, indent)
}

// Unmarshal reads JSON into what v points to.
func Unmarshal(b []byte, v any) error { return small.Unmarshal(b, v) }

// Strict is Unmarshal where an object may have no member that its struct lacks.
func Strict(b []byte, v any) error { return small.Strict(b, v) }

// Valid reports whether b is JSON.
func Valid(b []byte) bool { return small.Valid(b) }

// Compact is b without the space between its parts.
func Compact(b []byte) ([]byte, error) { return small.Compact(b) }
