package onnx

import (
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/preprocess"
)

// A fit is an estimator and its features, or several that are combined.
type fit struct {
	features  []feature
	task      learn.Task
	outputs   int
	estimator func() (learn.Model, error)
	exp       func() // makes the predictions e to their power; nil where they cannot be
	name      string // of its outputs, where they are features
	threshold float64

	votes   []*fit // a vote: what is averaged
	weights []float64
	chooses *fit // 1 for the likeliest class of this, and 0 for the others
	of      *fit // it is calibrated
	rival   *rival
	scores  *layers // whose softmax it is
	by      *calibration
	uses    int // in others
}

// outputOf is an output of a fit as a feature.
func (r *reader) outputOf(f *fit, k int) feature {
	if f.name == "" {
		f.name = r.made("output")
	}
	return feature{name: fmt.Sprintf("%s_%d", f.name, k), of: f, output: k}
}

// outputsOf are all outputs of a fit.
func (r *reader) outputsOf(f *fit) ([]feature, error) {
	if err := r.take(f.outputs); err != nil {
		return nil, err
	}
	var out []feature
	for k := range f.outputs {
		out = append(out, r.outputOf(f, k))
	}
	return out, nil
}

// A weighted is outputs of fits, each fit's with a weight.
type weighted struct {
	fits    []*fit
	weights []float64
}

// weigh reads weights of fits whose outputs stand side by side; nil where they
// are something else.
func weigh(columns []feature, weights []float64) *weighted {
	w := &weighted{weights: weights}
	for at := 0; at < len(columns); {
		f := columns[at].of
		if f == nil || columns[at].made != nil || f.outputs > len(columns)-at {
			return nil
		}
		for k := range f.outputs {
			if c := columns[at+k]; c.of != f || c.output != k || c.made != nil {
				return nil
			}
		}
		w.fits, at = append(w.fits, f), at+f.outputs
	}
	if len(w.fits) != len(weights) {
		return nil
	}
	return w
}

// vote is the sum of weighted outputs.
func (w *weighted) vote() (*fit, error) {
	f := &fit{task: w.fits[0].task, outputs: w.fits[0].outputs, votes: w.fits, weights: w.weights}
	for _, m := range w.fits {
		if m.task != f.task || m.outputs != f.outputs || (m.chooses != nil) != (w.fits[0].chooses != nil) {
			return nil, fmt.Errorf("it sums predictions of different kinds")
		}
	}
	return f, nil
}

// mostNested is how deep combinations are combined.
const mostNested = 4

// A whole is a fit with all that it is combined of.
type whole struct {
	*fit
	changes []*change // what makes its features; of a final estimator, of outputs
	members []*whole  // of a vote or a stacking; the one that is calibrated
	at      []int     // of one that takes the table's columns: which
	stacked []feature // of a stacking: the outputs that its final estimator may take
}

// whole takes a fit apart.
func (r *reader) whole(f *fit, depth int) (*whole, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("its estimators are combined %d times over: at most %d are read", depth, mostNested)
	}
	if f.uses++; f.uses > maxUses {
		return nil, fmt.Errorf("an estimator is part of others more than %d times", maxUses)
	}
	if err := r.take(1 + len(f.features) + len(f.votes)); err != nil {
		return nil, err
	}
	w := &whole{fit: f}
	inside := slices.Clone(f.votes)
	is := map[*fit]bool{}
	switch {
	case f.chooses != nil:
		return nil, fmt.Errorf("the likeliest class of an estimator is read in a vote alone")
	case f.of != nil:
		inside = []*fit{f.of}
	case f.votes == nil:
		var err error
		if w.changes, err = r.plan(f.features); err != nil {
			return nil, err
		}
		for _, c := range f.features {
			if c.text {
				return nil, fmt.Errorf("the feature %q is text", c.name)
			}
		}
		roots := slices.Clone(f.features)
		for _, c := range w.changes {
			roots = append(roots, c.takes...)
		}
		table := false
		for _, c := range roots {
			if c.made == nil && c.of == nil {
				table = true
			}
			if c.made == nil && c.of != nil && !is[c.of] {
				inside, is[c.of] = append(inside, c.of), true
			}
		}
		if inside != nil && table {
			return nil, fmt.Errorf("an estimator takes columns of the table beside what others predict: a stacking here takes the latter alone")
		}
	}
	for _, m := range inside {
		if m.chooses != nil && f.votes != nil {
			m = m.chooses
		}
		member, err := r.whole(m, depth+1)
		if err != nil {
			return nil, err
		}
		w.members = append(w.members, member)
		for k := range m.outputs {
			if m.outputs != 2 || k == 1 { // of two probabilities one says all
				w.stacked = append(w.stacked, r.outputOf(m, k))
			}
		}
	}
	return w, nil
}

// leaves are the fits that take columns of the table.
func (w *whole) leaves() []*whole {
	if w.members == nil {
		return []*whole{w}
	}
	var out []*whole
	for _, m := range w.members {
		out = append(out, m.leaves()...)
	}
	return out
}

// graph gives the transforms of a table of which all leaves take what they need,
// and its features: those that want columns in different states, by branches.
func (r *reader) graph(leaves []*whole) (*preprocess.Graph, []string, error) {
	var all []feature
	place := map[feature]int{}
	for _, l := range leaves {
		l.at = nil
		for _, c := range l.features {
			k, ok := place[c]
			if !ok || len(leaves) == 1 {
				k, all = len(all), append(all, c)
				place[c] = k
			}
			l.at = append(l.at, k)
		}
		if err := r.take(len(all)); err != nil {
			return nil, nil, err
		}
	}
	if changes, err := r.plan(all); err == nil || len(leaves) == 1 {
		if err != nil {
			return nil, nil, err
		}
		g, err := graphOf(steps(changes))
		return g, names(all), err
	}
	var branches []preprocess.Branch
	var inside []any
	var features []string
	named := map[string]int{}
	var of [][]*change
	for _, l := range leaves {
		k := slices.IndexFunc(of, func(c []*change) bool { return slices.Equal(c, l.changes) })
		if k < 0 {
			for _, c := range l.changes {
				if err := r.copies(size(c.params)); err != nil {
					return nil, nil, err
				}
			}
			k, of = len(of), append(of, l.changes)
			branches, inside = append(branches, preprocess.Branch{Name: fmt.Sprint(k + 1)}), append(inside, steps(l.changes))
		}
		l.at = nil
		for _, c := range l.features {
			name := fmt.Sprintf("%d:%s", k+1, c.name)
			at, ok := named[name]
			if !ok {
				at, features = len(features), append(features, name)
				named[name] = at
			}
			l.at = append(l.at, at)
		}
		if err := r.take(len(features)); err != nil {
			return nil, nil, err
		}
	}
	g, err := graphOf([]any{map[string]any{"kind": "branches", "params": map[string]any{
		"spec": preprocess.Branches{Branches: branches}, "branches": inside}}})
	return g, features, err
}

func graphOf(steps []any) (*preprocess.Graph, error) {
	return preprocess.GraphFromState(learn.State{Kind: "graph", Params: map[string]any{"steps": steps}})
}

func names(columns []feature) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name)
	}
	return out
}

// model makes the estimator, of n features.
func (w *whole) model(n int) (learn.Model, error) {
	if w.members == nil {
		return w.estimator()
	}
	var made []learn.Model
	var members []any
	for i, m := range w.members {
		one, err := m.model(n)
		if err != nil {
			return nil, err
		}
		d := map[string]any{"name": fmt.Sprintf("%s %d", one.State().Kind, i+1), "weight": 1 / float64(len(w.members)), "estimator": learn.State{}}
		if w.votes != nil {
			d["weight"] = w.weights[i]
		}
		if m.members == nil && !identity(m.at, n) {
			d["columns"] = m.at
		}
		made, members = append(made, one), append(members, d)
	}
	params := map[string]any{"task": string(w.task), "outputs": w.outputs, "features": n, "members": members}
	kind := combine.KindVoting
	switch {
	case w.of != nil:
		return calibrate.FromState(learn.State{Kind: calibrate.Kind, Params: map[string]any{
			"method": w.by.Method, "maps": w.by.Maps, "clip": w.by.Clip, "curves": w.by.Curves, "of": learn.State{}}}, n, inTurn(made))
	case w.votes != nil:
		params["hard"] = w.votes[0].chooses != nil
	default:
		final, err := w.final()
		if err != nil {
			return nil, err
		}
		one, err := w.estimator()
		if err != nil {
			return nil, err
		}
		kind, made = combine.KindStacking, append(made, one)
		params["final"] = final
	}
	return combine.FromState(learn.State{Kind: kind, Params: params}, n, inTurn(made))
}

// final describes the final estimator of a stacking.
func (w *whole) final() (map[string]any, error) {
	d := map[string]any{"name": "final", "weight": 1, "estimator": learn.State{}}
	if len(w.changes) > 0 {
		g, err := graphOf(steps(w.changes))
		if err != nil {
			return nil, err
		}
		d["names"], d["takes"], d["transforms"] = names(w.stacked), names(w.features), g.State()
		return d, nil
	}
	var at []int
	place := map[feature]int{}
	for k, c := range w.stacked { // no output is there twice
		place[c] = k
	}
	for _, c := range w.features {
		k, ok := place[c]
		if !ok {
			return nil, fmt.Errorf("an estimator takes the first of two probabilities that another predicts: want the second")
		}
		at = append(at, k)
	}
	if !identity(at, len(w.stacked)) {
		d["columns"] = at
	}
	return d, nil
}

func identity(at []int, n int) bool {
	for i, k := range at {
		if i != k {
			return false
		}
	}
	return len(at) == n
}

// inTurn restores models that are made already.
func inTurn(made []learn.Model) combine.Restore {
	return func(learn.State, int) (learn.Model, error) {
		m := made[0]
		made = made[1:]
		return m, nil
	}
}
