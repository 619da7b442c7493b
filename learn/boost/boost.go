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

// mostCategory is the greatest number of a category.
const mostCategory = 1<<16 - 1

// Boosting is histogram gradient boosting. The defaults are those that LightGBM
// and scikit-learn's HistGradientBoosting share. The zero value is not usable:
// start from New.
//
// A missing value goes to the side of a split where it did best in training, or
// to the heavier side where training had none.
type Boosting struct {
	Loss         string  `json:"loss" default:"auto" enum:"auto,squared,absolute,quantile,poisson" doc:"loss of a regression; auto is squared. Classes have the log loss"`
	Quantile     float64 `json:"quantile" default:"0.5" min:"0" max:"1" doc:"which quantile the loss of that name predicts"`
	Estimators   int     `json:"n_estimators" default:"100" min:"1" max:"100000" doc:"number of rounds: of trees, or of one tree for each of three and more classes"`
	LearningRate float64 `json:"learning_rate" default:"0.1" min:"0" doc:"what each tree's leaves are multiplied by"`
	MaxLeaves    int     `json:"max_leaves" default:"31" min:"2" max:"32768" doc:"greatest number of leaves of a tree"`
	MaxDepth     int     `json:"max_depth" default:"0" min:"0" doc:"greatest depth of a tree; 0 is no limit"`
	MinLeaf      int     `json:"min_samples_leaf" default:"20" min:"1" doc:"a split leaves at least this many rows on each side"`
	MinHessian   float64 `json:"min_hessian" default:"0.001" min:"0" doc:"a split leaves at least this sum of second derivatives on each side"`
	MinGain      float64 `json:"min_gain" default:"0" min:"0" doc:"a split decreases the loss by more than this"`
	L1           float64 `json:"l1" default:"0" min:"0" doc:"penalty on the absolute value of leaves"`
	L2           float64 `json:"l2" default:"0" min:"0" doc:"penalty on the square of leaves"`
	MaxBins      int     `json:"max_bins" default:"255" min:"2" max:"255" doc:"greatest number of bins that a feature is cut into"`
}

// New returns gradient boosting with the default parameters.
func New() *Boosting {
	return &Boosting{
		Loss: "auto", Quantile: 0.5, Estimators: 100, LearningRate: 0.1, MaxLeaves: 31,
		MinLeaf: 20, MinHessian: 1e-3, MaxBins: 255,
	}
}

func (b *Boosting) check() error {
	for _, p := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"quantile", b.Quantile, 0, 1},
		{"n_estimators", float64(b.Estimators), 1, 100_000},
		{"learning_rate", b.LearningRate, 0, 1e6},
		{"max_leaves", float64(b.MaxLeaves), 2, 32768},
		{"max_depth", float64(b.MaxDepth), 0, math.MaxInt32},
		{"min_samples_leaf", float64(b.MinLeaf), 1, math.MaxInt32},
		{"min_hessian", b.MinHessian, 0, math.MaxFloat64},
		{"min_gain", b.MinGain, 0, math.MaxFloat64},
		{"l1", b.L1, 0, math.MaxFloat64},
		{"l2", b.L2, 0, math.MaxFloat64},
		{"max_bins", float64(b.MaxBins), 2, 255},
	} {
		if !(p.value >= p.lo && p.value <= p.hi) {
			return fmt.Errorf("%s is %v: it must be from %v to %v", p.name, p.value, p.lo, p.hi)
		}
	}
	if !slices.Contains([]string{"", "auto", "squared", "absolute", "quantile", "poisson"}, b.Loss) {
		return fmt.Errorf("loss is %q: it must be auto, squared, absolute, quantile or poisson", b.Loss)
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
	if err := learn.CheckShape(x, y, opts); err != nil {
		return nil, err
	}
	if x.Rows > math.MaxInt32/2 {
		return nil, fmt.Errorf("%d rows: at most %d can be fitted on", x.Rows, math.MaxInt32/2)
	}
	if opts == nil {
		opts = &learn.Options{}
	}
	for i, v := range y.Values {
		if math.Abs(v) > maxValue {
			return nil, fmt.Errorf("the target is %v in row %d: beyond %v, values cannot be squared; scale them first", v, i, maxValue)
		}
	}
	weights := opts.Weights
	if err := learn.CheckWeights(weights); err != nil {
		return nil, err
	}
	x, y, weights = learn.WithWeight(x, y, weights)
	columns, err := bins.Cut(ctx, x, b.MaxBins, opts.ThreadCount())
	if errors.Is(err, bins.ErrInfinite) {
		return nil, learn.CheckFit(x, y, opts) // says where
	}
	if err != nil {
		return nil, err
	}
	loss, err := b.newLoss(y, weights)
	if err != nil {
		return nil, err
	}
	t := newTrainer(b, newData(columns), loss, weights, opts)
	defer t.team.stop()
	trees, err := t.train(ctx)
	if err != nil {
		return nil, err
	}
	return assemble(columns.Axes, y, loss, trees), nil
}
