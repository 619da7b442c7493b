// Package schema turns a Go struct into a description of parameters: their
// names, types, defaults, bounds and meaning. From that one source come the
// decoding and checking of values, JSON Schema, the answers of the command line
// and the reference documentation.
//
// A field takes part by its json tag. Further tags: doc (what it means),
// default, enum (comma-separated), min, max. A nested struct is an object, a
// slice an array, a map an object with free keys; an embedded struct's fields
// are the outer one's own.
package schema

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// A Type is the JSON type of a parameter.
type Type string

// The types.
const (
	String  Type = "string"
	Integer Type = "integer"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	Object  Type = "object"
	Any     Type = "any"
)

// A Field describes one parameter.
type Field struct {
	Name    string   `json:"name"`
	Type    Type     `json:"type"`
	Doc     string   `json:"doc,omitempty"`
	Default any      `json:"default,omitempty"` // a JSON value; nil: the type's zero
	Enum    []string `json:"enum,omitempty"`
	Min     *float64 `json:"minimum,omitempty"`
	Max     *float64 `json:"maximum,omitempty"`
	Elem    *Field   `json:"items,omitempty"`  // of an array, or of a map's values
	Length  int      `json:"length,omitempty"` // of an array that has a fixed one; 0: any
	Fields  []Field  `json:"fields,omitempty"` // of a struct; nil for a map
}

// A Schema describes the fields of a struct, in order.
type Schema struct {
	Fields []Field
}

// Of describes T, which must be a struct. It panics on a type or tag that makes
// no schema: that is a mistake in the program, found when it starts.
func Of[T any]() *Schema {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("schema: %v is not a struct", t))
	}
	return &Schema{Fields: fields(t)}
}

func fields(t reflect.Type) []Field {
	out := []Field{}
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			out = append(out, fields(sf.Type)...)
			continue
		}
		if !sf.IsExported() || name == "-" || name == "" {
			continue
		}
		f := field(sf.Type)
		f.Name, f.Doc = name, sf.Tag.Get("doc")
		if enum, ok := sf.Tag.Lookup("enum"); ok {
			f.Enum = strings.Split(enum, ",")
		}
		if v := bound(sf, "min"); v != nil {
			f.Min = v
		}
		f.Max = bound(sf, "max")
		if text, ok := sf.Tag.Lookup("default"); ok {
			v, err := literal(f, text)
			if err != nil {
				panic(fmt.Sprintf("schema: %v.%s: default %q: %v", t, sf.Name, text, err))
			}
			f.Default = v
		}
		out = append(out, f)
	}
	return out
}

func field(t reflect.Type) Field {
	switch t.Kind() {
	case reflect.Pointer:
		return field(t.Elem())
	case reflect.String:
		return Field{Type: String}
	case reflect.Bool:
		return Field{Type: Boolean}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Field{Type: Integer}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Field{Type: Integer, Min: new(float64)}
	case reflect.Float32, reflect.Float64:
		return Field{Type: Number}
	case reflect.Slice, reflect.Array:
		elem := field(t.Elem())
		f := Field{Type: Array, Elem: &elem}
		if t.Kind() == reflect.Array {
			f.Length = t.Len()
		}
		return f
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			break
		}
		elem := field(t.Elem())
		return Field{Type: Object, Elem: &elem}
	case reflect.Struct:
		return Field{Type: Object, Fields: fields(t)}
	case reflect.Interface:
		return Field{Type: Any}
	}
	panic(fmt.Sprintf("schema: %v cannot be a parameter", t))
}

func bound(sf reflect.StructField, tag string) *float64 {
	text, ok := sf.Tag.Lookup(tag)
	if !ok {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("schema: field %s: %s %q is not a number", sf.Name, tag, text))
	}
	return &v
}

// literal reads a default as it is written in a tag: a list is comma-separated.
func literal(f Field, text string) (any, error) {
	switch f.Type {
	case String:
		return text, nil
	case Boolean:
		return strconv.ParseBool(text)
	case Integer:
		return strconv.ParseInt(text, 10, 64)
	case Number:
		return strconv.ParseFloat(text, 64)
	case Array:
		list := []any{}
		if text == "" {
			return list, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			v, err := literal(*f.Elem, part)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a parameter of type %s has no default of its own", f.Type)
}

// Names lists the fields' names in order.
func Names(fields []Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}
