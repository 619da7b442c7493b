package tree

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
)

// A target is what trees predict, in integers, so that sums do not depend on
// their order. It is shared by all trees.
type target struct {
	classes int      // 0 for regression
	labels  []uint32 // the class of each row
	// For regression the value of row i is offset + values[i]*unit.
	values       []int64
	offset, unit float64
}

// newTarget rounds the values of a regression to multiples of 2^-30 of their
// largest deviation from the middle: so small that no leaf is off by more than
// a billionth, and so large that the weighted sum of all fits an int64.
func newTarget(y *learn.Target) *target {
	if y.Task == learn.Classification {
		t := &target{classes: len(y.Classes), labels: make([]uint32, len(y.Labels))}
		for i, l := range y.Labels {
			t.labels[i] = uint32(l)
		}
		return t
	}
	t := &target{values: make([]int64, len(y.Values)), unit: 1}
	lo, hi := slices.Min(y.Values), slices.Max(y.Values)
	t.offset = float64(lo/2) + float64(hi/2)
	if reach := max(hi-t.offset, t.offset-lo); reach > 0 {
		t.unit = max(math.Ldexp(reach, -30), math.SmallestNonzeroFloat64)
	}
	for i, v := range y.Values {
		t.values[i] = int64(math.Round((v - t.offset) / t.unit))
	}
	return t
}

// value is the target of a row: its fixed-point value, or which of two classes.
func (t *target) value(row int) int64 {
	if t.classes > 0 {
		return int64(t.labels[row])
	}
	return t.values[row]
}

// A sum is a weight and a weighted sum of targets: of the second class's
// indicator for two classes, of fixed-point values for regression.
type sum struct{ weight, target int64 }

// A split divides a node's rows: bins up to bin go left, those above it right.
type split struct {
	gain        float64 // decrease of the node's impurity; negative for no split at all
	feature     int32
	bin         uint8
	missingLeft bool
	left        sum
}

// A criterion finds the split of a node that decreases its impurity most, and
// the value of a leaf. Each worker has its own.
type criterion interface {
	// load starts a tree whose rows have these integer weights.
	load(weight []uint32)
	// open starts a node, whose sum is given but for the root. It returns the
	// sum, and whether all targets are the same.
	open(rows []uint32, known sum) (total sum, pure bool)
	// search replaces best by the best split of the opened node on one of the
	// features, if that is better, and lists those of them that are constant, which
	// holds until the next call.
	search(rows []uint32, features []int32, best *split) (constant []int32)
	// leaf appends the outputs of a leaf: of the opened node, or of any node
	// of that sum if summed.
	leaf(values []float64, total sum) []float64
	// summed says that the sum of a node is all that leaf needs.
	summed() bool
	// unit is what a gain of 1 means: in variance, or in Gini impurity.
	unit() float64
}

// newCriterion makes one that tries all cuts of a feature, or where there is a
// cutter the one that it draws.
func newCriterion(of growth, cuts *cutter) criterion {
	switch {
	case cuts == nil && of.tallies():
		return newTallies(of)
	case of.target.classes > 2:
		return newCounts(of, cuts)
	}
	return newSums(of, cuts)
}

// denseRows is how many rows make it worth to look at all bins of a histogram
// instead of keeping track of those that have rows, and at bins column by column
// instead of row by row.
const denseRows = 512

// between is the bin to split at where the last bin of values on the left and
// the first on the right are these: in the middle of the empty ones.
func between(left, right int32) uint8 { return uint8((left + right - 1) / 2) }

// missingBin is the bin of a missing value.
const missingBin = bins.Missing

// afterAll is the bin to split at where all values go left, missing ones right.
const afterAll = missingBin - 1
