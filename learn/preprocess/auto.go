package preprocess

import (
	"context"
	"fmt"
	"strings"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Auto makes features of a table of any schema: every column ends up as numbers
// or is dropped with a note that says why. What it does with a column depends on
// the training rows and on the family of model that is fitted next.
//
//	column                       tree                       linear
//	constant, empty, identifier  dropped                    dropped
//	number, bool                 as it is                   mean and a missing indicator, standardised
//	time                         date parts                 date parts, cyclic, standardised
//	text                         tf-idf                     tf-idf
//	few categories               one-hot                    one-hot, the first left out
//	many categories              target encoding, or frequency where there is no target,
//	                             or one of more than 20 classes
type Auto struct {
	Family     string `json:"family,omitempty" default:"tree" enum:"tree,linear" doc:"the family of model that the features are for"`
	OneHot     int    `json:"one_hot,omitempty" default:"12" min:"1" doc:"one-hot up to so many categories"`
	TextTerms  int    `json:"text_terms,omitempty" default:"100" min:"1" doc:"terms kept of a column of text"`
	Indicators bool   `json:"indicators,omitempty" default:"false" doc:"missing indicators for trees too"`
}

// Kind is "auto".
func (s *Auto) Kind() string { return "auto" }

type auto struct {
	params Auto
	graph  *Graph
}

// Fit chooses the transforms and fits them.
func (s *Auto) Fit(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, error) {
	f, _, err := s.FitTransform(ctx, t, y, opts)
	return f, err
}

// FitTransform is Fit, and the training rows cross-fitted where they are target-encoded.
func (s *Auto) FitTransform(ctx context.Context, t *table.Table, y *learn.Target, opts *learn.Options) (Transformer, *table.Table, error) {
	g, out := (*Graph)(nil), t
	for _, stage := range []func(*table.Table, *learn.Target) ([]Spec, error){s.planDrop, s.planColumns, s.planNumbers, s.planScale} {
		specs, err := stage(out, y)
		if err != nil {
			return nil, nil, err
		}
		if g, out, err = g.Then(ctx, out, y, opts, specs...); err != nil {
			return nil, nil, err
		}
	}
	if len(out.Columns) == 0 {
		var why []string
		for _, n := range g.Notes() {
			why = append(why, n.String())
		}
		return nil, nil, fmt.Errorf("no column is left to learn from: %s", strings.Join(why, "; "))
	}
	return &auto{params: *s, graph: g}, out, nil
}

// planDrop drops what there is nothing to learn from.
func (s *Auto) planDrop(*table.Table, *learn.Target) ([]Spec, error) {
	return []Spec{&Drop{Constant: true, IDs: true}}, oneOf("family", or(s.Family, "tree"), "tree", "linear")
}

// mostClasses is up to how many classes a column is target-encoded: it becomes a
// column for each of them.
const mostClasses = 20

// planColumns chooses what becomes of times and strings.
func (s *Auto) planColumns(t *table.Table, y *learn.Target) ([]Spec, error) {
	few := or(s.OneHot, 12)
	var times, texts, low, high []string
	for _, c := range t.Columns {
		switch c.Kind {
		case table.Time:
			times = append(times, c.Name)
		case table.String:
			values, present := occurring(c), c.Len()-c.Nulls()
			switch {
			case len(values) <= few:
				low = append(low, c.Name)
			case 2*len(values) > present && wordsEach(values) >= textWords:
				texts = append(texts, c.Name)
			default:
				high = append(high, c.Name)
			}
		}
	}
	var specs []Spec
	linear := s.Family == "linear"
	if len(times) > 0 {
		specs = append(specs, &DateParts{Columns: times, Cyclic: linear})
	}
	if len(texts) > 0 {
		specs = append(specs, &Tfidf{Columns: texts, MaxFeatures: or(s.TextTerms, 100), StopWords: true, Stem: true, MinRows: 2})
	}
	switch {
	case len(high) == 0:
	case y == nil || len(y.Classes) > mostClasses:
		specs = append(specs, &Frequency{Columns: high})
	default:
		specs = append(specs, &TargetEncode{Columns: high})
	}
	if len(low) > 0 {
		specs = append(specs, &OneHot{Columns: low, DropFirst: linear, Missing: "category"})
	}
	return specs, nil
}

// planNumbers chooses what becomes of a table that holds numbers only.
func (s *Auto) planNumbers(t *table.Table, _ *learn.Target) ([]Spec, error) {
	specs := []Spec{&Drop{Constant: true}}
	if or(s.Family, "tree") == "tree" {
		if s.Indicators {
			specs = append(specs, &Impute{Numeric: "keep", Categorical: "keep", Indicators: true})
		}
		return specs, nil
	}
	return append(specs, &Impute{Indicators: true}), nil
}

// planScale scales every column, bools too, of a table that holds numbers only.
func (s *Auto) planScale(t *table.Table, _ *learn.Target) ([]Spec, error) {
	if s.Family != "linear" || len(t.Columns) == 0 {
		return nil, nil
	}
	return []Spec{&Scale{Columns: t.Names()}}, nil
}

func (f *auto) Spec() Spec { p := f.params; return &p }

func (f *auto) Notes() []Note { return f.graph.Notes() }

func (f *auto) Transform(t *table.Table) (*table.Table, error) { return f.graph.Transform(t) }

// State is the graph's, with the parameters beside its steps.
func (f *auto) State() learn.State {
	s := f.graph.State()
	s.Kind = "auto"
	s.Params["spec"] = pack("auto", f.params, nil).Params
	return s
}

func autoFromState(s learn.State) (Transformer, error) {
	steps, spec := s.Params["steps"], s.Params["spec"]
	f := &auto{}
	if len(s.Params) != 2 {
		return nil, fmt.Errorf("state of \"auto\": want a spec and steps, and nothing else")
	}
	if err := reread(spec, &f.params); err != nil {
		return nil, fmt.Errorf("state of \"auto\": %w", err)
	}
	var err error
	f.graph, err = GraphFromState(learn.State{Kind: "graph", Params: map[string]any{"steps": steps}, Tensors: s.Tensors})
	if err != nil {
		return nil, fmt.Errorf("state of \"auto\": %w", err)
	}
	return f, nil
}
