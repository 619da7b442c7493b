package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/runtime/schema"
	"github.com/runnel-dev/runnel/runtime/step"
)

// FunctionFile is the name of the file that describes a function in a folder of
// its own, beside its module.
const FunctionFile = "function.yaml"

// Describes is what is said of a function that is a WASM module.
type Describes struct {
	Name    string   `json:"name" doc:"name of the function: lower-case letters, digits and dashes"`
	Doc     string   `json:"description,omitempty" doc:"what it does, in a sentence"`
	Accepts []string `json:"accepts" doc:"event types that it can be triggered by, in full or short as in dataset.cleaned"`
	Emits   []string `json:"emits" doc:"event types that it sends"`
	Uses    []string `json:"uses,omitempty" doc:"what it needs beside the artifacts of its events: network (it fetches), models (it reads and changes the registry)"`
	Params  []Param  `json:"params,omitempty" doc:"its params, in order"`
}

// A Param describes one parameter of such a function.
type Param struct {
	Name    string   `json:"name" doc:"name of the parameter"`
	Type    string   `json:"type" default:"string" enum:"string,integer,number,boolean,array" doc:"type of its value"`
	Items   string   `json:"items,omitempty" enum:"string,integer,number,boolean" doc:"of an array: the type of its elements; string by default"`
	Doc     string   `json:"description,omitempty" doc:"what it means"`
	Default any      `json:"default,omitempty" doc:"value where a step gives none"`
	Enum    []string `json:"enum,omitempty" doc:"of a string: the values that are allowed"`
	Min     *float64 `json:"min,omitempty" doc:"least value allowed"`
	Max     *float64 `json:"max,omitempty" doc:"greatest value allowed"`
}

// A Function is one that a pipeline brings with it: a module that the store holds.
type Function struct {
	Describes
	Module events.Ref `json:"module" doc:"the WASM module, an artifact"`
}

// A FunctionSpec is what function.yaml says.
type FunctionSpec struct {
	Describes
	Module string `json:"module" doc:"file of the WASM module; NAME.wasm by default"`
	Build  string `json:"build,omitempty" doc:"command that builds the module, run in this folder"`
}

// A Loader finds the function in a folder, such as ./steps/zscore. The path is
// as it stands in the pipeline's definition.
type Loader func(path string) (Function, error)

// ParseFunction reads a function.yaml. The error is of type Problems where the
// file is at fault.
func ParseFunction(file string, r io.Reader) (FunctionSpec, error) {
	var spec FunctionSpec
	d, err := read(file, r)
	if err != nil {
		return spec, err
	}
	s := schema.Of[FunctionSpec]()
	for _, e := range s.Check(d.values) {
		d.problem(e.Path, "%s", e.Error())
	}
	if len(d.errs) > 0 {
		return spec, d.errs.sorted()
	}
	b, err := json.Marshal(s.Complete(d.values))
	if err != nil {
		return spec, fmt.Errorf("%s: %w", file, err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&spec); err != nil {
		return spec, fmt.Errorf("%s: %w", file, err)
	}
	spec.check(d, nil)
	if spec.Module == "" {
		spec.Module = spec.Name + ".wasm"
	}
	if len(d.errs) > 0 {
		return spec, d.errs.sorted()
	}
	return spec, nil
}

// check finds what the schema cannot, and writes event types in full.
func (f *Describes) check(d *document, at []string) {
	under := func(path ...string) []string { return append(slices.Clone(at), path...) }
	if !validName.MatchString(f.Name) {
		d.problem(under("name"), "name: %q is not a name: want a letter, then letters, digits and dashes, in lower case, at most 40", f.Name)
	}
	for field, types := range map[string][]string{"accepts": f.Accepts, "emits": f.Emits} {
		if len(types) == 0 && field == "accepts" {
			d.problem(under(field), "accepts: a function accepts at least one type of event, such as dataset.cleaned")
		}
		for i, t := range types {
			if t == "" || strings.ContainsAny(t, " \t\n") || len(t) > 200 {
				d.problem(under(field, strconv.Itoa(i)), "%s: %q is not an event type", field, t)
			}
			types[i] = events.FullType(t)
		}
	}
	granted := []string{step.UsesNetwork, step.UsesModels}
	for i, u := range f.Uses {
		if !slices.Contains(granted, u) {
			d.problem(under("uses", strconv.Itoa(i)), "uses: %q is none of %s%s", u, strings.Join(granted, ", "), nearest.Hint(u, granted))
		}
	}
	for i := range f.Params {
		p := &f.Params[i]
		where := under("params", strconv.Itoa(i))
		if p.Name == "" || slices.ContainsFunc(f.Params[:i], func(q Param) bool { return q.Name == p.Name }) {
			d.problem(where, "params: param %d has the name %q: each has one of its own", i+1, p.Name)
		}
		if p.Type == "" {
			p.Type = string(schema.String)
		}
		if p.Type != string(schema.Array) && p.Items != "" {
			d.problem(where, "params: %s: items belongs to an array", p.Name)
		}
		if p.Default = plain(p.Default); p.Default != nil {
			s := schema.Schema{Fields: []schema.Field{p.field()}}
			for _, e := range s.Check(map[string]any{p.Name: p.Default}) {
				d.problem(append(where, "default"), "params: the default of %s", e.Error())
			}
		}
	}
}

func (p Param) field() schema.Field {
	f := schema.Field{Name: p.Name, Type: schema.Type(p.Type), Doc: p.Doc, Default: p.Default, Enum: p.Enum, Min: p.Min, Max: p.Max}
	if f.Type == schema.Array {
		f.Elem = &schema.Field{Type: schema.String}
		if p.Items != "" {
			f.Elem.Type = schema.Type(p.Items)
		}
	}
	return f
}

// Function is the function that the module implements.
func (f Function) Function() *step.Function {
	def := step.Definition{Name: f.Name, Doc: f.Doc, Accepts: f.Accepts, Emits: f.Emits, Uses: f.Uses, Module: f.Module}
	for _, p := range f.Params {
		def.Params = append(def.Params, p.field())
	}
	return def.Function()
}

// Bind checks the function and gives it as one that can be run. The error is of
// type Problems.
func (f Function) Bind() (*step.Function, error) {
	d := &document{file: "function " + f.Name}
	f.check(d, nil)
	if f.Module.IsZero() {
		d.problem(nil, "function %s names no module", f.Name)
	}
	if len(d.errs) > 0 {
		return nil, d.errs.sorted()
	}
	return f.Function(), nil
}

// isPath reports whether a step names its function by a folder.
func isPath(function string) bool {
	return strings.HasPrefix(function, "./") || strings.HasPrefix(function, "../") || strings.HasPrefix(function, "/")
}

// load brings the functions that steps name by a folder into the definition.
func (spec *Spec) load(d *document, loader Loader) {
	for i := range spec.Steps {
		s := &spec.Steps[i]
		if !isPath(s.Function) {
			continue
		}
		at := []string{"steps", strconv.Itoa(i), "function"}
		if loader == nil {
			d.problem(at, "step %s: function %s is a folder, which cannot be read from here", s.Name, s.Function)
			continue
		}
		f, err := loader(s.Function)
		if err != nil {
			d.problem(at, "step %s: function %s: %v", s.Name, s.Function, err)
			continue
		}
		s.Function = f.Name
		j := slices.IndexFunc(spec.Functions, func(g Function) bool { return g.Name == f.Name })
		switch {
		case j < 0:
			spec.Functions = append(spec.Functions, f)
		case spec.Functions[j].Module != f.Module:
			d.problem(at, "step %s: two functions are named %s: names are unique in a pipeline", s.Name, f.Name)
		}
	}
}

// brought adds the functions of the definition to those of the program.
func (spec *Spec) brought(d *document, functions Functions) Functions {
	if len(spec.Functions) == 0 {
		return functions
	}
	all := make(Functions, len(functions)+len(spec.Functions))
	for name, f := range functions {
		all[name] = f
	}
	for i := range spec.Functions {
		f := &spec.Functions[i]
		at := []string{"functions", strconv.Itoa(i)}
		f.check(d, at)
		switch {
		case all[f.Name] != nil:
			d.problem(append(at, "name"), "two functions are named %s: names are unique, those of this program included", f.Name)
		case f.Module.IsZero():
			d.problem(at, "function %s names no module: in a step, name its folder, as in function: ./steps/%s", f.Name, f.Name)
		default:
			all[f.Name] = f.Function()
		}
	}
	return all
}
