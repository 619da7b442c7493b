package decompose

import (
	"context"

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
}

// measure checks the columns, notes their means where they are to be centred, finds
// the scale and returns the sum of the features' variances.
func (w *work) measure(centre bool) (total float64, err error) {
	all, err := moments.All(w.ctx, w.x, nil, w.threads)
	if err != nil {
		return 0, err
	}
	if w.scale, err = moments.Scale(w.x, all, centre); err != nil {
		return 0, err
	}
	for j, c := range all {
		total += c.Squares / float64(w.rows)
		if centre {
			w.means[j] = c.Mean
		}
	}
	return total, nil
}

// several is the number of rows worked on at a time, so that what is used again
// is still in the cache.
const several = 512

// times multiplies the matrix with directions: a column of rows for each.
func (w *work) times(right [][]float64) [][]float64 {
	out := columns(len(right), w.rows)
	_ = parallel.Each(w.ctx, w.threads, (w.rows+several-1)/several, func(_, task int) { // Fit asks ctx
		start, end := task*several, min((task+1)*several, w.rows)
		for j := 0; j < len(w.means); j += 4 {
			x := vector.NewFour(w.x.Columns, w.means, j, start, end)
			for k, v := range right {
				var by [4]float64
				for i, v := range v[j:min(j+4, len(v))] {
					by[i] = v * w.scale
				}
				x.Add(out[k][start:end], &by)
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
	x := &learn.Matrix{Rows: n}
	for j := range n {
		x.Columns = append(x.Columns, g[j*n:(j+1)*n])
	}
	return &work{ctx: w.ctx, threads: 1, rows: n, x: x, means: make([]float64, n), scale: 1}, nil
}

// transposed multiplies the transposed matrix with columns of rows: out[k][j] is
// the inner product of column j and left[k]. Rows are added part by part, and the
// parts in their order.
func (w *work) transposed(left [][]float64) [][]float64 {
	size := max(8*several, (w.rows+15)/16)
	parts := make([][][]float64, (w.rows+size-1)/size)
	_ = parallel.Each(w.ctx, w.threads, len(parts), func(_, part int) { // Fit asks ctx
		sums := columns(len(left), len(w.means))
		for start := part * size; start < min((part+1)*size, w.rows); start += several {
			end := min(start+several, (part+1)*size, w.rows)
			for j := 0; j < len(w.means); j += 4 {
				x := vector.NewFour(w.x.Columns, w.means, j, start, end)
				for k, v := range left {
					s := x.Inner(v[start:end])
					vector.Add(sums[k][j:min(j+4, len(w.means))], w.scale, s[:])
				}
			}
		}
		parts[part] = sums
	})
	out := columns(len(left), len(w.means))
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
