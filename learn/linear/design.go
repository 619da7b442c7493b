package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

// A design is the features as the solvers see them: standardised, so that the
// units of a feature do not matter to a solver's accuracy, without a copy being
// made. Feature j's value is (columns[j][i] - center[j]) * inverse[j]; features
// that do not vary are left out.
type design struct {
	columns [][]float64
	center  []float64 // weighted mean, 0 without an intercept
	inverse []float64 // 1 / weighted standard deviation (root mean square without an intercept)
	feature []int     // which feature of the matrix each column is
	rows    int
	weights []float64 // nil: all 1
	total   float64   // sum of the weights
	threads int
}

// newDesign checks the data and measures the features.
func newDesign(ctx context.Context, x *learn.Matrix, y *learn.Target, opts *learn.Options, intercept bool) (*design, error) {
	if err := learn.CheckFit(x, y, opts); err != nil {
		return nil, err
	}
	d := &design{rows: x.Rows, total: float64(x.Rows), threads: opts.ThreadCount()}
	if opts != nil && opts.Weights != nil {
		d.weights, d.total = opts.Weights, 0
		for i, w := range d.weights {
			if !(w >= 0) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("the sample weight of row %d is %v, not a number of at least 0", i, w)
			}
			d.total += w
		}
		if d.total == 0 {
			return nil, fmt.Errorf("all sample weights are 0")
		}
	}
	all := make([]moments, len(x.Columns))
	err := parallel(ctx, d.threads, len(all), func(j int) {
		all[j] = measure(x.Columns[j], d.weights)
	})
	if err != nil {
		return nil, err
	}
	for j, m := range all {
		spread := m.squares
		if !intercept {
			spread += m.weight * m.mean * m.mean
		}
		scale := math.Sqrt(spread / d.total)
		switch {
		case math.IsNaN(m.mean):
			return nil, missing(x, j)
		case math.IsInf(scale, 0) || math.IsInf(m.mean, 0):
			return nil, fmt.Errorf("feature %q has values up to %.3g, too large to compute with: rescale it", x.Names[j], max(m.high, -m.low))
		case intercept && (m.low == m.high || scale <= 4e-15*math.Abs(m.mean)), scale < 1e-300:
			continue // it does not vary
		}
		if !intercept {
			m.mean = 0
		}
		d.add(x.Columns[j], m.mean, 1/scale, j)
	}
	return d, nil
}

func (d *design) add(column []float64, center, inverse float64, feature int) {
	d.columns = append(d.columns, column)
	d.center = append(d.center, center)
	d.inverse = append(d.inverse, inverse)
	d.feature = append(d.feature, feature)
}

func missing(x *learn.Matrix, j int) error {
	for i, v := range x.Columns[j] {
		if math.IsNaN(v) {
			return fmt.Errorf("feature %q is missing in row %d: linear models need every value, impute first", x.Names[j], i)
		}
	}
	return fmt.Errorf("feature %q has no mean: its values are too large, rescale it", x.Names[j])
}

// moments are the weighted mean and the sum of weighted squares about it, and
// the range of the values that have weight.
type moments struct {
	weight, mean, squares, low, high float64
}

// measure goes over a column once, block by block, and merges the blocks'
// moments (Chan, Golub, LeVeque 1979).
func measure(column, weights []float64) moments {
	all := moments{low: math.Inf(1), high: math.Inf(-1)}
	for start := 0; start < len(column); start += block {
		end := min(start+block, len(column))
		b := moments{low: all.low, high: all.high}
		if weights == nil {
			b.weight = float64(end - start)
			for _, v := range column[start:end] {
				b.mean += v
				b.low, b.high = min(b.low, v), max(b.high, v)
			}
			b.mean /= b.weight
			for _, v := range column[start:end] {
				v -= b.mean
				b.squares += float64(v * v)
			}
		} else {
			for i, v := range column[start:end] {
				w := weights[start+i]
				b.weight += w
				b.mean += float64(w * v)
				if w > 0 {
					b.low, b.high = min(b.low, v), max(b.high, v)
				}
			}
			if b.weight == 0 {
				if math.IsNaN(b.mean) { // a missing value is refused, whatever its weight
					return b
				}
				continue
			}
			b.mean /= b.weight
			for i, v := range column[start:end] {
				v -= b.mean
				b.squares += float64(float64(weights[start+i]*v) * v)
			}
		}
		apart, weight := b.mean-all.mean, all.weight+b.weight
		share := b.weight / weight
		all.squares += b.squares + float64(float64(float64(apart*apart)*all.weight)*share)
		all.mean += float64(apart * share)
		all.weight, all.low, all.high = weight, b.low, b.high
	}
	return all
}

// chunks is the number of parts that a pass over the rows is cut into, and cut
// the i-th part: whole blocks, whatever the number of threads, so that sums are
// added up in the same order.
func (d *design) chunks() int { return min(64, blocks(d.rows)) }

func (d *design) cut(i, of int) (start, end int) {
	n := blocks(d.rows)
	return i * n / of * block, min((i+1)*n/of*block, d.rows)
}

func blocks(rows int) int { return (rows + block - 1) / block }

// original turns coefficients of the standardised features into those of all
// features of the matrix, and returns what their centers add to a prediction.
func (d *design) original(u []float64, features int) (coefficients []float64, offset float64) {
	coefficients = make([]float64, features)
	for j, f := range d.feature {
		coefficients[f] = u[j] * d.inverse[j]
		offset -= float64(coefficients[f] * d.center[j])
	}
	return coefficients, offset
}
