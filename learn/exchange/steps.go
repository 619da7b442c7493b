package exchange

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Step is a fitted transform, read from its state. The transforms that an auto
// is made of are steps of their own.
type Step struct {
	Name    string // for messages: transform 3 (cap)
	Kind    string
	Columns []StepColumn
	Overall []float64 // of target: what a category that is not known is encoded as

	Together []string     // of impute: columns that are filled in by each other
	Rounds   []Regression // and how, one after the other

	Joint  []Joint         // of one that makes columns beside those that it takes: these
	Drops  []string        // columns that it takes out then
	Params json.RawMessage // of such a one, all that its state has
}

// A Regression fills in a column by those beside it: the intercept, and the sum of
// weights times their values.
type Regression struct {
	Column    int       `json:"column"` // of those that are filled in together
	Intercept float64   `json:"intercept"`
	Weights   []float64 `json:"weights"` // its own is 0
}

// A Joint is a column that is made of others.
type Joint struct {
	Name string
	From []string
}

// A StepColumn is what a transform knows of a column. The fields beside Name are
// those of its kind of transform.
type StepColumn struct {
	Name string `json:"name"`

	Type      table.Kind `json:"type"` // of impute
	None      bool       `json:"none"`
	Number    float64    `json:"number"`
	Text      string     `json:"text"`
	Indicator string     `json:"indicator"`

	Lower *float64 `json:"lower"` // of cap
	Upper *float64 `json:"upper"`

	Center float64 `json:"-"` // of scale
	Scale  float64 `json:"-"`

	Categories []string `json:"categories"` // of onehot, ordinal, frequency and target

	Encoding json.RawMessage `json:"-"` // of these all that the state has of the column
}

// carried are the kinds of transform that work on each column by itself, and are
// no more than a fill, a bound, a line or a list of categories.
var carried = []string{"drop", "tidy", "dates", "impute", "cap", "scale", "onehot", "ordinal", "frequency", "target"}

// joint are the kinds of transform that make columns of others.
var joint = []string{"interact", "bin", "cluster", "pca"}

// Steps takes the transforms of a model apart. One that no format carries, such
// as the terms of a text, is an error that names it and its columns. Those that
// make columns of several are carried by formats that hold more than trees.
func Steps(g *preprocess.Graph) ([]Step, error) { return StepsOf(g.State()) }

// StepsOf is Steps of a graph's state.
func StepsOf(s learn.State) ([]Step, error) {
	b, err := json.Marshal(map[string]any{"kind": "auto", "params": s.Params})
	if err != nil {
		return nil, fmt.Errorf("the transforms: %w", err)
	}
	steps, err := stepsOf(b)
	for i := range steps {
		steps[i].Name = fmt.Sprintf("transform %d (%s)", i+1, steps[i].Kind)
		if err == nil {
			err = steps[i].check()
		}
	}
	return steps, err
}

func stepsOf(raw []byte) ([]Step, error) {
	var s struct {
		Kind   string
		Params struct {
			Steps   []json.RawMessage
			Columns []json.RawMessage
			Joint   []string
			Rounds  []Regression
			Spec    struct{ Numeric string }
			Overall []float64
			Center  []float64
			Scale   []float64
		}
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("a transform's state: %w", err)
	}
	if s.Kind == "auto" {
		var all []Step
		for _, inner := range s.Params.Steps {
			steps, err := stepsOf(inner)
			if err != nil {
				return nil, err
			}
			all = append(all, steps...)
		}
		return all, nil
	}
	if slices.Contains(joint, s.Kind) {
		out, err := jointOf(raw)
		return []Step{out}, err
	}
	out := Step{Kind: s.Kind, Overall: s.Params.Overall}
	switch {
	case len(s.Params.Joint) > 0 && s.Params.Spec.Numeric == "knn":
		out.Kind = "impute by nearest rows"
	case len(s.Params.Rounds) > 0:
		out.Together, out.Rounds = s.Params.Joint, s.Params.Rounds
	}
	for j, c := range s.Params.Columns {
		var column StepColumn
		if err := json.Unmarshal(c, &column.Name); err != nil {
			if err := json.Unmarshal(c, &column); err != nil {
				return nil, fmt.Errorf("a column of %s: %w", s.Kind, err)
			}
			column.Encoding = c
		}
		if s.Kind == "scale" && j < len(s.Params.Center) && j < len(s.Params.Scale) {
			column.Center, column.Scale = s.Params.Center[j], s.Params.Scale[j]
		}
		out.Columns = append(out.Columns, column)
	}
	return []Step{out}, nil
}

// jointOf is a transform that makes columns of others.
func jointOf(raw []byte) (Step, error) {
	var s struct {
		Kind   string
		Params json.RawMessage
	}
	var p struct {
		Spec struct {
			Pairs   [][]string
			Keep    bool
			Replace bool
		}
		Columns []json.RawMessage
		Outputs []string
	}
	err := json.Unmarshal(raw, &s)
	if err == nil {
		err = json.Unmarshal(s.Params, &p)
	}
	if err != nil {
		return Step{}, fmt.Errorf("a transform's state: %w", err)
	}
	out := Step{Kind: s.Kind, Params: s.Params}
	var all []string
	for _, c := range p.Columns {
		var column struct{ Name, Into string }
		if err := json.Unmarshal(c, &column.Name); err != nil {
			if err := json.Unmarshal(c, &column); err != nil {
				return Step{}, fmt.Errorf("a column of %s: %w", s.Kind, err)
			}
			out.Joint = append(out.Joint, Joint{column.Into, []string{column.Name}})
		}
		all = append(all, column.Name)
	}
	for k, name := range p.Outputs {
		from := all
		if s.Kind == "interact" {
			if k >= len(p.Spec.Pairs) {
				return Step{}, fmt.Errorf("%s makes %d columns of %d pairs", s.Kind, len(p.Outputs), len(p.Spec.Pairs))
			}
			from = p.Spec.Pairs[k]
		}
		out.Joint = append(out.Joint, Joint{name, from})
	}
	if s.Kind == "pca" && !p.Spec.Keep || s.Kind == "bin" && p.Spec.Replace {
		out.Drops = all
	}
	return out, nil
}

func (s *Step) check() error {
	if slices.Contains(joint, s.Kind) {
		return nil
	}
	if !slices.Contains(carried, s.Kind) || s.Kind == "dates" && len(s.Columns) > 0 {
		of := ""
		if len(s.Columns) > 0 {
			of = " of " + ColumnNames(s.Columns)
		}
		return fmt.Errorf("%s%s %s: train without it or on a file that has its result as columns, or keep the model as it is and use runnel predict", s.Name, of, s.why())
	}
	return nil
}

// why says what other libraries' files lack for a transform.
func (s *Step) why() string {
	switch s.Kind {
	case "dates", "dateparts":
		return "reads dates, which other libraries' files have not"
	case "tfidf", "hashtext":
		return "takes texts apart into words, which other libraries do each in their own way"
	case "impute by nearest rows":
		return "fills in a number by the training rows that are nearest, and which these are hangs on the last bit of a sum"
	}
	return "is more than other libraries' files hold"
}

// Outputs are the columns that a column becomes.
func (s *Step) Outputs(c *StepColumn) ([]string, error) {
	switch s.Kind {
	case "drop":
		return nil, nil
	case "onehot", "target":
		var made struct{ Outputs []string }
		if err := json.Unmarshal(c.Encoding, &made); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		return made.Outputs, nil
	}
	if c.Indicator != "" {
		return []string{c.Name, c.Indicator}, nil
	}
	return []string{c.Name}, nil
}

// Origins are what the features of a model are made of.
type Origins struct {
	Of         map[string][]int // the inputs of each feature, and of each other column that is left
	Touched    [][]string       // of each input, the kinds of transform that change it
	Categories [][]string       // of each input, those that any transform knows
	Sources    [][][]int        // of each column of each step, or of each that it makes of others, the inputs that it is made of
}

// Used tells which inputs the features of a model are made of.
func (o *Origins) Used(m *model.Model) []bool {
	used := make([]bool, len(m.Inputs))
	for _, name := range m.Features {
		for _, j := range o.Of[name] {
			used[j] = true
		}
	}
	return used
}

// OriginsOf follows each input of a model through its transforms. Of a drop it
// takes out the columns that are no inputs, as cleaning's are not: there a drop
// does nothing.
func OriginsOf(m *model.Model, steps []Step) (*Origins, error) {
	o := &Origins{Of: map[string][]int{}, Touched: make([][]string, len(m.Inputs)), Categories: make([][]string, len(m.Inputs))}
	for j, in := range m.Inputs {
		o.Of[in.Name] = []int{j}
	}
	for i := range steps {
		s := &steps[i]
		if s.Kind == "drop" {
			s.Columns = slices.DeleteFunc(s.Columns, func(c StepColumn) bool { return o.Of[c.Name] == nil })
		}
		o.Sources = append(o.Sources, nil)
		for k := range s.Columns {
			if err := o.follow(s, &s.Columns[k]); err != nil {
				return nil, err
			}
		}
		if err := o.join(s); err != nil {
			return nil, err
		}
	}
	for _, name := range m.Features {
		if o.Of[name] == nil {
			return nil, fmt.Errorf("the feature %q is made by no transform", name)
		}
	}
	return o, nil
}

// follow follows a column through a step.
func (o *Origins) follow(s *Step, c *StepColumn) error {
	from := o.Of[c.Name]
	if from == nil {
		return fmt.Errorf("%s is of a column %q that there is none of", s.Name, c.Name)
	}
	last := len(o.Sources) - 1
	o.Sources[last] = append(o.Sources[last], from)
	outputs, err := s.Outputs(c)
	if err != nil {
		return err
	}
	delete(o.Of, c.Name)
	for _, name := range outputs {
		o.Of[name] = from
	}
	for _, j := range from {
		if s.Kind != "drop" && !(c.None && c.Indicator == "") {
			o.Touched[j] = append(o.Touched[j], s.Kind)
		}
		known := map[string]bool{"": s.Kind == "target"} // where it is the text of missing values
		for _, text := range o.Categories[j] {
			known[text] = true
		}
		for _, text := range c.Categories {
			if !known[text] {
				o.Categories[j] = append(o.Categories[j], text)
			}
		}
	}
	return nil
}

// join adds the columns that a step makes of others.
func (o *Origins) join(s *Step) error {
	last := len(o.Sources) - 1
	for _, made := range s.Joint {
		var from []int
		for _, name := range made.From {
			if o.Of[name] == nil {
				return fmt.Errorf("%s is of a column %q that there is none of", s.Name, name)
			}
			from = append(from, o.Of[name]...)
		}
		slices.Sort(from)
		o.Sources[last] = append(o.Sources[last], slices.Compact(from))
	}
	var together []int
	for _, name := range s.Together {
		together = append(together, o.Of[name]...)
	}
	slices.Sort(together)
	together = slices.Compact(together)
	for _, name := range s.Together {
		o.Of[name] = together
	}
	for _, name := range s.Drops {
		delete(o.Of, name)
	}
	for k, made := range s.Joint {
		o.Of[made.Name] = o.Sources[last][k]
	}
	return nil
}
