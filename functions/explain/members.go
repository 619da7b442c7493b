package explain

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
)

// Shapley values are linear in what is explained: those of a sum are the sums of
// those of its terms, in one game, which here is that of Kernel SHAP: a set of
// columns is worth the mean over background rows that take these columns from the
// row. A soft vote is a sum of probabilities or values. So are the log-odds, scores
// or values of a stacking whose final estimator is linear. Of members that are
// themselves sums of trees, or linear, on that scale (forests; boosting and linear
// models of values) the values are exact; the others, such as the probabilities of
// boosting, which are no sums of anything, are explained together by Kernel SHAP.

// A term is what a member gives to each output of a combination.
type term struct {
	combine.Part
	weights [][]float64 // outputs x the member's outputs
}

// A composition is a combination as a sum.
type composition struct {
	exact, others []term
	intercepts    []float64
	scale         string
	classes       []string // of the outputs; nil: a value
	of            []int    // the column of each feature
	columns       []string
}

// composed is a combination as a sum; ok is false where it is none, or where no
// member would be explained better than by Kernel SHAP of the whole.
func composed(m *model.Model, c *combine.Model) (s *composition, ok bool) {
	s = &composition{scale: Value}
	if m.Task == learn.Classification {
		s.scale, s.classes = Probability, m.Classes
	}
	parts, terms := c.Parts(), []term(nil)
	if final, stacks := c.Final(); stacks {
		terms, ok = s.stacked(m, parts, final)
	} else {
		terms, ok = s.voted(parts, c.Outputs()), !c.Hard()
	}
	for _, t := range terms {
		if _, simple := t.Origins(len(m.Features)); simple && isSum(t.Model) {
			s.exact = append(s.exact, t)
		} else {
			s.others = append(s.others, t)
		}
	}
	return s, ok && len(s.exact) > 0
}

// isSum reports whether what a model predicts is a sum of trees or linear.
func isSum(m learn.Model) bool {
	switch m := m.(type) {
	case ensemble.Opener:
		return m.Ensemble().Link == ensemble.Identity
	case *linear.Model:
		return m.Seen() == nil
	}
	return false
}

// voted are the terms of a vote.
func (s *composition) voted(parts []combine.Part, outputs int) []term {
	s.intercepts = make([]float64, outputs)
	var terms []term
	for _, p := range parts {
		t := term{Part: p, weights: zeros(outputs, outputs)}
		for k := range outputs {
			t.weights[k][k] = p.Weight
		}
		terms = append(terms, t)
	}
	return terms
}

// stacked are the terms of a stacking whose final estimator is linear in what the
// members predict.
func (s *composition) stacked(m *model.Model, parts []combine.Part, final combine.Part) ([]term, bool) {
	over, ok := final.Model.(*linear.Model)
	if !ok {
		return nil, false
	}
	s.intercepts = over.Intercepts()
	if m.Task == learn.Classification {
		if over.Kind() == linear.KindSGD || len(over.Seen()) < 2 {
			return nil, false // the former's classes are told from the rest, one by one
		}
		s.classes = classesOf(m, over.Seen())
		if s.scale = Score; len(s.intercepts) == 1 {
			s.scale = LogOdds
		}
	}
	// What members predict is scaled on its way: where it is 0, and where it is 1.
	coefficients := over.Coefficients()
	each := len(coefficients[0]) / len(parts)
	ends := &learn.Matrix{Rows: 2}
	for range coefficients[0] {
		ends.Names, ends.Columns = append(ends.Names, ""), append(ends.Columns, []float64{0, 1})
	}
	origins, ok := final.Origins(len(ends.Columns))
	if !ok || len(origins) != len(ends.Columns) {
		return nil, false
	}
	scaled := final.Input(ends)
	var terms []term
	for _, p := range parts {
		terms = append(terms, term{Part: p, weights: zeros(len(coefficients), p.Model.Outputs())})
	}
	for k, row := range coefficients {
		for j, c := range row {
			at := scaled.Columns[j]
			s.intercepts[k] += float64(c * at[0])
			member, output := origins[j]/each, origins[j]%each
			if each == 1 && m.Task == learn.Classification {
				output = 1
			}
			terms[member].weights[k][output] += float64(c * (at[1] - at[0]))
		}
	}
	return terms, true
}

func zeros(rows, columns int) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		out[i] = make([]float64, columns)
	}
	return out
}

// byMembers explains a combination that is a sum.
func (e *Explanation) byMembers(ctx context.Context, m *model.Model, s *composition, b, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
	columns, of, err := namesOf(m, e.cells)
	if err != nil {
		return nil, err
	}
	s.of, s.columns = of, columns
	out := &explain.Values{Features: columns, Rows: x.Rows, Base: s.intercepts, Added: make([]float64, x.Rows*len(s.intercepts)*len(columns))}
	for _, t := range s.exact {
		v, err := s.explain(ctx, t, b, x, opts)
		if err != nil {
			return nil, err
		}
		t.add(out, v)
	}
	if len(s.others) > 0 {
		v, err := kernel(ctx, m, s.rest, columns, of, b, x, opts)
		if err != nil {
			return nil, err
		}
		for k, base := range v.Base {
			out.Base[k] += base
		}
		for i, a := range v.Added {
			out.Added[i] += a
		}
	}
	return perFeature(out, m.Features, of), nil
}

// explain are the exact values of columns for what a member predicts.
func (s *composition) explain(ctx context.Context, t term, b, x *learn.Matrix, opts *explain.Options) (*explain.Values, error) {
	origins, _ := t.Origins(len(s.of))
	of := make([]int, len(origins))
	for j, from := range origins {
		of[j] = s.of[from]
	}
	b, x = t.Input(b), t.Input(x)
	if l, ok := t.Model.(*linear.Model); ok {
		v, err := explain.Linear(l.Coefficients(), l.Intercepts(), b, x)
		if err != nil {
			return nil, err
		}
		return v.Grouped(s.columns, of)
	}
	open := t.Model.(ensemble.Opener).Ensemble()
	open.Features = x.Names
	trees, err := explain.NewTrees(open)
	if err != nil {
		return nil, err
	}
	return trees.GroupsAgainst(ctx, b, x, s.columns, of, opts)
}

// add adds the values of a member, by its weights.
func (t term) add(out, v *explain.Values) {
	for k, row := range t.weights {
		for o, w := range row {
			if w == 0 {
				continue
			}
			out.Base[k] += float64(w * v.Base[o])
			for i := range v.Rows {
				to := out.Of(i, k)
				for g, a := range v.Of(i, o) {
					to[g] += float64(w * a)
				}
			}
		}
	}
}

// rest is the sum of what members give that are not explained exactly.
func (s *composition) rest(x *learn.Matrix) []float64 {
	outputs := len(s.intercepts)
	out := make([]float64, x.Rows*outputs)
	for _, t := range s.others {
		p, n := t.Model.Predict(t.Input(x)), t.Model.Outputs()
		for i := range x.Rows {
			for k, row := range t.weights {
				for o, w := range row {
					out[i*outputs+k] += float64(w * p[i*n+o])
				}
			}
		}
	}
	return out
}
