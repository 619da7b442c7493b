package linear

import (
	"context"
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/vector"
)

const (
	// tolerance is the share of a feature's variance below which the rest of it,
	// after what other features explain, is taken for rounding.
	tolerance = 1e-13
	// trusted is the share from which on the normal equations alone are exact
	// enough: four digits of sixteen are lost.
	trusted = 1e-4
	// wide is the number of features from which on the smaller of the two ways
	// to write the normal equations is chosen.
	wide = 256
)

// squares is a penalised least squares problem in standardised features and
// target: it minimises |y - Xu|^2 + alpha |w|^2, with w = u * inverse.
type squares struct {
	*design
	target      []float64
	mean, scale float64 // of the target: 0 is taken for the mean without an intercept
	alpha       float64
}

func (s *squares) solve(ctx context.Context) ([]float64, error) {
	if n := len(s.columns); n > s.rows && n > wide {
		return s.byRows(ctx)
	}
	return s.byColumns(ctx)
}

// byColumns solves the normal equations and, where features are close to
// dependent, makes good what those lost in precision with the residuals
// (iterative refinement; Bjorck 1987, corrected semi-normal equations).
func (s *squares) byColumns(ctx context.Context) ([]float64, error) {
	n := len(s.columns)
	penalty := make([]float64, n)
	for j, v := range s.inverse {
		// A feature of tiny values is held at 0 by any penalty; the bound keeps it finite.
		penalty[j] = min(s.alpha*v*v, 1e200)
	}
	all := *s.design
	all.columns, all.center, all.inverse = slices.Clone(s.columns), slices.Clone(s.center), slices.Clone(s.inverse)
	all.add(s.target, s.mean, 1/s.scale, 0)
	g, err := all.gram(ctx)
	if err != nil {
		return nil, err
	}
	a, b := make([]float64, n*n), make([]float64, n)
	for j := range n {
		copy(a[j*n:(j+1)*n], g[j*(n+1):])
		a[j*n+j] += penalty[j]
		b[j] = g[j*(n+1)+n]
	}
	f, err := factorise(ctx, a, n, s.threads, tolerance)
	if err != nil {
		return nil, err
	}
	u := f.solve(b)
	if f.least >= trusted {
		return u, nil
	}
	last := math.Inf(1)
	for range 4 {
		g, _, err := s.descent(ctx, u)
		if err != nil {
			return nil, err
		}
		for j := range g {
			g[j] -= float64(penalty[j] * u[j])
		}
		step := f.solve(g)
		size := vector.Inner(step, step)
		if size > last/4 {
			break // no longer getting nearer
		}
		vector.Add(u, 1, step)
		if size <= 1e-24*vector.Inner(u, u) {
			break
		}
		last = size
	}
	return u, nil
}

// byRows solves for more features than rows by the inner products of the rows:
// with Z = W^1/2 X / sqrt(alpha) and X as it came but centered,
// w = Z' (Z Z' + 1)^-1 W^1/2 y / sqrt(alpha). Without a penalty X is standardised,
// alpha and 1 are left out, and the solution has the least norm.
func (s *squares) byRows(ctx context.Context) ([]float64, error) {
	z := &design{rows: len(s.columns), threads: s.threads}
	unit := func(j int) float64 {
		if s.alpha > 0 {
			return 1 / math.Sqrt(s.alpha)
		}
		return s.inverse[j]
	}
	b := make([]float64, s.rows)
	for i := range s.rows {
		w := 1.0
		if s.weights != nil {
			w = math.Sqrt(s.weights[i])
		}
		row := make([]float64, z.rows)
		for j, column := range s.columns {
			row[j] = (column[i] - s.center[j]) * unit(j) * w
		}
		z.add(row, 0, 1, i)
		b[i] = (s.target[i] - s.mean) / s.scale * w
	}
	k, err := z.gram(ctx)
	if err != nil {
		return nil, err
	}
	if s.alpha > 0 {
		for i := range s.rows {
			k[i*s.rows+i]++
		}
	}
	f, err := factorise(ctx, k, s.rows, s.threads, tolerance)
	if err != nil {
		return nil, err
	}
	u := make([]float64, z.rows)
	for i, v := range f.solve(b) {
		vector.Add(u, v, z.columns[i])
	}
	for j := range u {
		u[j] *= unit(j) / s.inverse[j]
	}
	return u, nil
}

// descent is the inner products of the features with the weighted residuals, and
// the weighted sum of the squared residuals.
func (s *squares) descent(ctx context.Context, u []float64) (g []float64, rest float64, err error) {
	n := len(u)
	v := make([]float64, n)
	for j := range v {
		v[j] = u[j] * s.inverse[j]
	}
	parts, rests := make([][]float64, s.chunks()), make([]float64, s.chunks())
	err = parallel.Each(ctx, s.threads, len(parts), func(_, c int) {
		g := make([]float64, n)
		var room [block]float64
		start, end := s.cut(c, len(parts))
		for ; start < end; start += block {
			r := room[:min(block, end-start)]
			s.scores(start, v, 0, r)
			for i, z := range r {
				r[i] = (s.target[start+i]-s.mean)/s.scale - z
				square := float64(r[i] * r[i])
				if s.weights != nil {
					w := s.weights[start+i]
					r[i], square = float64(r[i]*w), float64(square*w)
				}
				rests[c] += square
			}
			s.gather(start, r, g)
		}
		parts[c] = g
	})
	if err != nil {
		return nil, 0, err
	}
	g, rest = parts[0], rests[0]
	for c, p := range parts[1:] {
		vector.Add(g, 1, p)
		rest += rests[c+1]
	}
	for j := range g {
		g[j] *= s.inverse[j]
	}
	return g, rest, nil
}
