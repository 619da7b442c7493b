// Package tree learns ensembles of decision trees on binned features.
//
// Values are first cut into at most 255 bins a feature, so that the best split
// of a node is found by one pass that sums targets into histograms and one over
// the bins, instead of by sorting (Ke et al., "LightGBM", 2017). Sums are
// integers: their order does not matter.
package tree

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Kind is the kind of a forest's state.
const Kind = "random_forest"

// maxValue is the largest target: the sum over 10,000 trees is still finite.
const maxValue = 1e300

// A Forest is a random forest (Breiman, "Random forests", 2001): trees that are
// each grown on a bootstrap sample, choosing every split among a few random
// features; their mean is what is predicted. The parameters and their defaults
// are scikit-learn's. The zero value is not usable: start from NewForest.
//
// A missing value goes to the side of a split where it did best in training, or
// to the heavier side where training had none.
//
// With Bootstrap, a sample weight is how likely a row is to be drawn; without,
// it is how much the row counts.
type Forest struct {
	Estimators  int     `json:"n_estimators" default:"100" min:"1" max:"10000" doc:"number of trees"`
	MaxDepth    int     `json:"max_depth" default:"0" min:"0" doc:"greatest depth of a tree; 0 is no limit"`
	MinSplit    int     `json:"min_samples_split" default:"2" min:"2" doc:"a node of fewer rows is not split"`
	MinLeaf     int     `json:"min_samples_leaf" default:"1" min:"1" doc:"a split leaves at least this many rows on each side"`
	MaxFeatures string  `json:"max_features" default:"auto" doc:"features tried at each split: a number, a fraction such as 0.5, sqrt, log2 or all; auto is sqrt for classes and all for values"`
	MaxBins     int     `json:"max_bins" default:"255" min:"2" max:"255" doc:"greatest number of bins that a feature is cut into"`
	Bootstrap   bool    `json:"bootstrap" default:"true" doc:"grow each tree on rows drawn with replacement, not on all rows"`
	MaxSamples  float64 `json:"max_samples" default:"0" min:"0" doc:"rows drawn for each tree: a fraction up to 1, a number above it; 0 is as many as there are"`
	ClassWeight string  `json:"class_weight" default:"none" enum:"none,balanced" doc:"balanced weighs each class by the inverse of its frequency"`
	MinCut      float64 `json:"min_impurity_decrease" default:"0" min:"0" doc:"a split decreases the impurity by at least this much, weighted by its share of the rows"`
}

// NewForest returns a forest with the default parameters.
func NewForest() *Forest {
	return &Forest{
		Estimators: 100, MinSplit: 2, MinLeaf: 1, MaxFeatures: "auto", MaxBins: 255,
		Bootstrap: true, ClassWeight: "none",
	}
}

func (f *Forest) check() error {
	for _, p := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"n_estimators", float64(f.Estimators), 1, 10_000},
		{"max_depth", float64(f.MaxDepth), 0, math.MaxInt32},
		{"min_samples_split", float64(f.MinSplit), 2, math.MaxInt32},
		{"min_samples_leaf", float64(f.MinLeaf), 1, math.MaxInt32},
		{"max_bins", float64(f.MaxBins), 2, 255},
		{"max_samples", f.MaxSamples, 0, math.MaxInt32},
		{"min_impurity_decrease", f.MinCut, 0, math.MaxFloat64},
	} {
		if !(p.value >= p.lo && p.value <= p.hi) {
			return fmt.Errorf("%s is %v: it must be from %v to %v", p.name, p.value, p.lo, p.hi)
		}
	}
	if f.ClassWeight != "none" && f.ClassWeight != "balanced" && f.ClassWeight != "" {
		return fmt.Errorf("class_weight is %q: it must be none or balanced", f.ClassWeight)
	}
	if !f.Bootstrap && f.MaxSamples != 0 {
		return fmt.Errorf("max_samples is %v but bootstrap is off: rows are only drawn with it on", f.MaxSamples)
	}
	return nil
}

// tried is the number of features that are tried at each split, of n.
func (f *Forest) tried(task learn.Task, n int) (int, error) {
	how := f.MaxFeatures
	if how == "" || how == "auto" {
		how = "all"
		if task == learn.Classification {
			how = "sqrt"
		}
	}
	switch how {
	case "all":
		return n, nil
	case "sqrt":
		return max(1, int(math.Sqrt(float64(n)))), nil
	case "log2":
		return max(1, bits.Len(uint(n))-1), nil
	}
	if k, err := strconv.Atoi(how); err == nil && k >= 1 {
		return min(k, n), nil
	}
	if v, err := strconv.ParseFloat(how, 64); err == nil && strings.Contains(how, ".") && v > 0 && v <= 1 {
		return max(1, int(v*float64(n))), nil
	}
	return 0, fmt.Errorf("max_features is %q: it must be a whole number from 1, a fraction such as 0.5, sqrt, log2, all or auto", f.MaxFeatures)
}

// Fit grows the forest. The model is a *ForestModel.
func (f *Forest) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := f.fit(ctx, x, y, opts, Kind)
	if err != nil {
		return nil, fmt.Errorf("random forest: %w", err)
	}
	return m, nil
}

// fit grows a forest of a kind: one of extra trees looks at one cut of a feature.
func (f *Forest) fit(ctx context.Context, given *learn.Matrix, target *learn.Target, opts *learn.Options, kind string) (*ForestModel, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &learn.Options{}
	}
	x, y, weights, err := learn.Admit(given, target, opts, maxValue)
	if err != nil {
		return nil, err
	}
	tried, err := f.tried(y.Task, len(x.Columns))
	if err != nil {
		return nil, err
	}
	sample := f.sampler(y, weights)
	data, err := bins.Cut(ctx, x, f.MaxBins, opts.ThreadCount())
	if errors.Is(err, bins.ErrInfinite) {
		return nil, learn.CheckFit(given, target, opts) // says where
	}
	if err != nil {
		return nil, err
	}
	grow := growth{Forest: f, data: data, target: newTarget(y), tried: tried}
	if kind != KindExtra && grow.tallies() {
		grow.sparse = newPresence(data, opts.ThreadCount())
	}
	if grow.sparse == nil {
		grow.byRow = data.ByRow(opts.ThreadCount())
	}
	if kind == KindExtra {
		grow.places = newPlaces(x, data)
	}
	trees := make([]grown, f.Estimators)
	var next atomic.Int64
	var all sync.WaitGroup
	report := reporter(opts.Progress, f.Estimators)
	for range min(opts.ThreadCount(), f.Estimators) {
		all.Go(func() {
			g := newGrower(grow)
			for {
				t := int(next.Add(1)) - 1
				if t >= f.Estimators {
					return
				}
				g.rng = splitmix.Stream(opts.Seed, t)
				sample.draw(&g.rng, g.weight)
				if trees[t] = g.grow(ctx); ctx.Err() != nil {
					return
				}
				report()
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return assemble(kind, trees, y, data.Axes), nil
}

// reporter returns a function that counts one more tree as done.
func reporter(progress func(done, total int), total int) func() {
	if progress == nil {
		return func() {}
	}
	var lock sync.Mutex
	done := 0
	return func() {
		lock.Lock()
		defer lock.Unlock()
		done++
		progress(done, total)
	}
}
