package preprocess

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// A Graph is a list of fitted transformers that a table passes in order. It is
// immutable and safe for concurrent use; nil is the empty graph.
type Graph struct {
	steps []Transformer
}

// Fit fits specs one after the other, each on what those before it made of the
// training rows t. It returns the fitted graph and the transformed training
// rows; these differ from Transform's where a spec is a [FitTransformer].
func Fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options, specs ...Spec) (*Graph, *table.Table, error) {
	return (*Graph)(nil).Then(ctx, t, y, opts, specs...)
}

// Ignored lists the columns that are dropped before anything looks at them: what
// transforms rows need not be given them.
func (g *Graph) Ignored() []string {
	if g == nil {
		return nil
	}
	var names []string
	for _, t := range g.steps {
		d, ok := t.(*dropper)
		if !ok {
			break
		}
		names = append(names, d.Names...)
	}
	return names
}

// FitOnly is Fit without the transformed rows: those of the last spec are not made.
func FitOnly(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options, specs ...Spec) (*Graph, error) {
	last := max(0, len(specs)-1)
	g, t, err := Fit(ctx, t, y, opts, specs[:last]...)
	if err != nil || len(specs) == 0 {
		return g, err
	}
	f, err := specs[last].Fit(ctx, t, y, opts)
	if err != nil {
		return nil, fmt.Errorf("transform %d (%s): %w", len(specs), specs[last].Kind(), err)
	}
	g.steps = append(g.steps, f)
	return g, nil
}

// Then returns a graph that goes on from g with specs fitted on t, which holds
// training rows that have passed g already. It returns t transformed by the new
// steps too.
func (g *Graph) Then(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options, specs ...Spec) (*Graph, *table.Table, error) {
	if y != nil && len(t.Columns) > 0 && y.Len() != t.Rows() {
		return nil, nil, fmt.Errorf("%d training rows but %d of target", t.Rows(), y.Len())
	}
	out := g.Append()
	for i, spec := range specs {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		f, next, err := fitStep(ctx, t, y, opts, spec)
		if err != nil {
			return nil, nil, fmt.Errorf("transform %d (%s): %w", i+1, spec.Kind(), err)
		}
		out.steps = append(out.steps, f)
		t = next
	}
	return out, t, nil
}

func fitStep(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options, spec Spec) (Transformer, *table.Table, error) {
	if y != nil && !y.Task.Supervised() {
		y = nil
	}
	if ft, ok := spec.(FitTransformer); ok {
		return ft.FitTransform(ctx, t, y, opts)
	}
	f, err := spec.Fit(ctx, t, y, opts)
	if err != nil {
		return nil, nil, err
	}
	next, err := f.Transform(t)
	return f, next, err
}

// Refit fits the specs of g's transformers anew on other rows of the raw table,
// for cross-validation: everything that is fitted is fitted inside the fold.
func (g *Graph) Refit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (*Graph, *table.Table, error) {
	return Fit(ctx, t, y, opts, g.Specs()...)
}

// Append returns a graph of g's steps followed by those of others.
func (g *Graph) Append(others ...*Graph) *Graph {
	out := &Graph{}
	for _, o := range append([]*Graph{g}, others...) {
		if o != nil {
			out.steps = append(out.steps, o.steps...)
		}
	}
	return out
}

// Steps are the graph's transformers in order.
func (g *Graph) Steps() []Transformer {
	if g == nil {
		return nil
	}
	return append([]Transformer(nil), g.steps...)
}

// Specs are the parameters of the graph's transformers in order.
func (g *Graph) Specs() []Spec {
	specs := make([]Spec, 0, len(g.Steps()))
	for _, s := range g.Steps() {
		specs = append(specs, s.Spec())
	}
	return specs
}

// Notes are the notes of all steps in order.
func (g *Graph) Notes() []Note {
	var notes []Note
	for _, s := range g.Steps() {
		notes = append(notes, s.Notes()...)
	}
	return notes
}

// Transform passes a table of any number of rows through every step.
func (g *Graph) Transform(t *table.Table) (*table.Table, error) {
	if g == nil {
		return t, nil
	}
	for i, s := range g.steps {
		next, err := s.Transform(t)
		if err != nil {
			return nil, fmt.Errorf("transform %d (%s): %w", i+1, s.Spec().Kind(), err)
		}
		t = next
	}
	return t, nil
}

// State takes the graph apart: the steps' kinds and parameters in order, their
// tensors under "<index>/<name>".
func (g *Graph) State() learn.State {
	steps := make([]any, 0, len(g.Steps()))
	tensors := map[string]learn.Tensor{}
	for i, s := range g.Steps() {
		st := s.State()
		steps = append(steps, map[string]any{"kind": st.Kind, "params": st.Params})
		for name, t := range st.Tensors {
			tensors[fmt.Sprintf("%d/%s", i, name)] = t
		}
	}
	return learn.State{Kind: "graph", Params: map[string]any{"steps": steps}, Tensors: tensors}
}

// GraphFromState restores a graph from its state.
func GraphFromState(s learn.State) (*Graph, error) {
	if s.Kind != "graph" {
		return nil, fmt.Errorf("state of kind %q, want \"graph\"", s.Kind)
	}
	steps, ok := s.Params["steps"].([]any)
	if !ok || len(s.Params) != 1 {
		return nil, fmt.Errorf("state of a graph: want a list of steps and nothing else")
	}
	rest := maps.Clone(s.Tensors)
	g := &Graph{}
	for i, v := range steps {
		m, _ := v.(map[string]any)
		kind, _ := m["kind"].(string)
		params, ok := m["params"].(map[string]any)
		if !ok || kind == "" || len(m) != 2 {
			return nil, fmt.Errorf("step %d: want a kind and params", i)
		}
		st := learn.State{Kind: kind, Params: params}
		prefix := fmt.Sprintf("%d/", i)
		for name, t := range s.Tensors {
			if own, ok := strings.CutPrefix(name, prefix); ok {
				if st.Tensors == nil {
					st.Tensors = map[string]learn.Tensor{}
				}
				st.Tensors[own] = t
				delete(rest, name)
			}
		}
		f, err := FromState(st)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i, err)
		}
		g.steps = append(g.steps, f)
	}
	for name := range rest {
		return nil, fmt.Errorf("tensor %q belongs to no step", name)
	}
	return g, nil
}
