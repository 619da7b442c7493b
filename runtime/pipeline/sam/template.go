package sam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Template is a template as CloudFormation reads it: the short forms of its
// functions (!Ref x) are their long ones ({Ref: x}).
type Template struct {
	Parameters map[string]Parameter
	Globals    map[string]any
	Resources  map[string]Resource
	Conditions map[string]any
	Outputs    map[string]any
}

// A Parameter is one of a template.
type Parameter struct {
	Type    string
	Default any
}

// A Resource is one of a template.
type Resource struct {
	Type       string
	Metadata   map[string]any
	Properties map[string]any
}

// maxValues bounds the values of a template, so that aliases cannot make a small
// file a large one.
const maxValues = 200_000

// Parse reads a template in YAML.
func Parse(text []byte) (*Template, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("a template: %w", err)
	}
	if len(root.Content) == 0 {
		return nil, fmt.Errorf("a template: it is empty")
	}
	count := 0
	v, err := value(root.Content[0], &count, 0)
	if err != nil {
		return nil, err
	}
	m, _ := v.(map[string]any)
	t := &Template{Parameters: map[string]Parameter{}, Resources: map[string]Resource{}}
	t.Globals, t.Conditions, t.Outputs = mapping(m["Globals"]), mapping(m["Conditions"]), mapping(m["Outputs"])
	for name, p := range mapping(m["Parameters"]) {
		typ, _ := mapping(p)["Type"].(string)
		t.Parameters[name] = Parameter{typ, mapping(p)["Default"]}
	}
	for name, r := range mapping(m["Resources"]) {
		typ, _ := mapping(r)["Type"].(string)
		t.Resources[name] = Resource{typ, mapping(mapping(r)["Metadata"]), mapping(mapping(r)["Properties"])}
	}
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("a template: it has no resources")
	}
	return t, nil
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func value(n *yaml.Node, count *int, depth int) (any, error) {
	if *count++; *count > maxValues || depth > 100 {
		return nil, fmt.Errorf("a template: it has too many values or is nested too deep")
	}
	var v any
	switch n.Kind {
	case yaml.AliasNode:
		return value(n.Alias, count, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			var err error
			if list[i], err = value(e, count, depth+1); err != nil {
				return nil, err
			}
		}
		v = list
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			e, err := value(n.Content[i+1], count, depth+1)
			if err != nil {
				return nil, err
			}
			if _, twice := m[n.Content[i].Value]; twice {
				return nil, fmt.Errorf("a template: line %d: %q is given twice", n.Content[i].Line, n.Content[i].Value)
			}
			m[n.Content[i].Value] = e
		}
		v = m
	default:
		if name, ok := shortFor(n.Tag); ok {
			return long(name, n.Value), nil
		}
		if err := n.Decode(&v); err != nil {
			return nil, fmt.Errorf("a template: line %d: %w", n.Line, err)
		}
	}
	if name, ok := shortFor(n.Tag); ok {
		return long(name, v), nil
	}
	return v, nil
}

// shortFor is the name of the function that a tag is short for.
func shortFor(tag string) (string, bool) {
	name, ok := strings.CutPrefix(tag, "!")
	if !ok || strings.HasPrefix(name, "!") || name == "" {
		return "", false
	}
	return name, true
}

// long is the long form of a function.
func long(name string, argument any) map[string]any {
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: argument}
	case "GetAtt":
		if text, ok := argument.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			argument = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + name: argument}
}

// Resolve replaces the functions of a template within v by what they give. ref
// gives the value of a parameter, or of an attribute of a resource ("" for that
// which Ref means); what it does not know is an error.
func (t *Template) Resolve(v any, ref func(name, attribute string) (any, bool)) (any, error) {
	look := func(name, attribute string) (any, error) {
		if x, ok := ref(name, attribute); ok {
			return x, nil
		}
		return nil, fmt.Errorf("the template refers to %s.%s, which is nothing", name, attribute)
	}
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			var err error
			if out[i], err = t.Resolve(e, ref); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if name, ok := x["Ref"].(string); ok && len(x) == 1 {
			return look(name, "")
		}
		if at, ok := x["Fn::GetAtt"].([]any); ok && len(at) == 2 {
			return look(fmt.Sprint(at[0]), fmt.Sprint(at[1]))
		}
		if text, ok := x["Fn::Sub"].(string); ok {
			return substitute(text, look)
		}
		if at, ok := x["Fn::If"].([]any); ok && len(at) == 3 { // conditions are about parameters that were left empty
			return t.Resolve(at[2], ref)
		}
		out := make(map[string]any, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			var err error
			if out[k], err = t.Resolve(x[k], ref); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// substitute fills in ${Name} and ${Name.Attribute}.
func substitute(text string, look func(name, attribute string) (any, error)) (any, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("the template: ${%s does not end", rest)
		}
		name, attribute, _ := strings.Cut(expression, ".")
		v, err := look(name, attribute)
		if err != nil {
			return nil, err
		}
		fmt.Fprint(&b, v)
		text = after
	}
}
