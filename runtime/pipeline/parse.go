package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/runnel-dev/runnel/runtime/schema"
)

// Bounds of a definition: its bytes, and its steps.
const (
	MaxSize  = 1 << 20
	MaxSteps = 500
)

// A Problem is something in a definition that cannot be used, or of a warning is
// hardly meant, and where it is.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Warning bool   `json:"warning,omitempty"`
	Message string `json:"message"`
}

func (p Problem) String() string {
	if p.Warning {
		return fmt.Sprintf("%s:%d:%d: warning: %s", p.File, p.Line, p.Column, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is every problem of a definition, in the order of the file.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// document is a YAML file as JSON values, with where each value stands.
type document struct {
	file   string
	values map[string]any
	at     map[string]position // by path, joined with "."
	errs   Problems
	stored bool // it was accepted once, if by an earlier version
}

type position struct{ line, column int }

func (d *document) problem(path []string, format string, args ...any) {
	d.errs = append(d.errs, d.locate(path, fmt.Sprintf(format, args...)))
}

// locate finds the place of a path, or of the nearest ancestor that is in the file.
func (d *document) locate(path []string, message string) Problem {
	for n := len(path); n >= 0; n-- {
		if pos, ok := d.at[strings.Join(path[:n], ".")]; ok {
			return Problem{File: d.file, Line: pos.line, Column: pos.column, Message: message}
		}
	}
	return Problem{File: d.file, Line: 1, Column: 1, Message: message}
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// read parses the YAML and notes where each value stands.
func read(file string, r io.Reader) (*document, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(b) > MaxSize {
		return nil, Problems{{File: file, Line: 1, Column: 1, Message: fmt.Sprintf("a pipeline's definition has at most %d bytes", MaxSize)}}
	}
	var root, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(b))
	if err = dec.Decode(&root); err == nil {
		if err = dec.Decode(&second); err == nil {
			return nil, Problems{{File: file, Line: second.Line, Column: second.Column, Message: "a file defines one pipeline: a second document begins here"}}
		}
	}
	if !errors.Is(err, io.EOF) {
		line := 1
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		return nil, Problems{{File: file, Line: line, Column: 1, Message: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	d := &document{file: file, at: map[string]position{}}
	if len(root.Content) == 0 {
		return nil, Problems{{File: file, Line: 1, Column: 1, Message: "the definition is empty: `runnel pipeline init` writes one to start from"}}
	}
	c := converter{d: d}
	v, err := c.value(root.Content[0], nil, 0)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, Problems{d.locate(nil, "a pipeline is a mapping with name and steps")}
	}
	d.values = m
	return d, nil
}

// converter turns YAML nodes into JSON values. The number of values is bounded,
// so that aliases cannot make a small file a large one.
type converter struct {
	d     *document
	count int
}

func (c *converter) value(n *yaml.Node, path []string, depth int) (any, error) {
	key := strings.Join(path, ".")
	if _, ok := c.d.at[key]; !ok {
		c.d.at[key] = position{n.Line, n.Column}
	}
	fail := func(format string, args ...any) (any, error) {
		return nil, Problems{{File: c.d.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}}
	}
	if c.count++; c.count > 100_000 || depth > 64 {
		return fail("the definition has too many values or is nested too deep")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return c.value(n.Alias, path, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			v, err := c.value(e, append(slices.Clone(path), strconv.Itoa(i)), depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				return fail("a key is a plain text")
			}
			if _, ok := m[k.Value]; ok {
				c.d.errs = append(c.d.errs, Problem{File: c.d.file, Line: k.Line, Column: k.Column, Message: fmt.Sprintf("%q is given twice", k.Value)})
			}
			at := append(slices.Clone(path), k.Value)
			c.d.at[strings.Join(at, ".")] = position{k.Line, k.Column}
			v, err := c.value(n.Content[i+1], at, depth+1)
			if err != nil {
				return nil, err
			}
			m[k.Value] = v
		}
		return m, nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return fail("%v", err)
	}
	switch x := v.(type) {
	case nil, bool, string, int, int64, uint64:
		return v, nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fail("%s is not a finite number", n.Value)
		}
		return v, nil
	}
	return n.Value, nil // a date, say: as it is written
}

// normalise gives the short forms of a trigger their long one: a text is a
// type, a single trigger a list of one.
func normalise(values map[string]any) {
	steps, _ := values["steps"].([]any)
	for _, s := range steps {
		st, ok := s.(map[string]any)
		if !ok {
			continue
		}
		switch on := st["on"].(type) {
		case string, map[string]any:
			st["on"] = []any{on}
		}
		list, _ := st["on"].([]any)
		for i, t := range list {
			if text, ok := t.(string); ok {
				list[i] = map[string]any{"type": text}
			}
		}
	}
}

// Parse reads a definition and binds it to the functions. The error is of type
// Problems where the definition is at fault.
func Parse(file string, r io.Reader, functions Functions) (*Pipeline, error) {
	return ParseWith(file, r, functions, nil)
}

// ParseWith is Parse for a definition whose steps may name folders of functions.
func ParseWith(file string, r io.Reader, functions Functions, loader Loader) (*Pipeline, error) {
	d, err := read(file, r)
	if err != nil {
		return nil, err
	}
	normalise(d.values)
	return fromValues(d, functions, loader)
}

func fromValues(d *document, functions Functions, loader Loader) (*Pipeline, error) {
	s := schema.Of[Spec]()
	for _, e := range s.Check(d.values) {
		d.problem(e.Path, "%s", e.Error())
	}
	if len(d.errs) > 0 {
		return nil, d.errs.sorted()
	}
	b, err := json.Marshal(s.Complete(d.values))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.file, err)
	}
	var spec Spec
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // float64 does not hold every integer
	if err := dec.Decode(&spec); err != nil {
		return nil, fmt.Errorf("%s: %w", d.file, err)
	}
	for _, s := range spec.Steps {
		plain(s.Params)
		for _, t := range s.On {
			plain(t.Filters)
		}
	}
	spec.load(d, loader)
	return bind(d, spec, functions)
}

func (ps Problems) sorted() error {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return ps
}

// Load reads a definition that was stored by its canonical JSON.
func Load(b []byte, functions Functions) (*Pipeline, error) {
	p, err := fromJSON(&document{file: "stored pipeline", stored: true}, b, functions)
	var problems Problems
	if errors.As(err, &problems) {
		return nil, fmt.Errorf("a pipeline that was stored does not fit the functions of this version: %w", err)
	}
	return p, err
}

func fromJSON(d *document, b []byte, functions Functions) (*Pipeline, error) {
	d.at = map[string]position{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&d.values); err != nil {
		return nil, fmt.Errorf("%s: %w", d.file, err)
	}
	plain(d.values)
	return fromValues(d, functions, nil)
}

// plain replaces JSON numbers by what YAML makes of them: integers where they
// are, and float64.
func plain(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, e := range x {
			x[k] = plain(e)
		}
	case []any:
		for i, e := range x {
			x[i] = plain(e)
		}
	case json.Number:
		if n, err := strconv.ParseInt(x.String(), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(x.String(), 10, 64); err == nil {
			return n
		}
		if f, err := x.Float64(); err == nil {
			return f
		}
	}
	return v
}

// FromSpec binds a definition that was stored: also one with params that Parse and
// Changed refuse because they are of no use.
func FromSpec(spec Spec, functions Functions) (*Pipeline, error) {
	b, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", spec.Name, err)
	}
	return Load(b, functions)
}

// Changed binds a definition that somebody changed, such as by the params of a
// request: it is checked as one in a file is. The error is of type Problems where
// the definition is at fault.
func Changed(spec Spec, functions Functions) (*Pipeline, error) {
	b, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", spec.Name, err)
	}
	return fromJSON(&document{file: "pipeline " + spec.Name}, b, functions)
}
