// Package combine makes one estimator of several: voting averages what its
// members predict, stacking learns how to from predictions that its members made
// for rows that they had not seen.
package combine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/split"
)

// The kinds of the models' states.
const (
	KindVoting   = "voting"
	KindStacking = "stacking"
)

// A Member is one of the estimators that are combined.
type Member struct {
	Name      string
	Estimator learn.Estimator
	Prepare   []preprocess.Spec // fitted on the member's training features, before the estimator
	Branch    string            // it takes the features under this name and a colon, see preprocess.Branches; "": all
	Weight    float64           // of its vote; 0: 1
}

// Voting predicts the weighted mean of what its members predict: of the
// probabilities of each class, or of the values.
type Voting struct {
	Members []Member
	Hard    bool // classes: each member votes for its likeliest, and the probability of one is its share of the votes
}

// Stacking fits its members on all rows, and Final on what each of them, fitted
// on the other folds, predicted for the rows of a fold (Wolpert, "Stacked
// generalization", 1992): probabilities, of two classes those of the second, or
// values. Folds keep the rows of a group together where there are groups, and are
// else stratified where there are classes.
type Stacking struct {
	Members []Member
	Final   Member
	Folds   int // 0: 5
}

// Fit implements learn.Estimator.
func (v Voting) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := begin(KindVoting, v.Members, x, y, opts)
	if err != nil {
		return nil, err
	}
	m.hard = v.Hard && y.Task == learn.Classification
	return m, m.fit(ctx, v.Members, x, y, opts, 0, len(v.Members))
}

// Fit implements learn.Estimator.
func (s Stacking) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := begin(KindStacking, s.Members, x, y, opts)
	if err != nil {
		return nil, err
	}
	if s.Final.Estimator == nil {
		return nil, errors.New("stacking: there is no final estimator")
	}
	folds, err := FoldsOf(y, s.Folds, opts)
	if err != nil {
		return nil, fmt.Errorf("stacking: %w", err)
	}
	total := len(s.Members)*(len(folds)+1) + 1
	unseen, err := m.unseen(ctx, s.Members, folds, x, y, opts, total)
	if err != nil {
		return nil, err
	}
	if err := m.fit(ctx, s.Members, x, y, opts, len(s.Members)*len(folds), total); err != nil {
		return nil, err
	}
	if m.final, err = s.Final.fit(ctx, unseen, y, opts); err != nil {
		return nil, fmt.Errorf("stacking: %w", err)
	}
	tell(opts, total, total)
	return m, nil
}

// begin makes a model without its members.
func begin(kind string, members []Member, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	if opts != nil {
		if err := learn.CheckWeights(opts.Weights); err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
	}
	if len(members) == 0 {
		return nil, fmt.Errorf("%s: there are no members: name at least one estimator", kind)
	}
	m := &Model{kind: kind, task: y.Task, outputs: 1, features: len(x.Columns)}
	if y.Task == learn.Classification {
		m.outputs = len(y.Classes)
	}
	for _, b := range members {
		if b.Weight < 0 || math.IsNaN(b.Weight) || math.IsInf(b.Weight, 0) {
			return nil, fmt.Errorf("%s: the weight of %s is %v: weights are finite and not below 0", kind, b.Name, b.Weight)
		}
	}
	return m, nil
}

// fit fits the members on all rows.
func (m *Model) fit(ctx context.Context, members []Member, x *learn.Matrix, y *learn.Target, opts *learn.Options, done, total int) error {
	sum := 0.0
	for _, b := range members {
		f, err := b.fit(ctx, x, y, opts)
		if err != nil {
			return fmt.Errorf("%s: %w", m.kind, err)
		}
		m.members = append(m.members, *f)
		sum += f.weight
		done++
		tell(opts, done, total)
	}
	for i := range m.members {
		m.members[i].weight /= sum
	}
	return nil
}

// unseen are the members' predictions for rows that they were not fitted on, as
// features. Folds that are repeated are averaged.
func (m *Model) unseen(ctx context.Context, members []Member, folds []split.Fold, x *learn.Matrix, y *learn.Target, opts *learn.Options, total int) (*learn.Matrix, error) {
	out := m.blank(len(members), x.Rows)
	done := 0
	for k, fold := range folds {
		fx, fy, ty := x.Take(fold.Train), y.Take(fold.Train), x.Take(fold.Test)
		o := inside(opts, fold.Train)
		for i, b := range members {
			f, err := b.fit(ctx, fx, fy, o)
			if err != nil {
				return nil, fmt.Errorf("%s: fold %d: %w", m.kind, k+1, err)
			}
			m.put(out, i, f.predict(ty), fold.Test)
			done++
			tell(opts, done, total)
		}
	}
	return out, nil
}

// FoldsOf divides rows into k folds, 0 being 5, and no more than there are rows; by the
// groups of the options, as GroupFolds does, where that can be.
func FoldsOf(y *learn.Target, k int, opts *learn.Options) ([]split.Fold, error) {
	if k == 0 {
		k = 5
	}
	f := split.Folds{K: min(k, y.Len()), Shuffle: true, Repeats: 1}
	if opts != nil {
		f.Seed = opts.Seed
		if opts.Groups != nil && len(opts.Groups) != y.Len() {
			return nil, fmt.Errorf("%d groups for %d rows", len(opts.Groups), y.Len())
		}
		if folds, err := GroupFolds(y, k, opts); err == nil {
			return folds, nil
		}
	}
	if y.Task == learn.Classification {
		folds, _, err := f.Stratified(y.Labels, y.Classes)
		return folds, err
	}
	return f.Plain(y.Len())
}

// GroupFolds divides rows into k folds, 0 being 5, and no more than there are groups in
// the options, that part none of them. An error says why there are no such folds.
func GroupFolds(y *learn.Target, k int, opts *learn.Options) ([]split.Fold, error) {
	n := different(opts.Groups)
	if n < 2 {
		return nil, errors.New("all rows are of one group")
	}
	if k == 0 {
		k = 5
	}
	folds, err := split.Folds{K: min(k, n), Shuffle: true, Repeats: 1, Seed: opts.Seed}.Group(opts.Groups)
	if err == nil {
		err = Learnable(y, opts.Weights, folds)
	}
	return folds, err
}

// Learnable reports a class that a fold is to predict without a row to learn it from:
// it would come out as the least likely for all of its rows.
func Learnable(y *learn.Target, weights []float64, folds []split.Fold) error {
	if y.Task != learn.Classification {
		return nil
	}
	for k, fold := range folds {
		has := make([]bool, len(y.Classes))
		counts := func(r int) bool { return weights == nil || weights[r] > 0 }
		for _, r := range fold.Train {
			has[y.Labels[r]] = has[y.Labels[r]] || counts(r)
		}
		for _, r := range fold.Test {
			if c := y.Labels[r]; !has[c] && counts(r) {
				return fmt.Errorf("fold %d of %d has all rows of the class %q that there are to learn from", k+1, len(folds), y.Classes[c])
			}
		}
	}
	return nil
}

func different(groups []int32) int {
	all := map[int32]bool{}
	for _, g := range groups {
		all[g] = true
	}
	return len(all)
}

// inside are the options of a fit within: of these rows, nil being all, and silent.
func inside(opts *learn.Options, rows []int) *learn.Options {
	if opts == nil {
		return nil
	}
	o := *opts
	o.Progress = nil
	if rows != nil {
		o.Weights, o.Groups = learn.TakeWeights(o.Weights, rows), learn.TakeGroups(o.Groups, rows)
	}
	return &o
}

func tell(opts *learn.Options, done, total int) {
	if opts != nil && opts.Progress != nil {
		opts.Progress(done, total)
	}
}

// fit fits a member's transforms and its estimator.
func (b Member) fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*fitted, error) {
	f := &fitted{name: b.Name, weight: b.Weight, names: x.Names}
	if f.weight == 0 {
		f.weight = 1
	}
	if b.Branch != "" {
		if f.columns = under(x.Names, b.Branch); len(f.columns) == 0 {
			return nil, fmt.Errorf("%s takes the features of branch %s, and there are none", b.Name, b.Branch)
		}
	}
	x = f.of(x)
	f.names = x.Names
	if len(b.Prepare) > 0 {
		g, t, err := preprocess.Fit(ctx, tableOf(f.names, x), y, inside(opts, nil), b.Prepare...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name, err)
		}
		f.graph, f.takes = g, preprocess.Numeric(t)
		if x, err = preprocess.Matrix(t, f.takes); err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	var err error
	if f.model, err = b.Estimator.Fit(ctx, x, y, inside(opts, nil)); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	return f, nil
}

// Unseen predicts each row by the estimator fitted on the other folds: rows x
// outputs values, as learn.Model's Predict gives them.
func Unseen(ctx context.Context, e learn.Estimator, x *learn.Matrix, y *learn.Target, k int, opts *learn.Options) ([]float64, error) {
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, err
	}
	folds, err := FoldsOf(y, k, opts)
	if err != nil {
		return nil, err
	}
	outputs := max(1, len(y.Classes))
	out := make([]float64, x.Rows*outputs)
	for i, fold := range folds {
		m, err := e.Fit(ctx, x.Take(fold.Train), y.Take(fold.Train), inside(opts, fold.Train))
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", i+1, err)
		}
		for j, v := range m.Predict(x.Take(fold.Test)) {
			out[fold.Test[j/outputs]*outputs+j%outputs] = v
		}
	}
	return out, nil
}
