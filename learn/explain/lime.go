package explain

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/portable"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// LIME explains a row of any model by a linear one that is fitted to predictions
// around it (Ribeiro, Singh and Guestrin, "Why should I trust you?", 2016). As
// theirs does for tables, it cuts features at the quartiles of the background, and
// looks at whether a drawn value is in the same part as the row's.
type LIME struct {
	Samples int     // drawn rows; 0: 5000
	Width   float64 // of the kernel; 0: 0.75 sqrt(features)
	Ridge   float64 // the penalty of the coefficients; 0: 1
	Seed    uint64
}

// A Surrogate is a linear model around a row.
type Surrogate struct {
	Features     []string
	Intercept    float64
	Coefficients []float64 // what it adds that a feature is where it is in the row
	R2           float64   // of the surrogate, by weight: how far it can be trusted
}

// Explain fits a surrogate to an output of the model around a row of x.
func (s LIME) Explain(ctx context.Context, predict Predict, background, x *learn.Matrix, row, output int) (*Surrogate, error) {
	n := len(x.Columns)
	if err := checkFeatures(background, n); err != nil {
		return nil, err
	}
	if row < 0 || row >= x.Rows || background.Rows == 0 || n == 0 {
		return nil, fmt.Errorf("row %d of %d, with %d features and %d background rows", row, x.Rows, n, background.Rows)
	}
	samples, width, ridge := s.Samples, s.Width, s.Ridge
	if samples == 0 {
		samples = 5000
	}
	if width == 0 {
		width = 0.75 * math.Sqrt(float64(n))
	}
	if ridge == 0 {
		ridge = 1
	}
	if samples < 0 || !(width > 0) || !(ridge > 0) {
		return nil, fmt.Errorf("samples %d, width %v and ridge %v must be positive", samples, width, ridge)
	}
	random := splitmix.Stream(s.Seed, 0)
	drawn := &learn.Matrix{Names: x.Names, Columns: make([][]float64, n), Rows: samples}
	same := make([]uint8, samples*n)
	for j := range drawn.Columns {
		part := parts(background.Columns[j])
		own := part(x.Columns[j][row])
		col := make([]float64, samples)
		for i := range col {
			col[i] = background.Columns[j][random.Below(uint32(background.Rows))]
			if i == 0 {
				col[i] = x.Columns[j][row] // the row itself
			}
			if part(col[i]) == own {
				same[i*n+j] = 1
			}
		}
		drawn.Columns[j] = col
	}
	predicted := predict(drawn)
	outputs := len(predicted) / samples
	if output < 0 || output >= outputs {
		return nil, fmt.Errorf("output %d of %d", output, outputs)
	}
	y := make([]float64, samples)
	for i := range y {
		y[i] = predicted[i*outputs+output]
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out, err := fitAround(same, y, n, width, ridge)
	if err != nil {
		return nil, err
	}
	out.Features = names(x)
	return out, nil
}

// parts says in which part of a column a value is: between its quartiles, or by
// itself where there are few values. A missing value is a part of its own.
func parts(column []float64) func(float64) int {
	cuts := Grid(column, 10)
	if len(cuts) == 10 {
		cuts = Grid(column, 5)[1:]
	}
	return func(v float64) int {
		if v != v {
			return -1
		}
		at, _ := slices.BinarySearch(cuts, v)
		return at
	}
}

// fitAround is ridge regression of y on indicators, with weights that fall with the
// number of indicators that are 0. The intercept is not penalised.
func fitAround(same []uint8, y []float64, n int, width, ridge float64) (*Surrogate, error) {
	w := make([]float64, n+1) // by the number of features that are elsewhere
	for d := range w {
		w[d] = portable.Exp(-float64(d) / (width * width) / 2)
	}
	size := n + 1 // the last unknown is the intercept
	a := make([]float64, size*(size+1))
	weights := make([]float64, len(y))
	ones := make([]int, 0, size)
	for i, v := range y {
		ones = ones[:0]
		for j, s := range same[i*n : (i+1)*n] {
			if s == 1 {
				ones = append(ones, j)
			}
		}
		weights[i] = w[n-len(ones)]
		ones = append(ones, n)
		for _, j := range ones {
			for _, k := range ones {
				a[j*(size+1)+k] += weights[i]
			}
			a[j*(size+1)+size] += float64(weights[i] * v)
		}
	}
	for j := range n {
		a[j*(size+1)+j] += ridge
	}
	if !solve(a, size) {
		return nil, fmt.Errorf("the rows around it do not tell the features apart: widen the kernel")
	}
	out := &Surrogate{Intercept: a[n*(size+1)+size], Coefficients: make([]float64, n)}
	for j := range n {
		out.Coefficients[j] = a[j*(size+1)+size]
	}
	var sum, total, mean, off, spread float64
	for i, v := range y {
		total += weights[i]
		sum += float64(weights[i] * v)
	}
	mean = sum / total
	for i, v := range y {
		fit := out.Intercept
		for j, s := range same[i*n : (i+1)*n] {
			if s == 1 {
				fit += out.Coefficients[j]
			}
		}
		off += float64(weights[i] * float64((v-fit)*(v-fit)))
		spread += float64(weights[i] * float64((v-mean)*(v-mean)))
	}
	if spread > 0 {
		out.R2 = 1 - off/spread
	}
	return out, nil
}
