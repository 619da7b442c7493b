package decompose

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/vector"
)

// work is the matrix that is decomposed: columns less their means, times a power
// of two so that squares neither overflow nor vanish.
type work struct {
	ctx     context.Context
	threads int
	rows    int
	columns [][]float64
	scale   float64
}

// take checks the columns, notes their means where they are to be centred, and
// returns the sum of the features' variances.
func (w *work) take(x *learn.Matrix, centre bool, means []float64) (total float64, err error) {
	top := 0.0
	all, largest := make([]float64, len(x.Columns)), make([]float64, len(x.Columns))
	err = parallel.Each(w.ctx, w.threads, len(x.Columns), func(_, j int) {
		first, sum := x.Columns[j][0], 0.0
		for _, v := range x.Columns[j] {
			sum += v - first
		}
		all[j] = first + sum/float64(w.rows)
		low, high := first, first
		for _, v := range x.Columns[j] {
			if v < low {
				low = v
			}
			if v > high {
				high = v
			}
		}
		largest[j] = max(math.Abs(low), math.Abs(high), high-low) + 0*sum // no number where there is none
	})
	if err != nil {
		return 0, err
	}
	for j, v := range largest {
		if math.IsInf(v, 0) || math.IsNaN(v) || v > 1e150 {
			for i, v := range x.Columns[j] {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return 0, fmt.Errorf("feature %q is %v in row %d: impute or cap first", x.Names[j], v, i)
				}
			}
			return 0, fmt.Errorf("feature %q has numbers too large to decompose: scale it first", x.Names[j])
		}
		top = max(top, v)
	}
	_, exponent := math.Frexp(top)
	w.scale = math.Ldexp(1, min(-exponent, 1000))
	variances := make([]float64, len(x.Columns))
	err = parallel.Each(w.ctx, w.threads, len(x.Columns), func(_, j int) {
		if centre {
			means[j] = all[j]
		}
		w.columns[j] = make([]float64, w.rows)
		for i, v := range x.Columns[j] {
			w.columns[j][i] = (v - means[j]) * w.scale
			e := v - all[j]
			variances[j] += e * e / float64(w.rows)
		}
	})
	for _, v := range variances {
		total += v
	}
	return total, err
}

// several is the number of rows worked on at a time, so that what is used again
// is still in the cache.
const several = 512

// times multiplies the matrix with directions: a column of rows for each.
func (w *work) times(right [][]float64) [][]float64 {
	out := columns(len(right), w.rows)
	_ = parallel.Each(w.ctx, w.threads, (w.rows+several-1)/several, func(_, task int) { // Fit asks ctx
		start, end := task*several, min((task+1)*several, w.rows)
		for k, v := range right {
			to := out[k][start:end]
			j := 0
			for ; j+4 <= len(v); j += 4 {
				a, b := w.columns[j][start:end], w.columns[j+1][start:end]
				c, d := w.columns[j+2][start:end], w.columns[j+3][start:end]
				vector.Add4(to, [4]float64(v[j:j+4]), a, b, c, d)
			}
			for ; j < len(v); j++ {
				vector.Add(to, v[j], w.columns[j][start:end])
			}
		}
	})
	return out
}

// transposed multiplies the transposed matrix with columns of rows.
func (w *work) transposed(left [][]float64) [][]float64 {
	return w.between(w.columns, left, func(int) int { return len(left) })
}

// gram is the products of the columns among each other, itself a matrix to
// decompose.
func (w *work) gram() *work {
	p := len(w.columns)
	out := w.between(w.columns, w.columns, func(j int) int { return j + 1 })
	for j := range p {
		for k := range j {
			out[j][k] = out[k][j]
		}
	}
	return &work{ctx: w.ctx, threads: 1, rows: p, columns: out, scale: 1}
}

// between are the inner products of a with the first so many of b: out[k][j] is
// that of a[j] and b[k]. Rows are added part by part, and the parts in their order.
func (w *work) between(a, b [][]float64, most func(j int) int) [][]float64 {
	size := max(8*several, (w.rows+15)/16)
	parts := make([][][]float64, (w.rows+size-1)/size)
	_ = parallel.Each(w.ctx, w.threads, len(parts), func(_, part int) { // Fit asks ctx
		sums := columns(len(b), len(a))
		for start := part * size; start < min((part+1)*size, w.rows); start += several {
			end := min(start+several, (part+1)*size, w.rows)
			for j := range a {
				v, n, k := a[j][start:end], most(j), 0
				for ; k+4 <= n; k += 4 {
					s0, s1, s2, s3 := vector.Inner4(v, b[k][start:end], b[k+1][start:end], b[k+2][start:end], b[k+3][start:end])
					sums[k][j] += s0
					sums[k+1][j] += s1
					sums[k+2][j] += s2
					sums[k+3][j] += s3
				}
				for ; k < n; k++ {
					sums[k][j] += vector.Inner(v, b[k][start:end])
				}
			}
		}
		parts[part] = sums
	})
	out := columns(len(b), len(a))
	for _, sums := range parts {
		for k := range sums {
			vector.Add(out[k], 1, sums[k])
		}
	}
	return out
}

func columns(n, rows int) [][]float64 {
	out := make([][]float64, n)
	for k := range out {
		out[k] = make([]float64, rows)
	}
	return out
}
