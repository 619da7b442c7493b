package decompose

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/moments"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/vector"
)

// work is the matrix that is decomposed: columns less their means, times a power
// of two so that squares neither overflow nor vanish.
type work struct {
	ctx     context.Context
	threads int
	rows    int
	x       *learn.Matrix
	means   []float64
	scale   float64
	columns [][]float64 // copies; nil until they are asked for
}

// measure checks the columns, notes their means where they are to be centred, finds
// the scale and returns the sum of the features' variances.
func (w *work) measure(centre bool) (total float64, err error) {
	all, largest := make([]moments.Column, len(w.means)), make([]float64, len(w.means))
	err = parallel.Each(w.ctx, w.threads, len(all), func(_, j int) {
		c := moments.Of(w.x.Columns[j], nil)
		all[j], largest[j] = c, math.Abs(c.Mean)+math.Sqrt(c.Squares)
		if largest[j] < 1e-100 { // squares may have vanished
			for _, v := range w.x.Columns[j] {
				largest[j] = max(largest[j], math.Abs(v))
			}
		}
	})
	if err != nil {
		return 0, err
	}
	top := 0.0
	for j, v := range largest {
		if !(v <= 1e150) {
			return 0, w.unusable(j)
		}
		top = max(top, v)
		total += all[j].Squares / float64(w.rows)
		if centre {
			w.means[j] = all[j].Mean
		}
	}
	_, exponent := math.Frexp(top)
	w.scale = math.Ldexp(1, min(-exponent, 1000))
	return total, nil
}

// unusable says why a feature has no finite moments.
func (w *work) unusable(j int) error {
	for i, v := range w.x.Columns[j] {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("feature %q is %v in row %d: impute or cap first", w.x.Names[j], v, i)
		}
	}
	return fmt.Errorf("feature %q has numbers too large to decompose: scale it first", w.x.Names[j])
}

// copied makes copies of the columns as they are decomposed.
func (w *work) copied() error {
	w.columns = columns(len(w.means), w.rows)
	return parallel.Each(w.ctx, w.threads, len(w.columns), func(_, j int) {
		vector.Standardise(w.columns[j], w.x.Columns[j], w.means[j], w.scale)
	})
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
				vector.Add4(to, (*[4]float64)(v[j:]), a, b, c, d)
			}
			for ; j < len(v); j++ {
				vector.Add(to, v[j], w.columns[j][start:end])
			}
		}
	})
	return out
}

// gram is the products of the columns among each other, itself a matrix to
// decompose.
func (w *work) gram() (*work, error) {
	n := len(w.means)
	s := moments.Standard{Columns: w.x.Columns, Center: w.means, Inverse: make([]float64, n), Rows: w.rows}
	for j := range n {
		s.Inverse[j] = w.scale
	}
	g, err := s.Products(w.ctx, w.threads)
	if err != nil {
		return nil, err
	}
	out := &work{ctx: w.ctx, threads: 1, rows: n}
	for j := range n {
		out.columns = append(out.columns, g[j*n:(j+1)*n])
	}
	return out, nil
}

// transposed multiplies the transposed matrix with columns of rows: out[k][j] is
// the inner product of column j and left[k]. Rows are added part by part, and the
// parts in their order.
func (w *work) transposed(left [][]float64) [][]float64 {
	size := max(8*several, (w.rows+15)/16)
	parts := make([][][]float64, (w.rows+size-1)/size)
	_ = parallel.Each(w.ctx, w.threads, len(parts), func(_, part int) { // Fit asks ctx
		sums := columns(len(left), len(w.columns))
		for start := part * size; start < min((part+1)*size, w.rows); start += several {
			end := min(start+several, (part+1)*size, w.rows)
			for j := range w.columns {
				v, k := w.columns[j][start:end], 0
				for ; k+4 <= len(left); k += 4 {
					s0, s1, s2, s3 := vector.Inner4(v, left[k][start:end], left[k+1][start:end], left[k+2][start:end], left[k+3][start:end])
					sums[k][j] += s0
					sums[k+1][j] += s1
					sums[k+2][j] += s2
					sums[k+3][j] += s3
				}
				for ; k < len(left); k++ {
					sums[k][j] += vector.Inner(v, left[k][start:end])
				}
			}
		}
		parts[part] = sums
	})
	out := columns(len(left), len(w.columns))
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
