// Package small reads and writes JSON as encoding/json does, in a third of the
// code: for WASI guests, of which encoding/json would be an eighth. What it
// writes has the same bytes, and what it reads gives the same values; its errors
// have other words.
package small

import (
	"encoding"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Unmarshal reads JSON into what v points to.
func Unmarshal(b []byte, v any) error { return unmarshal(b, v, false) }

// Strict is Unmarshal where an object may have no member that its struct lacks.
func Strict(b []byte, v any) error { return unmarshal(b, v, true) }

func unmarshal(b []byte, v any, strict bool) error {
	if err := (&scanner{b: b}).whole(); err != nil {
		return err
	}
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("json: Unmarshal into %T, which is no pointer to anything", v)
	}
	d := decoder{scanner{b: b}, strict}
	return d.value(to, false)
}

// A decoder reads a text that is valid JSON.
type decoder struct {
	scanner
	strict bool
}

// raw is the text of the next value.
func (d *decoder) raw() []byte {
	d.space()
	from := d.at
	_ = d.skip(0) // valid
	return d.b[from:d.at]
}

func mismatch(what string, t reflect.Type) error {
	return fmt.Errorf("json: cannot unmarshal %s into Go value of type %s", what, t)
}

// whatIs says what a value is by its first byte.
func whatIs(c byte) string {
	switch c {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// target follows pointers, making what they point to, up to a value to be set
// or one with a method that reads. null stops at a pointer that it clears.
func target(v reflect.Value, null bool) (Unmarshaler, encoding.TextUnmarshaler, reflect.Value) {
	for {
		if v.Kind() == reflect.Interface && !v.IsNil() {
			if e := v.Elem(); e.Kind() == reflect.Pointer && !e.IsNil() && (!null || e.Elem().Kind() == reflect.Pointer) {
				v = e
				continue
			}
		}
		p := v
		if v.Kind() != reflect.Pointer {
			if v.Type().Name() == "" || !v.CanAddr() {
				return nil, nil, v
			}
			p = v.Addr()
		} else if null && v.CanSet() {
			return nil, nil, v
		}
		if p.IsNil() {
			p.Set(reflect.New(p.Type().Elem()))
		}
		if p.Type().NumMethod() > 0 && p.CanInterface() {
			if u, ok := p.Interface().(Unmarshaler); ok {
				return u, nil, v
			}
			if u, ok := p.Interface().(encoding.TextUnmarshaler); ok && !null {
				return nil, u, v
			}
		}
		if v.Kind() != reflect.Pointer {
			return nil, nil, v
		}
		v = v.Elem()
	}
}

func (d *decoder) value(v reflect.Value, quoted bool) error {
	c := d.peek()
	u, text, v := target(v, c == 'n')
	if u != nil {
		return u.UnmarshalJSON(d.raw())
	}
	if text != nil {
		raw := d.raw()
		if c != '"' {
			return mismatch(whatIs(c), v.Type())
		}
		return text.UnmarshalText(unquoted(raw))
	}
	if v.Kind() == reflect.Interface && c != 'n' {
		if v.NumMethod() > 0 {
			return mismatch(whatIs(c), v.Type())
		}
		x, err := d.any()
		if err == nil {
			v.Set(reflect.ValueOf(x))
		}
		return err
	}
	switch c {
	case '{':
		return d.object(v)
	case '[':
		return d.array(v)
	case 'n':
		d.at += len("null")
		switch v.Kind() {
		case reflect.Interface, reflect.Pointer, reflect.Map, reflect.Slice:
			v.SetZero()
		}
		return nil
	}
	return d.scalar(v, d.raw(), quoted)
}

func (d *decoder) scalar(v reflect.Value, raw []byte, quoted bool) error {
	c := raw[0]
	if quoted {
		var inner []byte
		if c == '"' {
			inner = unquoted(raw)
		}
		switch {
		case string(inner) == "null":
			return nil
		case string(inner) == "true" || string(inner) == "false":
		case len(inner) > 0 && (inner[0] == '-' || inner[0] >= '0' && inner[0] <= '9') && v.Kind() != reflect.String:
		case len(inner) > 0 && inner[0] == '"' && Valid(inner) && v.Kind() == reflect.String:
		default:
			return fmt.Errorf("json: invalid use of ,string struct tag, trying to unmarshal %q into %v", raw, v.Type())
		}
		return d.scalar(v, inner, false)
	}
	switch k := v.Kind(); {
	case c == '"' && k == reflect.String:
		v.SetString(string(unquoted(raw)))
		return nil
	case c == '"' && k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		text := unquoted(raw)
		b := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(b, text)
		if err == nil {
			v.SetBytes(b[:n])
		}
		return err
	case (c == 't' || c == 'f') && k == reflect.Bool:
		v.SetBool(c == 't')
		return nil
	case c == '"' || c == 't' || c == 'f':
		return mismatch(whatIs(c), v.Type())
	case k >= reflect.Int && k <= reflect.Int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || v.OverflowInt(n) {
			return mismatch("number "+string(raw), v.Type())
		}
		v.SetInt(n)
		return nil
	case k >= reflect.Uint && k <= reflect.Uintptr:
		n, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil || v.OverflowUint(n) {
			return mismatch("number "+string(raw), v.Type())
		}
		v.SetUint(n)
		return nil
	case k == reflect.Float32 || k == reflect.Float64:
		f, err := strconv.ParseFloat(string(raw), v.Type().Bits())
		if err != nil {
			return mismatch("number "+string(raw), v.Type())
		}
		v.SetFloat(f)
		return nil
	}
	return mismatch("number", v.Type())
}

// any reads a value as one of the types that an empty interface gets.
func (d *decoder) any() (any, error) {
	switch d.peek() {
	case '{':
		m := map[string]any{}
		err := d.each('}', func() (err error) {
			name := d.name()
			m[name], err = d.any()
			return err
		})
		return m, err
	case '[':
		list := []any{}
		err := d.each(']', func() error {
			v, err := d.any()
			list = append(list, v)
			return err
		})
		return list, err
	case '"':
		return string(unquoted(d.raw())), nil
	case 't', 'f':
		return d.raw()[0] == 't', nil
	case 'n':
		d.at += len("null")
		return nil, nil
	}
	raw := string(d.raw())
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return nil, mismatch("number "+raw, reflect.TypeFor[float64]())
	}
	return f, nil
}

// each calls element at each element of the object or array that is next.
func (d *decoder) each(end byte, element func() error) error {
	d.at++
	for d.peek() != end {
		if err := element(); err != nil {
			return err
		}
		if d.peek() == ',' {
			d.at++
		}
	}
	d.at++
	return nil
}

// name reads the name of a member, and the colon behind it.
func (d *decoder) name() string {
	name := string(unquoted(d.raw()))
	d.peek()
	d.at++
	return name
}

func (d *decoder) array(v reflect.Value) error {
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return mismatch("array", v.Type())
	}
	n := 0
	err := d.each(']', func() error {
		if n == v.Len() && v.Kind() == reflect.Slice {
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
		}
		n++
		if n > v.Len() { // more than an array has places
			d.raw()
			return nil
		}
		return d.value(v.Index(n-1), false)
	})
	if err != nil {
		return err
	}
	if v.Kind() == reflect.Array {
		for ; n < v.Len(); n++ {
			v.Index(n).SetZero()
		}
		return nil
	}
	if n == 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	v.SetLen(n)
	return nil
}

func (d *decoder) object(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Struct:
		k := kindOf(v.Type())
		return d.each('}', func() error { return d.member(v, k, d.name()) })
	case reflect.Map:
		t := v.Type()
		if v.IsNil() {
			v.Set(reflect.MakeMap(t))
		}
		return d.each('}', func() error {
			key, err := mapKey(t.Key(), d.name())
			if err != nil {
				return err
			}
			value := reflect.New(t.Elem()).Elem()
			if err := d.value(value, false); err != nil {
				return err
			}
			v.SetMapIndex(key, value)
			return nil
		})
	}
	return mismatch("object", v.Type())
}

// member reads the member of that name into the struct v.
func (d *decoder) member(v reflect.Value, k *kind, name string) error {
	var f *field
	for i := range k.fields {
		switch own := k.fields[i].name; {
		case own == name:
			f = &k.fields[i]
		case f == nil && strings.EqualFold(own, name):
			f = &k.fields[i]
			continue // there may be the very name
		default:
			continue
		}
		break
	}
	if f == nil {
		if d.strict {
			return fmt.Errorf("json: unknown field %q", name)
		}
		d.raw()
		return nil
	}
	for _, at := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return errors.New("json: cannot set embedded pointer to unexported struct: " + v.Type().Elem().String())
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	if f.quoted && d.peek() == 'n' {
		return d.value(v, false)
	}
	return d.value(v, f.quoted)
}

func mapKey(t reflect.Type, name string) (reflect.Value, error) {
	key := reflect.New(t)
	if reflect.PointerTo(t).Implements(readerType) {
		return key.Elem(), key.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(name))
	}
	if t.Kind() == reflect.String {
		key.Elem().SetString(name)
		return key.Elem(), nil
	}
	if t.Kind() < reflect.Int || t.Kind() > reflect.Uintptr || !Valid([]byte(name)) {
		return key, mismatch("object with the name "+strconv.Quote(name), t)
	}
	d := decoder{}
	return key.Elem(), d.scalar(key.Elem(), []byte(name), false)
}
