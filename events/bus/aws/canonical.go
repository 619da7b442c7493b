package awsbus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// EventBridge reads an event's detail and writes it anew on the way to a queue:
// spaces, escapes and the forms of numbers may change, values may not. So data
// stands there as JSON only if it is in canonical form, that of json.Marshal, and
// is brought back to it on arrival. Other data goes as base64.

// maxDepth is how deep JSON may nest to count as canonical; EventBridge reads 1000 levels.
const maxDepth = 500

var errNotPortable = errors.New("another JSON reader may take it for something else")

// canonical writes a JSON value as json.Marshal would: without spaces, keys in
// the order in which they stand. It fails for what JSON readers do not agree on:
// integers beyond 64 bits, floats beyond float64, a key that stands twice.
func canonical(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	w := &canonicalWriter{}
	for {
		tok, err := d.Token()
		if err == io.EOF && len(w.open) == 0 && w.out.Len() > 0 {
			return w.out.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		if len(w.open) == 0 && w.out.Len() > 0 {
			return nil, fmt.Errorf("more than one JSON value")
		}
		if err := w.write(tok); err != nil {
			return nil, err
		}
	}
}

// A canonicalWriter puts tokens behind each other.
type canonicalWriter struct {
	out  bytes.Buffer
	open []container
}

// A container is an object or array that has not ended.
type container struct {
	keys  map[string]bool // of an object, those that it has
	value bool            // of an object: the next token is the value of the last key
	some  bool            // it has an element
}

func (w *canonicalWriter) write(tok json.Token) error {
	if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
		w.open = w.open[:len(w.open)-1]
		w.out.WriteByte(byte(d))
		return nil
	}
	isKey := w.separate()
	switch v := tok.(type) {
	case json.Delim:
		if len(w.open) == maxDepth {
			return fmt.Errorf("it nests deeper than %d: %w", maxDepth, errNotPortable)
		}
		c := container{}
		if v == '{' {
			c.keys = map[string]bool{}
		}
		w.open = append(w.open, c)
		w.out.WriteByte(byte(v))
	case json.Number:
		s, err := number(v.String())
		if err != nil {
			return err
		}
		w.out.WriteString(s)
	case string:
		if isKey {
			c := &w.open[len(w.open)-1]
			if c.keys[v] {
				return fmt.Errorf("the key %q stands twice: %w", v, errNotPortable)
			}
			c.keys[v] = true
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		w.out.Write(b)
	default: // true, false, nil
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		w.out.Write(b)
	}
	return nil
}

// separate writes what stands before the next key or value, and reports whether it is a key.
func (w *canonicalWriter) separate() (isKey bool) {
	if len(w.open) == 0 {
		return false
	}
	c := &w.open[len(w.open)-1]
	if c.value {
		c.value = false
		w.out.WriteByte(':')
		return false
	}
	if c.some {
		w.out.WriteByte(',')
	}
	c.some = true
	c.value = c.keys != nil
	return c.keys != nil
}

func number(s string) (string, error) {
	if !strings.ContainsAny(s, ".eE") {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return "", fmt.Errorf("the integer %s: %w", s, errNotPortable)
		}
		return strconv.FormatInt(n, 10), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", fmt.Errorf("the number %s: %w", s, errNotPortable)
	}
	b, err := json.Marshal(f)
	if err == nil && !bytes.ContainsAny(b, ".e") {
		return number(string(b))
	}
	return string(b), err
}
