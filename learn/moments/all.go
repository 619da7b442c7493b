package moments

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// All is what all columns of a matrix come to. weights of nil are 1 each.
func All(ctx context.Context, x *learn.Matrix, weights []float64, threads int) ([]Column, error) {
	all := make([]Column, len(x.Columns))
	err := parallel.Each(ctx, threads, len(all), func(_, j int) {
		all[j] = Of(x.Columns[j], weights)
	})
	return all, err
}

// Scale is a power of two: times it, the numbers of a matrix, less their means if they
// are centred, have squares that neither overflow nor, those of the largest, vanish.
// all is what its columns come to.
func Scale(x *learn.Matrix, all []Column, centred bool) (float64, error) {
	top := 0.0
	for j, c := range all {
		largest := math.Sqrt(c.Squares)
		if !centred {
			largest += math.Abs(c.Mean)
		}
		if largest < 1e-100 { // squares may have vanished
			off := 0.0
			if centred {
				off = c.Mean
			}
			for _, v := range x.Columns[j] {
				largest = max(largest, math.Abs(v-off))
			}
		}
		if !(largest <= 1e150 && finite(c.Mean)) {
			return 0, unusable(x, j)
		}
		top = max(top, largest)
	}
	_, exponent := math.Frexp(top)
	return math.Ldexp(1, min(-exponent, 1000)), nil
}

// unusable says why there is no scale for a feature.
func unusable(x *learn.Matrix, j int) error {
	if err := allFinite(x, j); err != nil {
		return err
	}
	return fmt.Errorf("feature %q has numbers too large to take means of: scale it first", x.Names[j])
}

// Finite says where a matrix has what is no finite number, as Scale does.
func Finite(x *learn.Matrix) error {
	for j := range x.Columns {
		if err := allFinite(x, j); err != nil {
			return err
		}
	}
	return nil
}

func allFinite(x *learn.Matrix, j int) error {
	for i, v := range x.Columns[j] {
		if !finite(v) {
			return fmt.Errorf("feature %q is %v in row %d: impute or cap first", x.Names[j], v, i)
		}
	}
	return nil
}
