package learn

import (
	"fmt"
	"math"
)

// Admit checks data as [CheckShape] and [CheckWeights] do, and that no target is
// beyond largest. It returns the data without the
// rows of weight 0.
func Admit(x *Matrix, y *Target, opts *Options, largest float64) (*Matrix, *Target, []float64, error) {
	if err := CheckShape(x, y, opts); err != nil {
		return nil, nil, nil, err
	}
	for i, v := range y.Values {
		if math.Abs(v) > largest {
			return nil, nil, nil, fmt.Errorf("the target is %v in row %d: it must be from %v to %v; scale it first", v, i, -largest, largest)
		}
	}
	if opts == nil || opts.Weights == nil {
		return x, y, nil, nil
	}
	if err := CheckWeights(opts.Weights); err != nil {
		return nil, nil, nil, err
	}
	x, y, weights := WithWeight(x, y, opts.Weights)
	return x, y, weights, nil
}
