package explain

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn"
)

// Linear explains scores that are linear in the features: what feature j adds to
// a row is its coefficient times how far the row's value is from the mean of the
// background rows, and the base is the score of the mean row. It takes the
// features to be independent (Lundberg and Lee, 2017, corollary 1). coefficients
// has a row an output; missing values in the background are left out of its mean.
func Linear(coefficients [][]float64, intercepts []float64, background, x *learn.Matrix) (*Values, error) {
	if len(coefficients) != len(intercepts) || len(coefficients) == 0 {
		return nil, fmt.Errorf("%d rows of coefficients for %d intercepts", len(coefficients), len(intercepts))
	}
	features := len(coefficients[0])
	for _, m := range []*learn.Matrix{background, x} {
		if err := checkFeatures(m, features); err != nil {
			return nil, err
		}
	}
	means, err := middle(background)
	if err != nil {
		return nil, err
	}
	out := newValues(names(x), x.Rows, len(intercepts))
	for k, row := range coefficients {
		out.Base[k] = intercepts[k]
		for j, c := range row {
			out.Base[k] += float64(c * means[j])
			for i, v := range x.Columns[j] {
				out.Of(i, k)[j] = c * (v - means[j])
			}
		}
	}
	return out, nil
}

// middle is the mean of each feature over the rows that have it.
func middle(x *learn.Matrix) ([]float64, error) {
	means := make([]float64, len(x.Columns))
	for j, col := range x.Columns {
		n := 0
		for _, v := range col {
			if v == v {
				n++
				means[j] += (v - means[j]) / float64(n) // sums of huge values would overflow
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("no background row has a value of feature %q", names(x)[j])
		}
	}
	return means, nil
}
