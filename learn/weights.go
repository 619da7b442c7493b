package learn

import (
	"fmt"
	"math"
)

// CheckWeights reports sample weights that no estimator can be fitted with. Nil
// ones are all 1.
func CheckWeights(weights []float64) error {
	total := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("the sample weight of row %d is %v: weights are finite and not negative", i, w)
		}
		total += w
	}
	if weights != nil && (total == 0 || math.IsInf(total, 0)) {
		return fmt.Errorf("the sample weights sum to %v: they need a positive, finite sum, so take other rows (another split or seed, fewer folds), or mend the weights", total)
	}
	return nil
}

// WithWeight leaves out the rows of weight 0: they must not decide on anything.
// Weights that are nil stay so.
func WithWeight(x *Matrix, y *Target, weights []float64) (*Matrix, *Target, []float64) {
	var rows []int
	var kept []float64
	for i, w := range weights {
		if w > 0 {
			rows, kept = append(rows, i), append(kept, w)
		}
	}
	if len(rows) == len(weights) {
		return x, y, weights
	}
	return x.Take(rows), y.Take(rows), kept
}

// TakeWeights returns the weights of the given rows, in that order. Weights that
// are nil stay so.
func TakeWeights(weights []float64, rows []int) []float64 { return take(weights, rows) }

// TakeGroups returns the groups of the given rows, in that order. Groups that are
// nil stay so.
func TakeGroups(groups []int32, rows []int) []int32 { return take(groups, rows) }

func take[T any](of []T, rows []int) []T {
	if of == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of[r]
	}
	return out
}

// BalancedWeights multiplies the weights, nil being all 1, so that all classes
// present weigh the same.
func BalancedWeights(y *Target, weights []float64) []float64 {
	out := make([]float64, len(y.Labels))
	sums := make([]float64, len(y.Classes))
	for i, l := range y.Labels {
		out[i] = 1
		if weights != nil {
			out[i] = weights[i]
		}
		sums[l] += out[i]
	}
	for i, l := range y.Labels {
		if sums[l] > 0 {
			share := float64(len(out)) / float64(len(sums))
			if by := share / sums[l]; by > 0x1p-1000 && by < 0x1p1000 {
				out[i] *= by
			} else {
				out[i] = out[i] / sums[l] * share
			}
		}
	}
	return out
}
