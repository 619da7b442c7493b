package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/moments"
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
		if err := learn.CheckWeights(opts.Weights); err != nil {
			return nil, err
		}
		d.weights, d.total = opts.Weights, 0
		for _, w := range d.weights {
			d.total += w
		}
	}
	all, err := moments.All(ctx, x, d.weights, d.threads)
	if err != nil {
		return nil, err
	}
	for j, m := range all {
		spread := m.Squares
		if !intercept {
			spread += float64(m.Weight * m.Mean * m.Mean)
		}
		scale := math.Sqrt(spread / d.total)
		switch {
		case !finite(m.Mean) || !finite(scale):
			return nil, unusable(x, j)
		case intercept && (m.Constant || scale <= 4e-15*math.Abs(m.Mean)), scale < 1e-300:
			continue // it does not vary
		}
		if !intercept {
			m.Mean = 0
		}
		d.add(x.Columns[j], m.Mean, 1/scale, j)
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

// gram is the matrix of weighted inner products of the standardised features.
func (d *design) gram(ctx context.Context) ([]float64, error) {
	s := moments.Standard{Columns: d.columns, Center: d.center, Inverse: d.inverse, Weights: d.weights, Rows: d.rows}
	return s.Products(ctx, d.threads)
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
