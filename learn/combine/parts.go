package combine

import (
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
)

// A Part is a fitted member, or the final estimator of a stacking: a model, and
// how what it takes is made of the features of the whole.
type Part struct {
	Name   string
	Weight float64 // of its vote; they sum to 1
	Model  learn.Model

	of *fitted
}

// Parts are the members.
func (m *Model) Parts() []Part {
	out := make([]Part, len(m.members))
	for i := range m.members {
		out[i] = m.members[i].part()
	}
	return out
}

// Final is what a stacking learnt from its members' predictions; its features are
// theirs, member by member: the probability of each class, of two that of the
// second alone, or the value. ok is false of a voting.
func (m *Model) Final() (final Part, ok bool) {
	if m.final == nil {
		return Part{}, false
	}
	return m.final.part(), true
}

// Hard reports whether members vote for classes.
func (m *Model) Hard() bool { return m.hard }

func (f *fitted) part() Part { return Part{Name: f.name, Weight: f.weight, Model: f.model, of: f} }

// Input is what the model takes, of rows of the features of the whole.
func (p Part) Input(x *learn.Matrix) *learn.Matrix { return p.of.input(x) }

// Origins is the feature, of the whole's, that each feature which the model takes
// is made of. ok is false where one may be made of several.
func (p Part) Origins(features int) (origins []int, ok bool) {
	from := p.of.columns
	if from == nil {
		for j := range features {
			from = append(from, j)
		}
	}
	if p.of.graph == nil {
		return from, true
	}
	for _, s := range p.of.graph.Specs() {
		switch s := s.(type) {
		case *preprocess.Scale:
		case *preprocess.Impute:
			if s.Numeric == "knn" || s.Numeric == "iterative" {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	for _, name := range p.of.takes {
		j := slices.Index(p.of.names, name)
		if j < 0 {
			return nil, false
		}
		origins = append(origins, from[j])
	}
	return origins, true
}
