package xgboost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A place is a value of a document and the way to it, for errors. The first
// error of a document stays, and every value after it is empty.
type place struct {
	value any
	path  string
	err   *error
}

// parseJSON reads a JSON document, whose numbers stay as they are written.
func parseJSON(file []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more after its JSON value")
	}
	return v, nil
}

func (p place) fail(format string, args ...any) {
	if *p.err == nil {
		*p.err = fmt.Errorf("%s "+format, append([]any{p.path}, args...)...)
	}
}

// has reports whether an object has a member.
func (p place) has(name string) bool {
	object, _ := p.value.(map[string]any)
	_, ok := object[name]
	return ok
}

// at is a member of an object.
func (p place) at(names ...string) place {
	for _, name := range names {
		object, ok := p.value.(map[string]any)
		if !ok {
			p.fail("is no object")
		}
		v, ok := object[name]
		p.path += "." + name
		if !ok {
			p.fail("is missing")
		}
		p.value = v
	}
	return p
}

// list are the elements of an array of objects.
func (p place) list() []place {
	values, ok := p.value.([]any)
	if !ok {
		p.fail("is no array")
	}
	out := make([]place, len(values))
	for i, v := range values {
		out[i] = place{v, fmt.Sprintf("%s[%d]", p.path, i), p.err}
	}
	return out
}

// text is a string.
func (p place) text() string {
	s, ok := p.value.(string)
	if !ok {
		p.fail("is no text")
	}
	return s
}

// count is a whole number that is written as a text, from 0 to most.
func (p place) count(most int) int {
	n, err := strconv.Atoi(p.text())
	if err != nil || n < 0 || n > most {
		p.fail("is %.40q: want a whole number from 0 to %d", fmt.Sprint(p.value), most)
		return 0
	}
	return n
}

// numbers is an array of numbers, or of false and true; want of them, or any
// number of them where want is -1. It is nil where there are others.
func (p place) numbers(want int) []float64 {
	var out []float64
	switch values := p.value.(type) {
	case []float64: // of UBJ
		out = values
	case []any:
		out = make([]float64, len(values))
		for i, v := range values {
			n, ok := number(v)
			if !ok {
				p.fail("has %.40q at %d: want a number", fmt.Sprint(v), i)
			}
			out[i] = n
		}
	default:
		p.fail("is no array of numbers")
	}
	if want >= 0 && len(out) != want {
		p.fail("has %d values, want %d", len(out), want)
		return nil
	}
	return out
}

// whole is an array of whole numbers of 32 bits.
func (p place) whole(want int) []int32 {
	values := p.numbers(want)
	out := make([]int32, len(values))
	for i, v := range values {
		if v != math.Trunc(v) || v < math.MinInt32 || v > math.MaxInt32 {
			p.fail("has %v at %d: want a whole number", v, i)
			continue
		}
		out[i] = int32(v)
	}
	return out
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}
