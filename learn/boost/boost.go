// Package boost learns sums of decision trees by gradient boosting on histograms
// (Friedman, "Greedy function approximation: a gradient boosting machine", 2001;
// Ke et al., "LightGBM", 2017): each tree is grown, leaf by leaf, on the gradients
// of the loss at what the trees before it predict.
//
// Gradients are rounded to integers, so that the sums that decide on splits do not
// depend on their order: the model is the same bit by bit for any number of threads.
package boost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
)

// Kind is the kind of a model's state.
const Kind = "gradient_boosting"

// maxValue is the largest target: squares of what is between two are finite.
const maxValue = 1e150

// Boosting is histogram gradient boosting. The defaults are those that LightGBM
// and scikit-learn's HistGradientBoosting share. The zero value is not usable:
// start from New.
//
// A missing value goes to the side of a split where it did best in training, or
// to the heavier side where training had none; so does a category that is new.
type Boosting struct {
	Loss         string  `json:"loss" default:"auto" enum:"auto,squared,absolute,quantile,poisson" doc:"loss of a regression; auto is squared. Classes have the log loss"`
	Quantile     float64 `json:"quantile" default:"0.5" min:"0" max:"1" doc:"which quantile the loss of that name predicts"`
	Estimators   int     `json:"n_estimators" default:"100" min:"1" max:"100000" doc:"number of rounds: of trees, or of one tree for each of three and more classes"`
	LearningRate float64 `json:"learning_rate" default:"0.1" min:"0" max:"1000000" doc:"what each tree's leaves are multiplied by"`
	MaxLeaves    int     `json:"max_leaves" default:"31" min:"2" max:"32768" doc:"greatest number of leaves of a tree"`
	MaxDepth     int     `json:"max_depth" default:"0" min:"0" doc:"greatest depth of a tree; 0 is no limit"`
	MinLeaf      int     `json:"min_samples_leaf" default:"20" min:"1" doc:"a split leaves at least this many rows on each side"`
	MinHessian   float64 `json:"min_hessian" default:"0.001" min:"0" doc:"a split leaves at least this sum of second derivatives on each side"`
	MinGain      float64 `json:"min_gain" default:"0" min:"0" doc:"a split decreases the summed loss by more than this"`
	L1           float64 `json:"l1" default:"0" min:"0" doc:"penalty on the absolute value of leaves"`
	L2           float64 `json:"l2" default:"0" min:"0" doc:"penalty on the square of leaves"`
	MaxBins      int     `json:"max_bins" default:"255" min:"2" max:"255" doc:"greatest number of bins that a feature is cut into"`

	Subsample   float64 `json:"subsample" default:"1" min:"0" max:"1" doc:"share of the rows that each tree is grown on"`
	ByTree      float64 `json:"colsample_bytree" default:"1" min:"0" max:"1" doc:"share of the features that each tree looks at"`
	ByNode      float64 `json:"colsample_bynode" default:"1" min:"0" max:"1" doc:"share of those that each split chooses among"`
	GOSS        bool    `json:"goss" default:"false" doc:"grow each tree on the rows of large gradients and some of the others, which weigh more for it, once the first 1/learning_rate rounds are done"`
	GOSSTop     float64 `json:"goss_top" default:"0.2" min:"0" max:"1" doc:"share of the rows that goss takes for their gradients"`
	GOSSOther   float64 `json:"goss_other" default:"0.1" min:"0" max:"1" doc:"share of the rows that goss draws from the others"`
	ClassWeight string  `json:"class_weight" default:"none" enum:"none,balanced" doc:"balanced weighs each class by the inverse of its frequency"`

	Categorical  []string `json:"categorical_features" doc:"features that hold categories, as whole numbers from 0 to 65535, such as an ordinal encoding makes: splits are on sets of them"`
	CatSmoothing float64  `json:"cat_l2" default:"10" min:"0" doc:"added to l2 in the choice of splits on categories"`
	CatSmooth    float64  `json:"cat_smooth" default:"10" min:"0" doc:"sum of second derivatives that rare categories are smoothed with"`
	Increasing   []string `json:"increasing" doc:"features with which predictions (of two classes, the second one's) must not fall"`
	Decreasing   []string `json:"decreasing" doc:"features with which predictions must not rise"`

	EarlyStopping bool    `json:"early_stopping" default:"false" doc:"stop once the loss on a share of the rows, which no tree is grown on, gets no better, and keep the rounds up to the best"`
	Validation    float64 `json:"validation_fraction" default:"0.1" min:"0" max:"1" doc:"that share of the rows"`
	Patience      int     `json:"n_iter_no_change" default:"10" min:"1" doc:"rounds without a better loss after which early_stopping stops"`
	Tolerance     float64 `json:"tol" default:"1e-7" min:"0" doc:"by how much a better loss is less"`
}

// New returns gradient boosting with the default parameters.
func New() *Boosting {
	return &Boosting{
		Loss: "auto", Quantile: 0.5, Estimators: 100, LearningRate: 0.1, MaxLeaves: 31,
		MinLeaf: 20, MinHessian: 1e-3, MaxBins: 255, Subsample: 1, ByTree: 1, ByNode: 1,
		GOSSTop: 0.2, GOSSOther: 0.1, ClassWeight: "none", CatSmoothing: 10, CatSmooth: 10,
		Validation: 0.1, Patience: 10, Tolerance: 1e-7,
	}
}

func (b *Boosting) check() error {
	const small = math.SmallestNonzeroFloat64
	for _, p := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"quantile", b.Quantile, 0, 1},
		{"n_estimators", float64(b.Estimators), 1, 100_000},
		{"learning_rate", b.LearningRate, small, 1e6},
		{"max_leaves", float64(b.MaxLeaves), 2, 32768},
		{"max_depth", float64(b.MaxDepth), 0, math.MaxInt32},
		{"min_samples_leaf", float64(b.MinLeaf), 1, math.MaxInt32},
		{"min_hessian", b.MinHessian, 0, math.MaxFloat64},
		{"min_gain", b.MinGain, 0, math.MaxFloat64},
		{"l1", b.L1, 0, math.MaxFloat64},
		{"l2", b.L2, 0, math.MaxFloat64},
		{"max_bins", float64(b.MaxBins), 2, 255},
		{"subsample", b.Subsample, small, 1},
		{"colsample_bytree", b.ByTree, small, 1},
		{"colsample_bynode", b.ByNode, small, 1},
		{"goss_top", b.GOSSTop, 0, 1},
		{"goss_other", b.GOSSOther, small, 1},
		{"goss_top + goss_other", b.GOSSTop + b.GOSSOther, 0, 1},
		{"cat_l2", b.CatSmoothing, 0, math.MaxFloat64},
		{"cat_smooth", b.CatSmooth, 0, math.MaxFloat64},
		{"validation_fraction", b.Validation, small, 1 - 1e-9},
		{"n_iter_no_change", float64(b.Patience), 1, math.MaxInt32},
		{"tol", b.Tolerance, 0, math.MaxFloat64},
	} {
		if !(p.value >= p.lo && p.value <= p.hi) {
			from := fmt.Sprintf("from %v", p.lo)
			if p.lo == small {
				from = "above 0"
			}
			return fmt.Errorf("%s is %v: it must be %s and at most %v", p.name, p.value, from, p.hi)
		}
	}
	switch {
	case !slices.Contains([]string{"", "auto", "squared", "absolute", "quantile", "poisson"}, b.Loss):
		return fmt.Errorf("loss is %q: it must be auto, squared, absolute, quantile or poisson", b.Loss)
	case b.ClassWeight != "none" && b.ClassWeight != "balanced" && b.ClassWeight != "":
		return fmt.Errorf("class_weight is %q: it must be none or balanced", b.ClassWeight)
	case b.GOSS && b.Subsample < 1:
		return fmt.Errorf("goss and a subsample of %v: choose one of the two", b.Subsample)
	}
	return nil
}

// Fit grows the trees. The model is a *Model.
func (b *Boosting) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := b.fit(ctx, x, y, opts)
	if err != nil {
		return nil, fmt.Errorf("gradient boosting: %w", err)
	}
	return m, nil
}

func (b *Boosting) fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (*Model, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &learn.Options{}
	}
	all, err := b.admit(x, y, opts)
	if err != nil {
		return nil, err
	}
	if b.Loss == "poisson" && y.Task == learn.Regression {
		if err := countable(y, opts.Weights); err != nil {
			return nil, err
		}
	}
	if b.EarlyStopping && learn.CheckFit(all.x, all.y, nil) != nil { // of the rest alone it would be found on the way
		return nil, learn.CheckFit(x, y, opts) // says where
	}
	held, err := b.holdOut(&all, opts.Seed)
	if err != nil {
		return nil, err
	}
	d, err := b.newData(ctx, all.x, opts.ThreadCount())
	if errors.Is(err, bins.ErrInfinite) {
		return nil, learn.CheckFit(x, y, opts) // says where
	}
	if err != nil {
		if _, of := b.newData(ctx, x, opts.ThreadCount()); of != nil && ctx.Err() == nil {
			err = of // it names a row of x
		}
		return nil, err
	}
	loss, err := b.newLoss(all.y)
	if err != nil {
		return nil, err
	}
	t := newTrainer(b, d, loss, all.weights, opts)
	defer t.team.stop()
	if held != nil {
		if t.judge, err = b.newJudge(d.of(held.x), held, t.base); err != nil {
			return nil, err
		}
	}
	trees, err := t.train(ctx)
	if err != nil {
		return nil, err
	}
	return assemble(d, y, loss.link(), t.base, trees), nil
}

// admit takes the rows that are fitted on, with the weights that they have there.
func (b *Boosting) admit(x *learn.Matrix, y *learn.Target, opts *learn.Options) (all sample, err error) {
	if all.x, all.y, all.weights, err = learn.Admit(x, y, opts, maxValue); err != nil {
		return all, err
	}
	if b.ClassWeight == "balanced" && y.Task == learn.Classification {
		all.weights = learn.BalancedWeights(all.y, all.weights)
	}
	return all, nil
}

// A sample are rows with their targets and weights; nil weights are all 1.
type sample struct {
	x       *learn.Matrix
	y       *learn.Target
	weights []float64
}
