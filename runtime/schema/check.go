package schema

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/internal/sorting"
)

// An Error says which value does not fit, and why.
type Error struct {
	Path    []string // from the outermost parameter inwards; array elements by index
	Message string
	Unknown bool // the name itself is at fault, not its value
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Message
	}
	return strings.Join(e.Path, ".") + ": " + e.Message
}

// Check reports every way in which values do not fit the schema.
func (s *Schema) Check(values map[string]any) []*Error {
	return checkFields(s.Fields, values, nil)
}

func checkFields(fields []Field, values map[string]any, path []string) []*Error {
	var errs []*Error
	for _, name := range sorting.Keys(values) {
		at := append(slices.Clone(path), name)
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			known := Names(fields)
			errs = append(errs, &Error{Path: at, Unknown: true,
				Message: nearest.Unknown("parameter", name, known)})
			continue
		}
		errs = append(errs, checkValue(fields[i], values[name], at)...)
	}
	return errs
}

func checkValue(f Field, v any, path []string) []*Error {
	fail := func(format string, args ...any) []*Error {
		return []*Error{{Path: path, Message: fmt.Sprintf(format, args...)}}
	}
	if v == nil {
		return nil // null stands for the default
	}
	switch f.Type {
	case String:
		text, ok := v.(string)
		if !ok {
			return fail("want text, not %s", show(v))
		}
		if len(f.Enum) > 0 && !slices.Contains(f.Enum, text) {
			return fail("%q is none of %s%s", text, strings.Join(f.Enum, ", "), nearest.Hint(text, f.Enum))
		}
	case Boolean:
		if _, ok := v.(bool); !ok {
			return fail("want true or false, not %s", show(v))
		}
	case Integer, Number:
		x, ok := number(v)
		if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
			return fail("want a number, not %s", show(v))
		}
		if f.Type == Integer && (x != math.Trunc(x) || math.Abs(x) > 1<<53 && !exact(v)) {
			return fail("want a whole number, not %s", show(v))
		}
		if f.Min != nil && x < *f.Min {
			return fail("%s is below the least allowed, %v", show(v), *f.Min)
		}
		if f.Max != nil && x > *f.Max {
			return fail("%s is above the most allowed, %v", show(v), *f.Max)
		}
	case Array:
		list, ok := v.([]any)
		if !ok {
			return fail("want a list, not %s: write [%s]", show(v), show(v))
		}
		if f.Length > 0 && len(list) != f.Length {
			return fail("want a list of %d, not %s", f.Length, show(v))
		}
		var errs []*Error
		for i, e := range list {
			errs = append(errs, checkValue(*f.Elem, e, append(slices.Clone(path), strconv.Itoa(i)))...)
		}
		return errs
	case Object:
		m, ok := v.(map[string]any)
		if !ok {
			return fail("want a mapping, not %s", show(v))
		}
		if f.Elem == nil {
			return checkFields(f.Fields, m, path)
		}
		var errs []*Error
		for _, k := range sorting.Keys(m) {
			errs = append(errs, checkValue(*f.Elem, m[k], append(slices.Clone(path), k))...)
		}
		return errs
	}
	return nil
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	}
	return 0, false
}

// exact reports whether a value is an integer, not a float64 that may be one.
func exact(v any) bool {
	switch x := v.(type) {
	case int, int64, uint64:
		return true
	case json.Number:
		_, err := strconv.ParseInt(x.String(), 10, 64)
		return err == nil
	}
	return false
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 60 {
		return strings.ToValidUTF8(string(b[:57]), "") + "..."
	}
	return string(b)
}

// Complete returns the values with every default filled in, null counted as absent.
func (s *Schema) Complete(values map[string]any) map[string]any {
	return complete(s.Fields, values)
}

func complete(fields []Field, values map[string]any) map[string]any {
	out := make(map[string]any, len(fields))
	for _, f := range fields {
		v := values[f.Name]
		switch {
		case f.Type == Object && f.Elem == nil:
			inner, _ := v.(map[string]any)
			out[f.Name] = complete(f.Fields, inner)
		case v != nil:
			out[f.Name] = v
		case f.Default != nil:
			out[f.Name] = f.Default
		}
	}
	return out
}

// Decode checks the values, fills in the defaults and stores them in a T, whose
// schema s must be.
func Decode[T any](s *Schema, values map[string]any) (T, error) {
	b, err := s.Encode(values)
	if err != nil {
		var none T
		return none, err
	}
	return Read[T](b)
}

// Encode checks the values, fills in the defaults and gives them as JSON.
func (s *Schema) Encode(values map[string]any) ([]byte, error) {
	if errs := s.Check(values); len(errs) > 0 {
		return nil, errs[0]
	}
	return json.Marshal(s.Complete(values))
}

// Read stores what Encode gave in a T, whose schema it was.
func Read[T any](b []byte) (out T, err error) {
	if err := json.Unmarshal(b, &out); err != nil {
		return out, fmt.Errorf("parameters: %w", err)
	}
	return out, nil
}

// Explain is the text of an error of Check; where any text would do, with what the
// parameter means, for that says what it looks like.
func (s *Schema) Explain(e *Error) string {
	f := Field{Fields: s.Fields}
	for _, name := range e.Path {
		i := slices.IndexFunc(f.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return e.Error()
		}
		f = f.Fields[i]
	}
	if f.Type != String || len(f.Enum) > 0 || f.Doc == "" {
		return e.Error()
	}
	return e.Error() + ": " + f.Doc
}
