package xgboost

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/exchange"
)

// Universal Binary JSON (https://ubjson.org, draft 12), as far as XGBoost writes
// it: numbers are big-endian, objects and arrays end by a mark or say their
// length, and an array may be of one type of number, which is []float64 here.

// deepest is how deep values may lie in each other.
const deepest = 64

type ubjReader struct {
	file []byte
	at   int
}

// parseUBJ reads a document.
func parseUBJ(file []byte) (v any, err error) {
	r := &ubjReader{file: file}
	mark, err := r.mark()
	if err == nil {
		v, err = r.value(mark, 0)
	}
	if err == nil && r.at != len(file) {
		err = fmt.Errorf("there is more after its value")
	}
	if err != nil {
		return nil, fmt.Errorf("it is no UBJSON, byte %d: %w", r.at, err)
	}
	return v, nil
}

func (r *ubjReader) take(n int) ([]byte, error) {
	if n < 0 || n > len(r.file)-r.at {
		return nil, fmt.Errorf("it ends within a value of %d bytes", n)
	}
	r.at += n
	return r.file[r.at-n : r.at], nil
}

func (r *ubjReader) mark() (byte, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// value reads what follows a mark.
func (r *ubjReader) value(mark byte, depth int) (any, error) {
	if depth > deepest {
		return nil, fmt.Errorf("its values lie deeper than %d in each other", deepest)
	}
	switch mark {
	case 'Z', 'N':
		return nil, nil
	case 'T', 'F':
		return mark == 'T', nil
	case 'S', 'H':
		return r.text()
	case 'C':
		b, err := r.take(1)
		return string(b), err
	case '[':
		return r.array(depth)
	case '{':
		return r.object(depth)
	}
	return r.number(mark)
}

var ubjSizes = [256]int{'i': 1, 'U': 1, 'I': 2, 'l': 4, 'L': 8, 'd': 4, 'D': 8}

func (r *ubjReader) number(mark byte) (float64, error) {
	size := ubjSizes[mark]
	if size == 0 {
		return 0, fmt.Errorf("a value is marked %q", mark)
	}
	b, err := r.take(size)
	if err != nil {
		return 0, err
	}
	return ubjNumber(mark, b), nil
}

func ubjNumber(mark byte, b []byte) float64 {
	switch mark {
	case 'i':
		return float64(int8(b[0]))
	case 'U':
		return float64(b[0])
	case 'I':
		return float64(int16(binary.BigEndian.Uint16(b)))
	case 'l':
		return float64(int32(binary.BigEndian.Uint32(b)))
	case 'L':
		return float64(int64(binary.BigEndian.Uint64(b)))
	case 'd':
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b))
}

// length reads a number that something has so many of.
func (r *ubjReader) length() (int, error) {
	mark, err := r.mark()
	if err != nil {
		return 0, err
	}
	n, err := r.number(mark)
	if err != nil || !(n >= 0 && n <= exchange.MaxBytes) || n != math.Trunc(n) {
		return 0, fmt.Errorf("a length is %v", n)
	}
	return int(n), nil
}

func (r *ubjReader) text() (string, error) {
	n, err := r.length()
	if err != nil {
		return "", err
	}
	b, err := r.take(n)
	return string(b), err
}

// peek reports whether the next byte is a mark, and takes it if so.
func (r *ubjReader) peek(mark byte) bool {
	if r.at < len(r.file) && r.file[r.at] == mark {
		r.at++
		return true
	}
	return false
}

// header reads the type and the length that an array or an object may begin with:
// 0 and -1 where there are none.
func (r *ubjReader) header() (kind byte, n int, err error) {
	n = -1
	if r.peek('$') {
		if kind, err = r.mark(); err != nil {
			return 0, 0, err
		}
		if ubjSizes[kind] == 0 {
			return 0, 0, fmt.Errorf("an array is of type %q: want one of numbers", kind)
		}
	}
	if r.peek('#') {
		if n, err = r.length(); err != nil {
			return 0, 0, err
		}
	} else if kind != 0 {
		return 0, 0, fmt.Errorf("an array has a type and no length")
	}
	return kind, n, nil
}

func (r *ubjReader) array(depth int) (any, error) {
	kind, n, err := r.header()
	if err != nil {
		return nil, err
	}
	if kind != 0 {
		size := ubjSizes[kind]
		b, err := r.take(n * size)
		if err != nil {
			return nil, err
		}
		out := make([]float64, n)
		for i := range out {
			out[i] = ubjNumber(kind, b[i*size:])
		}
		return out, nil
	}
	out := []any{}
	for i := 0; n < 0 || i < n; i++ {
		mark, err := r.mark()
		if err != nil {
			return nil, err
		}
		if n < 0 && mark == ']' {
			break
		}
		v, err := r.value(mark, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (r *ubjReader) object(depth int) (any, error) {
	kind, n, err := r.header()
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for i := 0; n < 0 || i < n; i++ {
		if n < 0 && r.peek('}') {
			break
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		mark := kind
		if mark == 0 {
			if mark, err = r.mark(); err != nil {
				return nil, err
			}
		}
		if out[key], err = r.value(mark, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A typed array of a document that is written: XGBoost wants the types that it
// writes itself.
type (
	floats []float32 // 'd'
	ints   []int32   // 'l'
	longs  []int64   // 'L'
	chars  []int8    // 'i'
	bytes8 []uint8   // 'U'
)

// appendUBJ writes a document, members in the order of their names.
func appendUBJ(out []byte, v any) []byte {
	number := func(n int) { out = binary.BigEndian.AppendUint64(append(out, 'L'), uint64(n)) }
	header := func(kind byte, n int) {
		out = append(out, '[')
		if kind != 0 {
			out = append(out, '$', kind)
		}
		out = append(out, '#')
		number(n)
	}
	switch v := v.(type) {
	case string:
		out = append(out, 'S')
		number(len(v))
		out = append(out, v...)
	case int:
		number(v)
	case floats:
		header('d', len(v))
		for _, f := range v {
			out = binary.BigEndian.AppendUint32(out, math.Float32bits(f))
		}
	case ints:
		header('l', len(v))
		for _, n := range v {
			out = binary.BigEndian.AppendUint32(out, uint32(n))
		}
	case longs:
		header('L', len(v))
		for _, n := range v {
			out = binary.BigEndian.AppendUint64(out, uint64(n))
		}
	case chars:
		header('i', len(v))
		for _, n := range v {
			out = append(out, byte(n))
		}
	case bytes8:
		header('U', len(v))
		out = append(out, v...)
	case []any:
		header(0, len(v))
		for _, e := range v {
			out = appendUBJ(out, e)
		}
	case map[string]any:
		out = append(out, '{')
		for _, key := range sorted(v) {
			number(len(key))
			out = appendUBJ(append(out, key...), v[key])
		}
		out = append(out, '}')
	default:
		panic(fmt.Sprintf("xgboost: a %T in a document", v))
	}
	return out
}

func sorted(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// isUBJ reports whether a document of an object is binary: its first member's
// name has a length, not a quote.
func isUBJ(file []byte) bool {
	return len(file) > 1 && file[0] == '{' && bytes.IndexByte([]byte("iUIlL#$}"), file[1]) >= 0 && file[1] != '}'
}
