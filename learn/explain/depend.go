package explain

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
)

// A Dependence is what a model says when a feature is set to the values of a grid
// in every row: on average (Friedman, "Greedy function approximation", 2001), and
// for each row (Goldstein et al., "Peeking inside the black box", 2015).
type Dependence struct {
	Grid       []float64
	Outputs    int
	Average    []float64 // grid x outputs
	Individual []float64 // rows x grid x outputs
}

// Depend sets a feature to each value of the grid. A nil grid is up to 20 of the
// feature's own values, at even distances of their rank.
func Depend(ctx context.Context, predict Predict, x *learn.Matrix, feature int, grid []float64, opts *Options) (*Dependence, error) {
	if feature < 0 || feature >= len(x.Columns) {
		return nil, fmt.Errorf("feature %d of %d", feature, len(x.Columns))
	}
	if grid == nil {
		grid = Grid(x.Columns[feature], 20)
	}
	if len(grid) == 0 || x.Rows == 0 {
		return nil, fmt.Errorf("feature %q has no values to set it to", names(x)[feature])
	}
	each := make([][]float64, len(grid))
	err := parallel.Each(ctx, opts.threads(), len(grid), func(_, g int) {
		set := *x
		set.Columns = append([][]float64(nil), x.Columns...)
		set.Columns[feature] = slices.Repeat([]float64{grid[g]}, x.Rows)
		each[g] = predict(&set)
	})
	if err != nil {
		return nil, err
	}
	n := len(each[0]) / x.Rows
	out := &Dependence{Grid: grid, Outputs: n, Individual: make([]float64, x.Rows*len(grid)*n)}
	for g, predicted := range each {
		out.Average = append(out.Average, means(predicted, x.Rows)...)
		for i := range x.Rows {
			copy(out.Individual[(i*len(grid)+g)*n:][:n], predicted[i*n:(i+1)*n])
		}
	}
	return out, nil
}

// Grid picks at most so many different values of a column, at even distances of
// their rank, the least and the greatest among them. Missing values are none.
func Grid(column []float64, most int) []float64 {
	sorted := slices.DeleteFunc(slices.Clone(column), func(v float64) bool { return v != v })
	slices.Sort(sorted)
	distinct := slices.Compact(slices.Clone(sorted))
	if len(distinct) <= most {
		return distinct
	}
	out := make([]float64, 0, most)
	for k := range most {
		out = append(out, sorted[k*(len(sorted)-1)/max(most-1, 1)])
	}
	return slices.Compact(out)
}
