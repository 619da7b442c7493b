package combine

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
)

// A Restore makes a model of a number of features from its state.
type Restore func(s learn.State, features int) (learn.Model, error)

// described is the readable part of a model.
type described struct {
	Task     learn.Task        `json:"task"`
	Outputs  int               `json:"outputs"`
	Features int               `json:"features"`
	Hard     bool              `json:"hard,omitempty"`
	Members  []memberDescribed `json:"members"`
	Final    *memberDescribed  `json:"final,omitempty"`
}

type memberDescribed struct {
	Name       string       `json:"name"`
	Weight     float64      `json:"weight"`
	Columns    []int        `json:"columns,omitempty"`
	Names      []string     `json:"names,omitempty"`
	Transforms *learn.State `json:"transforms,omitempty"`
	Takes      []string     `json:"takes,omitempty"`
	Estimator  learn.State  `json:"estimator"`
}

// State implements learn.Model. The arrays of member i are under "i/transforms/"
// and "i/estimator/", those of the final estimator under "final/".
func (m *Model) State() learn.State {
	d := described{Task: m.task, Outputs: m.outputs, Features: m.features, Hard: m.hard}
	s := learn.State{Kind: m.kind, Tensors: map[string]learn.Tensor{}}
	for i := range m.members {
		d.Members = append(d.Members, *m.members[i].describe(s.Tensors, fmt.Sprint(i)))
	}
	if m.final != nil {
		d.Final = m.final.describe(s.Tensors, "final")
	}
	b, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(b, &s.Params)
	}
	if err != nil {
		panic(fmt.Sprintf("combine: a fitted member: %v", err)) // whose state is not JSON
	}
	return s
}

func (f *fitted) describe(tensors map[string]learn.Tensor, under string) *memberDescribed {
	d := &memberDescribed{Name: f.name, Weight: f.weight, Columns: f.columns, Estimator: f.model.State()}
	for name, t := range d.Estimator.Tensors {
		tensors[under+"/estimator/"+name] = t
	}
	if f.graph != nil {
		s := f.graph.State()
		d.Names, d.Takes, d.Transforms = f.names, f.takes, &s
		for name, t := range s.Tensors {
			tensors[under+"/transforms/"+name] = t
		}
	}
	return d
}

// FromState restores a model of a number of features, its members by restore.
func FromState(s learn.State, features int, restore Restore) (learn.Model, error) {
	m, err := fromState(s, features, restore)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Kind, err)
	}
	return m, nil
}

func fromState(s learn.State, features int, restore Restore) (*Model, error) {
	if s.Kind != KindVoting && s.Kind != KindStacking {
		return nil, fmt.Errorf("a state of that kind is none of %s and %s", KindVoting, KindStacking)
	}
	b, err := json.Marshal(s.Params)
	if err != nil {
		return nil, err
	}
	var d described
	if err := json.Strict(b, &d); err != nil {
		return nil, err
	}
	m := &Model{kind: s.Kind, task: d.Task, outputs: d.Outputs, features: d.Features, hard: d.Hard}
	switch {
	case d.Features != features:
		return nil, fmt.Errorf("it takes %d features, and there are %d", d.Features, features)
	case d.Task == learn.Classification && d.Outputs < 2, d.Task == learn.Regression && d.Outputs != 1, d.Task != learn.Classification && d.Task != learn.Regression:
		return nil, fmt.Errorf("%d outputs of a %q", d.Outputs, d.Task)
	case len(d.Members) == 0, (d.Final != nil) != (s.Kind == KindStacking):
		return nil, errors.New("its members, or the final estimator, are not there")
	}
	rest, sum := maps.Clone(s.Tensors), 0.0
	for i := range d.Members {
		f, err := d.Members[i].restore(rest, fmt.Sprint(i), features, d.Outputs, restore)
		if err != nil {
			return nil, fmt.Errorf("member %d: %w", i, err)
		}
		m.members, sum = append(m.members, *f), sum+f.weight
	}
	if math.Abs(sum-1) > 1e-9 {
		return nil, fmt.Errorf("the weights of its members sum to %v, want 1", sum)
	}
	if d.Final != nil {
		if m.final, err = d.Final.restore(rest, "final", len(m.members)*m.each(), d.Outputs, restore); err != nil {
			return nil, fmt.Errorf("the final estimator: %w", err)
		}
	}
	for name := range rest {
		return nil, fmt.Errorf("tensor %q belongs to no member", name)
	}
	return m, nil
}

// restore takes a member's tensors out of the rest.
func (d *memberDescribed) restore(rest map[string]learn.Tensor, under string, features, outputs int, restore Restore) (*fitted, error) {
	f := &fitted{name: d.Name, weight: d.Weight, columns: d.Columns, names: d.Names, takes: d.Takes}
	if !(f.weight >= 0) || math.IsInf(f.weight, 0) {
		return nil, fmt.Errorf("its weight is %v", f.weight)
	}
	for _, j := range f.columns {
		if j < 0 || j >= features {
			return nil, fmt.Errorf("it takes feature %d of %d", j, features)
		}
	}
	if f.columns != nil {
		features = len(f.columns)
	}
	if d.Transforms != nil {
		if len(f.names) != features || len(f.takes) == 0 {
			return nil, fmt.Errorf("its transforms take %d columns and give %d, of %d features", len(f.names), len(f.takes), features)
		}
		s := *d.Transforms
		s.Tensors = move(rest, under+"/transforms/")
		var err error
		if f.graph, err = preprocess.GraphFromState(s); err != nil {
			return nil, err
		}
		features = len(f.takes)
	}
	s := d.Estimator
	s.Tensors = move(rest, under+"/estimator/")
	var err error
	if f.model, err = restore(s, features); err != nil {
		return nil, err
	}
	if n := f.model.Outputs(); n != outputs {
		return nil, fmt.Errorf("it gives %d values a row, want %d", n, outputs)
	}
	return f, f.try()
}

// try finds out whether the transforms make what the estimator takes.
func (f *fitted) try() error {
	if f.graph == nil {
		return nil
	}
	x := &learn.Matrix{Names: f.names, Rows: 1}
	for range f.names {
		x.Columns = append(x.Columns, []float64{0})
	}
	t, err := f.graph.Transform(tableOf(f.names, x))
	if err == nil {
		_, err = preprocess.Matrix(t, f.takes)
	}
	return err
}

// move takes the tensors under a prefix out of the rest.
func move(rest map[string]learn.Tensor, prefix string) map[string]learn.Tensor {
	out := map[string]learn.Tensor{}
	for name, t := range rest {
		if own, ok := strings.CutPrefix(name, prefix); ok {
			out[own] = t
			delete(rest, name)
		}
	}
	return out
}
