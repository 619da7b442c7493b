// Package explain says what a prediction rests on: Shapley values of ensembles
// of trees (exact, by the paths of the trees or against background rows), of
// linear models and, by sampling, of any model; local surrogates (LIME),
// permutation importance, partial dependence, and counterfactuals.
//
// Every explanation is the same, bit by bit, for any number of threads.
package explain

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/runnel-dev/runnel/learn"
)

// Options say how an explanation is computed, never what it results in.
type Options struct {
	Threads int // 0: as many as GOMAXPROCS
}

func (o *Options) threads() int {
	if o != nil && o.Threads > 0 {
		return o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Values are what the features of each row add to what is expected without
// knowing any: Base plus the values of a row are its margin (Shapley, "A value for
// n-person games", 1953; Lundberg and Lee, "A unified approach to interpreting
// model predictions", 2017).
type Values struct {
	Features []string
	Rows     int
	Base     []float64 // an output each
	Added    []float64 // rows x outputs x features
}

func newValues(features []string, rows, outputs int) *Values {
	return &Values{Features: features, Rows: rows, Base: make([]float64, outputs), Added: make([]float64, rows*outputs*len(features))}
}

// Outputs is the number of margins of a row.
func (v *Values) Outputs() int { return len(v.Base) }

// Of is what each feature of a row adds to an output. It is part of Added.
func (v *Values) Of(row, output int) []float64 {
	n := len(v.Features)
	return v.Added[(row*len(v.Base)+output)*n:][:n]
}

// Margin is the sum of the base and of all that is added for a row.
func (v *Values) Margin(row, output int) float64 {
	sum := v.Base[output]
	for _, a := range v.Of(row, output) {
		sum += a
	}
	return sum
}

// Grouped sums the values of features that belong together, such as the columns
// that one raw column was encoded as: feature j belongs to names[of[j]].
func (v *Values) Grouped(names []string, of []int) (*Values, error) {
	if err := checkGroups(v.Features, names, of); err != nil {
		return nil, err
	}
	out := newValues(names, v.Rows, len(v.Base))
	copy(out.Base, v.Base)
	for i := range v.Rows {
		for k := range v.Base {
			sums := out.Of(i, k)
			for j, a := range v.Of(i, k) {
				sums[of[j]] += a
			}
		}
	}
	return out, nil
}

// checkGroups reports features that belong to no group.
func checkGroups(features, names []string, of []int) error {
	if len(of) != len(features) {
		return fmt.Errorf("%d features, but a group for %d", len(features), len(of))
	}
	for j, g := range of {
		if g < 0 || g >= len(names) {
			return fmt.Errorf("feature %q belongs to group %d of %d", features[j], g, len(names))
		}
	}
	return nil
}

// Importances is the mean over rows of the size of what each feature adds to an
// output.
func (v *Values) Importances(output int) []float64 {
	out := make([]float64, len(v.Features))
	for i := range v.Rows {
		for j, a := range v.Of(i, output) {
			if a < 0 {
				a = -a
			}
			out[j] += a
		}
	}
	for j := range out {
		out[j] /= float64(max(v.Rows, 1))
	}
	return out
}

// Order lists the indices of values from the largest to the smallest, equal ones
// in their order.
func Order(values []float64) []int {
	out := make([]int, len(values))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	return out
}

// checkFeatures reports a matrix that is not of so many features.
func checkFeatures(x *learn.Matrix, features int) error {
	if len(x.Columns) != features {
		return fmt.Errorf("the rows have %d features, the model has %d", len(x.Columns), features)
	}
	return nil
}

// names are those of a matrix's features, blank where it has none.
func names(x *learn.Matrix) []string {
	if len(x.Names) == len(x.Columns) {
		return x.Names
	}
	return make([]string, len(x.Columns))
}

// rowsOf copies some rows of a matrix, row after row.
func rowsOf(x *learn.Matrix, from, to int) []float64 {
	n := len(x.Columns)
	out := make([]float64, (to-from)*n)
	for j, col := range x.Columns {
		for i, v := range col[from:to] {
			out[i*n+j] = v
		}
	}
	return out
}
