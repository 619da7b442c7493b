// Package filter decides which events match. It implements the filter dialects
// of the CloudEvents Subscriptions API 1.0: exact, prefix, suffix, all, any,
// not and sql (CESQL 1.0).
package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/sql/v2/parser"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
)

// A Filter reports whether an event matches.
type Filter func(events.Event) bool

// maxDepth bounds how deep all, any and not may be nested.
const maxDepth = 16

// An Error says which part of a filter cannot be used.
type Error struct {
	Path    []string
	Message string
}

func (e *Error) Error() string {
	if len(e.Path) == 0 {
		return e.Message
	}
	return strings.Join(e.Path, ".") + ": " + e.Message
}

var dialects = []string{"exact", "prefix", "suffix", "all", "any", "not", "sql"}

// Compile makes a filter of its JSON form: an object with one dialect as its
// key, such as {"prefix": {"subject": "orders/"}} or {"sql": "subject LIKE 'orders/%'"}.
func Compile(spec any) (Filter, error) { return compile(spec, nil, 0) }

// All compiles a list of filters, all of which must match.
func All(specs []any) (Filter, error) { return compileList(specs, nil, 0, true) }

func compile(spec any, path []string, depth int) (Filter, error) {
	fail := func(format string, args ...any) (Filter, error) {
		return nil, &Error{Path: path, Message: fmt.Sprintf(format, args...)}
	}
	if depth > maxDepth {
		return fail("filters are nested deeper than %d", maxDepth)
	}
	m, ok := spec.(map[string]any)
	if !ok || len(m) != 1 {
		return fail("a filter is a mapping with one key, one of %s", strings.Join(dialects, ", "))
	}
	dialect := slices.Collect(maps.Keys(m))[0]
	value := m[dialect]
	at := append(slices.Clone(path), dialect)
	switch dialect {
	case "exact", "prefix", "suffix":
		return attributes(dialect, value, at)
	case "all", "any":
		list, ok := value.([]any)
		if !ok || len(list) == 0 {
			return fail("%s wants a list of at least one filter", dialect)
		}
		return compileList(list, at, depth+1, dialect == "all")
	case "not":
		inner, err := compile(value, at, depth+1)
		if err != nil {
			return nil, err
		}
		return func(e events.Event) bool { return !inner(e) }, nil
	case "sql":
		text, ok := value.(string)
		if !ok {
			return fail("sql wants a CESQL expression as text")
		}
		return sql(text, at)
	}
	return fail("no filter dialect %q%s (there are: %s)", dialect, nearest.Hint(dialect, dialects), strings.Join(dialects, ", "))
}

func compileList(specs []any, path []string, depth int, all bool) (Filter, error) {
	filters := make([]Filter, len(specs))
	for i, s := range specs {
		f, err := compile(s, append(slices.Clone(path), fmt.Sprint(i)), depth)
		if err != nil {
			return nil, err
		}
		filters[i] = f
	}
	return func(e events.Event) bool {
		for _, f := range filters {
			if f(e) != all {
				return !all
			}
		}
		return all
	}, nil
}

func attributes(dialect string, value any, path []string) (Filter, error) {
	m, ok := value.(map[string]any)
	if !ok || len(m) == 0 {
		return nil, &Error{Path: path, Message: "want a mapping of attribute names to texts, such as {subject: orders/}"}
	}
	match := map[string]func(s, x string) bool{
		"exact":  func(s, x string) bool { return s == x },
		"prefix": strings.HasPrefix,
		"suffix": strings.HasSuffix,
	}[dialect]
	want := make(map[string]string, len(m))
	for name, v := range m {
		text, ok := v.(string)
		if !ok || text == "" {
			return nil, &Error{Path: append(path, name), Message: "want a text that is not empty"}
		}
		want[name] = text
	}
	return func(e events.Event) bool {
		for name, x := range want {
			v, ok := Attribute(e, name)
			if !ok || !match(v, x) {
				return false
			}
		}
		return true
	}, nil
}

// sql compiles a CESQL expression. What cannot be evaluated for an event (a
// missing attribute, a cast that fails) does not match, as the Subscriptions
// API has it. The parser and the evaluator may panic on odd input: that too is
// an expression that cannot be used.
func sql(text string, path []string) (f Filter, err error) {
	if len(text) > 4096 {
		return nil, &Error{Path: path, Message: "a CESQL expression has at most 4096 characters"}
	}
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, &Error{Path: path, Message: fmt.Sprintf("not a CESQL expression: %v", p)}
		}
	}()
	expression, perr := parser.Parse(text)
	if perr != nil {
		return nil, &Error{Path: path, Message: fmt.Sprintf("not a CESQL expression: %v", perr)}
	}
	return func(e events.Event) (matched bool) {
		defer func() {
			if recover() != nil {
				matched = false
			}
		}()
		v, err := expression.Evaluate(e)
		b, ok := v.(bool)
		return err == nil && ok && b
	}, nil
}

// Attribute returns a context attribute or extension as text.
func Attribute(e events.Event, name string) (string, bool) {
	present := func(s string) (string, bool) { return s, s != "" }
	switch name {
	case "id":
		return present(e.ID())
	case "type":
		return present(e.Type())
	case "source":
		return present(e.Source())
	case "subject":
		return present(e.Subject())
	case "specversion":
		return present(e.SpecVersion())
	case "datacontenttype":
		return present(e.DataContentType())
	case "dataschema":
		return present(e.DataSchema())
	case "time":
		if e.Time().IsZero() {
			return "", false
		}
		return e.Time().Format(time.RFC3339Nano), true
	}
	return present(events.Extension(e, name))
}
