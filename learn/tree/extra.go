package tree

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// KindExtra is the kind of the state of extra trees.
const KindExtra = "extra_trees"

// ExtraTrees are extremely randomised trees (Geurts, Ernst and Wehenkel, 2006): a
// forest whose trees are grown on all rows, and of every feature that is tried at a
// node look at one threshold, drawn between its least and greatest value there. The
// parameters and their defaults are scikit-learn's. The zero value is not usable:
// start from NewExtraTrees.
//
// Thresholds are drawn on the scale of the values, and rounded to an edge of a bin.
// Missing values are treated as by a Forest.
type ExtraTrees struct {
	Estimators  int     `json:"n_estimators" default:"100" min:"1" max:"10000" doc:"number of trees"`
	MaxDepth    int     `json:"max_depth" default:"0" min:"0" doc:"greatest depth of a tree; 0 is no limit"`
	MinSplit    int     `json:"min_samples_split" default:"2" min:"2" doc:"a node of fewer rows is not split"`
	MinLeaf     int     `json:"min_samples_leaf" default:"1" min:"1" doc:"a split leaves at least this many rows on each side"`
	MaxFeatures string  `json:"max_features" default:"auto" doc:"features tried at each split: a number, a fraction such as 0.5, sqrt, log2 or all; auto is sqrt for classes and all for values"`
	MaxBins     int     `json:"max_bins" default:"255" min:"2" max:"255" doc:"greatest number of bins that a feature is cut into"`
	Bootstrap   bool    `json:"bootstrap" default:"false" doc:"grow each tree on rows drawn with replacement, not on all rows"`
	MaxSamples  float64 `json:"max_samples" default:"0" min:"0" doc:"with bootstrap, rows drawn for each tree: a fraction up to 1, a number above it; 0 is as many as there are"`
	ClassWeight string  `json:"class_weight" default:"none" enum:"none,balanced" doc:"balanced weighs each class by the inverse of its frequency"`
	MinCut      float64 `json:"min_impurity_decrease" default:"0" min:"0" doc:"a split decreases the impurity by at least this much, weighted by its share of the rows"`
}

// NewExtraTrees returns extra trees with the default parameters.
func NewExtraTrees() *ExtraTrees {
	f := NewForest()
	f.Bootstrap = false
	return (*ExtraTrees)(f)
}

// Fit grows the trees. The model is a *ForestModel.
func (e *ExtraTrees) Fit(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options) (learn.Model, error) {
	m, err := (*Forest)(e).fit(ctx, x, y, opts, KindExtra)
	if err != nil {
		return nil, fmt.Errorf("extra trees: %w", err)
	}
	return m, nil
}

// A cutter draws where to cut a feature: one cut a feature and node.
type cutter struct {
	places [][]float64 // see newPlaces
	rng    *splitmix.Source
}

// newPlaces puts the bins of each feature in the middle of their values: numbers that
// have a bin each are where they are.
func newPlaces(x *learn.Matrix, data *bins.Matrix) [][]float64 {
	places := make([][]float64, len(data.Axes))
	for j, axis := range data.Axes {
		least := slices.Repeat([]float64{math.Inf(1)}, len(axis.Edges())+1)
		greatest := slices.Repeat([]float64{math.Inf(-1)}, len(least))
		for i, b := range data.Columns[j] {
			if b != bins.Missing {
				v := x.Columns[j][i]
				least[b], greatest[b] = min(least[b], v), max(greatest[b], v)
			}
		}
		for b := range least {
			least[b] = float64(least[b]/2) + float64(greatest[b]/2)
		}
		places[j] = least
	}
	return places
}

// between draws the bin after which a feature is cut, of a node whose values are in
// the bins from first to last and in both of them.
func (c *cutter) between(feature int32, first, last int) int {
	places, u := c.places[feature], c.rng.Unit()
	at := float64(places[first]*(1-u)) + float64(places[last]*u)
	bin, found := slices.BinarySearch(places[first:last], at)
	if !found {
		bin--
	}
	return first + max(0, bin)
}
