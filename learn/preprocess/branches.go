package preprocess

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Branches passes a table through several lists of transforms and puts the
// numbers that they make side by side, each under the name of its branch and a
// colon: features for several models at once, as scikit-learn's FeatureUnion.
type Branches struct {
	Branches []Branch `json:"branches"`
}

// A Branch is a list of transforms under a name.
type Branch struct {
	Name  string        `json:"name"`
	Steps []Description `json:"steps"`
}

// A Description is a spec written down.
type Description struct {
	Kind   string          `json:"kind"`
	Params json.RawMessage `json:"params,omitempty"`
}

// Describe writes specs down; [DecodeSpec] reads each.
func Describe(specs []Spec) ([]Description, error) {
	out := make([]Description, len(specs))
	for i, s := range specs {
		b, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("transform %d (%s): %w", i+1, s.Kind(), err)
		}
		out[i] = Description{s.Kind(), b}
	}
	return out, nil
}

// Specs reads what Describe has written.
func Specs(described []Description) ([]Spec, error) {
	out := make([]Spec, len(described))
	for i, d := range described {
		var err error
		if out[i], err = DecodeSpec(d.Kind, d.Params); err != nil {
			return nil, fmt.Errorf("transform %d: %w", i+1, err)
		}
	}
	return out, nil
}

// Kind is "branches".
func (s *Branches) Kind() string { return "branches" }

type brancher struct {
	params Branches
	graphs []*Graph
}

// Fit fits each branch.
func (s *Branches) Fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, error) {
	f, _, err := s.FitTransform(ctx, t, y, opts)
	return f, err
}

// FitTransform is Fit, and the training rows cross-fitted where a branch does so.
func (s *Branches) FitTransform(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, *table.Table, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	f, parts := &brancher{params: *s}, make([]*table.Table, len(s.Branches))
	for i, b := range s.Branches {
		specs, err := Specs(b.Steps)
		if err != nil {
			return nil, nil, fmt.Errorf("branch %s: %w", b.Name, err)
		}
		var g *Graph
		if g, parts[i], err = Fit(ctx, t, y, opts, specs...); err != nil {
			return nil, nil, fmt.Errorf("branch %s: %w", b.Name, err)
		}
		f.graphs = append(f.graphs, g)
	}
	out, err := f.join(parts)
	return f, out, err
}

func (s *Branches) check() error {
	seen := map[string]bool{}
	for _, b := range s.Branches {
		if b.Name == "" || strings.Contains(b.Name, ":") || seen[b.Name] {
			return fmt.Errorf("a branch is called %q: names are there once, not empty, and without a colon", b.Name)
		}
		seen[b.Name] = true
	}
	if len(s.Branches) == 0 {
		return fmt.Errorf("there are no branches: want at least one")
	}
	return nil
}

// join puts the numbers that the branches have made side by side.
func (f *brancher) join(parts []*table.Table) (*table.Table, error) {
	var out []*table.Column
	for i, part := range parts {
		for _, c := range part.Columns {
			if numberLike(c) {
				named := *c
				named.Name = f.params.Branches[i].Name + ":" + c.Name
				out = append(out, &named)
			}
		}
	}
	return table.New(out...)
}

func (f *brancher) Spec() Spec { p := f.params; return &p }

func (f *brancher) Notes() []Note {
	var notes []Note
	for i, g := range f.graphs {
		for _, n := range g.Notes() {
			n.Text = "branch " + f.params.Branches[i].Name + ": " + n.Text
			notes = append(notes, n)
		}
	}
	return notes
}

func (f *brancher) Transform(t *table.Table) (*table.Table, error) {
	parts := make([]*table.Table, len(f.graphs))
	for i, g := range f.graphs {
		var err error
		if parts[i], err = g.Transform(t); err != nil {
			return nil, fmt.Errorf("branch %s: %w", f.params.Branches[i].Name, err)
		}
	}
	return f.join(parts)
}

// State is the spec, and of each branch the steps of its graph; its tensors are
// those under "<branch>/".
func (f *brancher) State() learn.State {
	s := pack("branches", map[string]any{"spec": f.params}, map[string]learn.Tensor{})
	steps := make([]any, len(f.graphs))
	for i, g := range f.graphs {
		own := g.State()
		steps[i] = own.Params["steps"]
		for name, t := range own.Tensors {
			s.Tensors[fmt.Sprintf("%d/%s", i, name)] = t
		}
	}
	s.Params["branches"] = steps
	return s
}

func branchesFromState(s learn.State) (Transformer, error) {
	f := &brancher{}
	steps, ok := s.Params["branches"].([]any)
	if err := reread(s.Params["spec"], &f.params); err != nil {
		return nil, fmt.Errorf("state of \"branches\": %w", err)
	}
	if err := f.params.check(); err != nil {
		return nil, fmt.Errorf("state of \"branches\": %w", err)
	}
	if !ok || len(steps) != len(f.params.Branches) || len(s.Params) != 2 {
		return nil, fmt.Errorf("state of \"branches\": want a spec and the steps of each of its %d branches", len(f.params.Branches))
	}
	rest := maps.Clone(s.Tensors)
	for i := range steps {
		own, prefix := map[string]learn.Tensor{}, fmt.Sprintf("%d/", i)
		for name, t := range s.Tensors {
			if inner, ok := strings.CutPrefix(name, prefix); ok {
				own[inner] = t
				delete(rest, name)
			}
		}
		g, err := GraphFromState(learn.State{Kind: "graph", Params: map[string]any{"steps": steps[i]}, Tensors: own})
		if err != nil {
			return nil, fmt.Errorf("state of \"branches\": branch %s: %w", f.params.Branches[i].Name, err)
		}
		f.graphs = append(f.graphs, g)
	}
	for name := range rest {
		return nil, fmt.Errorf("state of \"branches\": tensor %q belongs to no branch", name)
	}
	return f, nil
}
