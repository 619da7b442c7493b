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
	if err := learn.CheckShape(x, y, opts); err != nil {
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
			spread += float64(m.weight * m.mean * m.mean)
		}
		scale := math.Sqrt(spread / d.total)
		switch {
		case !finite(m.mean) || !finite(scale):
			return nil, unusable(x, j)
		case intercept && (m.constant || scale <= 4e-15*math.Abs(m.mean)), scale < 1e-300:
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

// some is the design of some of the columns.
func (d *design) some(of []int) *design {
	out := *d
	out.columns, out.center, out.inverse, out.feature = nil, nil, nil, nil
	for _, j := range of {
		out.add(d.columns[j], d.center[j], d.inverse[j], d.feature[j])
	}
	return &out
}

// unusable says why a feature has no finite mean and deviation.
func unusable(x *learn.Matrix, j int) error {
	largest := 0.0
	for i, v := range x.Columns[j] {
		switch {
		case math.IsNaN(v):
			return fmt.Errorf("feature %q is missing in row %d: linear models need every value, impute first", x.Names[j], i)
		case math.IsInf(v, 0):
			return fmt.Errorf("feature %q is infinite in row %d: cap or remove such values first", x.Names[j], i)
		}
		largest = max(largest, math.Abs(v))
	}
	return fmt.Errorf("feature %q has values up to %.3g, too large to compute with: rescale it", x.Names[j], largest)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// moments are the weighted mean and the sum of weighted squares about it, and
// whether all values that have weight are the same.
type moments struct {
	weight, mean, squares float64
	constant              bool
}

// measure goes over a column once, block by block. A block's sums are of the
// differences from the mean so far, so that they keep their digits however far
// from 0 the values are, and the blocks' moments are merged (Chan, Golub, LeVeque 1979).
func measure(column, weights []float64) moments {
	all := moments{constant: true}
	first, shift := math.NaN(), column[0]
	for start := 0; start < len(column); start += block {
		c := column[start:min(start+block, len(column))]
		var weight, sum, squares float64
		if weights == nil {
			first = column[0]
			weight = float64(len(c))
			sum, squares = sums(c, shift)
			all.constant = all.constant && same(c, first)
		} else {
			for i, v := range c {
				w := weights[start+i]
				if w == 0 && finite(v) { // others are refused, whatever their weight
					continue
				}
				if first != first {
					first, shift = v, v
				}
				all.constant = all.constant && v == first
				d := v - shift
				weight += w
				sum += float64(w * d)
				squares += float64(float64(w*d) * d)
			}
			if weight == 0 && sum == sum {
				continue
			}
		}
		mean := sum / weight
		apart := shift + mean - all.mean
		total := all.weight + weight
		share := weight / total
		all.squares += max(0, squares-float64(sum*mean)) + float64(float64(float64(apart*apart)*all.weight)*share)
		all.mean += float64(apart * share)
		all.weight, shift = total, all.mean
	}
	return all
}

// sums are the sums of the differences from a value and of their squares: eight
// sums of every eighth row, and of the rows that are left.
func sums(x []float64, from float64) (sum, squares float64) {
	var s [2]float64
	done := sumsFast(x, from, &s)
	if done == 0 {
		done = sumsPlain(x, from, &s)
	}
	sum, squares = s[0], s[1]
	for _, v := range x[done:] {
		d := v - from
		sum += d
		squares += float64(d * d)
	}
	return sum, squares
}

// sumsPlain is sums for as many rows as it returns.
func sumsPlain(x []float64, from float64, s *[2]float64) int {
	var sum, squares lanes
	rows := len(x) &^ 7
	for i := 0; i < rows; i += 8 {
		for l, v := range x[i : i+8] {
			d := v - from
			sum[l] += d
			squares[l] += float64(d * d)
		}
	}
	s[0], s[1] = sum.total(), squares.total()
	return rows
}

func same(c []float64, as float64) bool {
	for _, v := range c {
		if v != as {
			return false
		}
	}
	return true
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
