package linear

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn/vector"
)

// mostExact is up to how many coefficients that are not 0 are solved for at once.
const mostExact = 1024

// A quadratic is u'Au/2 - b'u + the sum of lasso[j] |u[j]|, with A symmetric and
// positive semi-definite, row-major.
type quadratic struct {
	a       []float64
	lasso   []float64
	threads int
}

// minimise improves u, given left = b - Au, which it keeps so, by coordinate
// descent with updates by the covariances (Friedman, Hastie, Tibshirani 2010, 2.2).
// Once the signs have settled, it goes straight to the minimum among coefficients
// of these signs, or as far as the first that becomes 0 (feature-sign search: Lee
// et al. 2007), so that features close to dependent take no longer. It ends when a
// sweep changes u by no more than the tolerance, in the norm of A's diagonal, or
// after a number of sweeps, and returns how many it took.
func (p *quadratic) minimise(ctx context.Context, u, left []float64, tolerance float64, most int) (sweeps int, err error) {
	settled := 0
	for sweeps < most {
		if err := ctx.Err(); err != nil {
			return sweeps, err
		}
		moved, same := p.sweep(u, left)
		sweeps++
		if moved <= tolerance*tolerance {
			return sweeps, nil
		}
		if settled++; !same {
			settled = 0
		}
		if settled == 2 {
			if err := p.jump(ctx, u, left); err != nil {
				return sweeps, err
			}
			settled = -5
		}
	}
	return sweeps, nil
}

// sweep finds the minimum along each coordinate in turn, and says by how much u
// moved and whether all signs stayed as they were.
func (p *quadratic) sweep(u, left []float64) (moved float64, same bool) {
	n := len(u)
	same = true
	for j, was := range u {
		row := p.a[j*n : (j+1)*n]
		if !(row[j] > 0) {
			continue
		}
		now := soften(left[j]+float64(row[j]*was), p.lasso[j]) / row[j]
		if now == was {
			continue
		}
		by := now - was
		u[j] = now
		vector.Add(left, -by, row)
		moved += float64(float64(row[j]*by) * by)
		same = same && sign(was) == sign(now)
	}
	return moved, same
}

// jump moves the coefficients that are not 0 to the minimum over them, or, as often
// as one of them becomes 0 on the way, goes on without it.
func (p *quadratic) jump(ctx context.Context, u, left []float64) error {
	n := len(u)
	for {
		var of []int
		for j, v := range u {
			if v != 0 {
				of = append(of, j)
			}
		}
		k := len(of)
		if k == 0 || k > mostExact {
			return nil
		}
		a, b := make([]float64, k*k), make([]float64, k)
		for i, j := range of {
			for m, l := range of {
				a[i*k+m] = p.a[j*n+l]
			}
			b[i] = left[j] - float64(p.lasso[j]*sign(u[j]))
		}
		f, err := factorise(ctx, a, k, p.threads, tolerance)
		if err != nil {
			return err
		}
		step, far, first := f.solve(b), 1.0, -1
		if free := f.free(a, b, step); free != nil {
			step, far = free, math.Inf(1)
		}
		for i, j := range of {
			if p.lasso[j] > 0 && sign(step[i]) == -sign(u[j]) && far*math.Abs(step[i]) >= math.Abs(u[j]) {
				far, first = -u[j]/step[i], i
			}
		}
		if !finite(far) {
			return nil
		}
		for i, j := range of {
			by := float64(far * step[i])
			if i == first {
				by = -u[j]
			}
			u[j] += by
			vector.Add(left, -by, p.a[j*n:(j+1)*n])
		}
		if first < 0 {
			return nil
		}
	}
}

// free returns a direction along b in which x'Ax does not grow; nil if there is
// none, and x, the solution of A x = b, is one indeed.
func (f *factor) free(a, b, x []float64) []float64 {
	n := len(b)
	size, off := 0.0, 0.0
	for i, v := range b {
		size = max(size, math.Abs(v))
		off = max(off, math.Abs(vector.Inner(a[i*n:(i+1)*n], x)-v))
	}
	if f.rank == n || off <= 1e-9*size {
		return nil
	}
	var best []float64
	most := 0.0
	for i := range n - f.rank {
		x := f.null(i)
		size := 0.0
		for _, v := range x {
			size = max(size, math.Abs(v))
		}
		for j, v := range x {
			if math.Abs(v) < 1e-9*size {
				x[j] = 0 // but for rounding
			}
		}
		if slope := vector.Inner(x, b) / size; math.Abs(slope) > most {
			best, most = x, math.Abs(slope)
		}
	}
	if best != nil && vector.Inner(best, b) < 0 {
		for i := range best {
			best[i] = -best[i]
		}
	}
	return best
}

// soften moves v towards 0 by so much.
func soften(v, by float64) float64 {
	switch {
	case v > by:
		return v - by
	case v < -by:
		return v + by
	}
	return 0
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
