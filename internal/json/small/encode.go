package small

import (
	"encoding"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// Marshal writes v as JSON.
func Marshal(v any) ([]byte, error) {
	b, err := appendValue(nil, reflect.ValueOf(v), false, 0)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// MarshalIndent writes v as JSON over lines.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	b, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	return indented(b, prefix, indent), nil
}

func appendValue(b []byte, v reflect.Value, quoted bool, depth int) ([]byte, error) {
	if !v.IsValid() {
		return append(b, "null"...), nil
	}
	if depth > deepest {
		return nil, fmt.Errorf("json: a %s nested more than %d deep", v.Type(), deepest)
	}
	depth++
	k := kindOf(v.Type())
	if (k.marshaler || k.texter) && nilable(v.Kind()) && v.IsNil() {
		return append(b, "null"...), nil // a nil pointer or interface has no method to call
	}
	switch {
	case k.marshaler:
		return appendMarshaled(b, v)
	case k.ptrMarshaler && v.CanAddr():
		return appendMarshaled(b, v.Addr())
	case k.texter:
		return appendTexted(b, v)
	case k.ptrTexter && v.CanAddr():
		return appendTexted(b, v.Addr())
	}
	if quoted && v.Kind() == reflect.String {
		inner := AppendString(nil, v.String(), false)
		return AppendString(b, string(inner), false), nil
	}
	if quoted && scalar(v.Kind()) {
		b, err := appendScalar(append(b, '"'), v)
		return append(b, '"'), err
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return appendValue(b, v.Elem(), quoted, depth)
	case reflect.Struct:
		return appendStruct(b, v, k, depth)
	case reflect.Map:
		return appendMap(b, v, depth)
	case reflect.Slice:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if e := kindOf(v.Type().Elem()); !e.ptrMarshaler && !e.ptrTexter {
				b = append(b, '"')
				b = base64.StdEncoding.AppendEncode(b, v.Bytes())
				return append(b, '"'), nil
			}
		}
		fallthrough
	case reflect.Array:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendValue(b, v.Index(i), false, depth); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return appendScalar(b, v)
}

func nilable(k reflect.Kind) bool {
	return k == reflect.Interface || k == reflect.Pointer
}

func appendScalar(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.String:
		return AppendString(b, v.String(), false), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v.Float(), v.Type().Bits())
	}
	return nil, fmt.Errorf("json: unsupported type: %s", v.Type())
}

// appendFloat writes a number as ECMAScript does.
func appendFloat(b []byte, f float64, bits int) ([]byte, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errors.New("json: unsupported value: " + strconv.FormatFloat(f, 'g', -1, bits))
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (bits == 64 && (a < 1e-6 || a >= 1e21) || bits == 32 && (float32(a) < 1e-6 || float32(a) >= 1e21)) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, bits)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-2] == '0' { // e-09 is e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b, nil
}

func appendMarshaled(b []byte, v reflect.Value) ([]byte, error) {
	m, ok := v.Interface().(Marshaler)
	if !ok {
		return append(b, "null"...), nil
	}
	out, err := m.MarshalJSON()
	if err == nil {
		err = (&scanner{b: out}).whole()
	}
	if err != nil {
		return nil, fmt.Errorf("json: error calling MarshalJSON for type %s: %w", v.Type(), err)
	}
	return appendCompact(b, out, true), nil
}

func appendTexted(b []byte, v reflect.Value) ([]byte, error) {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return append(b, "null"...), nil
	}
	text, err := m.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("json: error calling MarshalText for type %s: %w", v.Type(), err)
	}
	return AppendString(b, string(text), false), nil
}

func appendStruct(b []byte, v reflect.Value, k *kind, depth int) ([]byte, error) {
	start := len(b)
	b = append(b, '{')
fields:
	for i := range k.fields {
		f := &k.fields[i]
		value := v
		for _, at := range f.index {
			if value.Kind() == reflect.Pointer {
				if value.IsNil() {
					continue fields
				}
				value = value.Elem()
			}
			value = value.Field(at)
		}
		if f.omitEmpty && empty(value) || f.omitZero && zero(value) {
			continue
		}
		if len(b) > start+1 {
			b = append(b, ',')
		}
		b = append(AppendString(b, f.name, false), ':')
		var err error
		if b, err = appendValue(b, value, f.quoted, depth); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func zero(v reflect.Value) bool {
	if !v.Type().Implements(zeroerType) {
		if v.CanAddr() && reflect.PointerTo(v.Type()).Implements(zeroerType) {
			return v.Addr().Interface().(zeroer).IsZero()
		}
		return v.IsZero()
	}
	if nilable(v.Kind()) && v.IsNil() {
		return true
	}
	return v.Interface().(zeroer).IsZero()
}

func appendMap(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.IsNil() {
		return append(b, "null"...), nil
	}
	type member struct {
		name  string
		value reflect.Value
	}
	members := make([]member, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		name, err := keyText(it.Key())
		if err != nil {
			return nil, err
		}
		members = append(members, member{name, it.Value()})
	}
	sorting.Func(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, m.name, false), ':')
		var err error
		if b, err = appendValue(b, m.value, false, depth); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func keyText(key reflect.Value) (string, error) {
	if key.Kind() == reflect.String {
		return key.String(), nil
	}
	if m, ok := key.Interface().(encoding.TextMarshaler); ok {
		if key.Kind() == reflect.Pointer && key.IsNil() {
			return "", nil
		}
		b, err := m.MarshalText()
		return string(b), err
	}
	if key.Kind() < reflect.Int || key.Kind() > reflect.Uintptr {
		return "", fmt.Errorf("json: unsupported type of a map's key: %s", key.Type())
	}
	b, err := appendScalar(nil, key)
	return string(b), err
}

// AppendString writes a string with the bytes of encoding/json, which escapes
// what means something in HTML and JavaScript; bare, only what has to be escaped is.
// Bytes that are not UTF-8 become U+FFFD.
func AppendString(b []byte, s string, bare bool) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case bare:
				b = utf8.AppendRune(b, r)
			case r == utf8.RuneError && n == 1:
				b = append(b, `\ufffd`...)
			case r == '\u2028' || r == '\u2029':
				b = append(b, '\\', 'u', '2', '0', '2', hex[r&15])
			default:
				b = append(b, s[i:i+n]...)
			}
			i += n
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && (bare || c != '<' && c != '>' && c != '&'):
			b = append(b, c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\b' && !bare:
			b = append(b, '\\', 'b')
		case c == '\f' && !bare:
			b = append(b, '\\', 'f')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(b, '"')
}
