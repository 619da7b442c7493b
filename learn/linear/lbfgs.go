package linear

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn/vector"
)

// A problem is a smooth convex function to minimise.
type problem struct {
	// value returns the function at u and writes its gradient to g.
	value func(u, g []float64) (float64, error)
	// near applies an approximation of the inverse of the second derivatives.
	near func(g []float64) []float64

	tolerance float64 // of the distance to the minimum, in the norm of the second derivatives
	steps     int     // at most
	progress  func(step int)
}

// minimise improves u by L-BFGS (Nocedal and Wright, Numerical Optimization,
// algorithm 7.4) until it is within the tolerance, and says whether it came to be
// and after how many steps. Each step starts from near rather than from the
// identity, and is shortened until the function falls enough.
func (p *problem) minimise(ctx context.Context, u []float64) (converged bool, steps int, err error) {
	const memory = 10
	type pair struct {
		s, y  []float64
		inner float64 // s'y
	}
	var pairs []pair
	n := len(u)
	g := make([]float64, n)
	f, err := p.value(u, g)
	if err != nil {
		return false, 0, err
	}
	alpha := make([]float64, memory)
	shrink := 1.0 // of near, to the size seen along the last step
	for steps = 0; steps < p.steps; steps++ {
		if err := ctx.Err(); err != nil {
			return false, steps, err
		}
		// The two-loop recursion: down = H g.
		q := append([]float64(nil), g...)
		for i := len(pairs) - 1; i >= 0; i-- {
			alpha[i] = vector.Inner(pairs[i].s, q) / pairs[i].inner
			vector.Add(q, -alpha[i], pairs[i].y)
		}
		down := p.near(q)
		for i := range down {
			down[i] *= shrink
		}
		for i, b := range pairs {
			vector.Add(down, alpha[i]-vector.Inner(b.y, down)/b.inner, b.s)
		}
		fall := vector.Inner(g, down) // of the function, twice, at its minimum, if it were a parabola
		if fall <= p.tolerance*p.tolerance {
			return true, steps, nil
		}
		if math.IsNaN(fall) || math.IsInf(fall, 0) {
			return false, steps, nil
		}
		rounding := float64(1e-15 * math.Abs(f))
		next, gNext := make([]float64, n), make([]float64, n)
		t := 1.0
		for try := 0; ; try++ {
			copy(next, u)
			vector.Add(next, -t, down)
			v, err := p.value(next, gNext)
			if err != nil {
				return false, steps, err
			}
			if v <= f-float64(1e-4*t*fall)+rounding {
				f = v
				break
			}
			if try == 30 { // no step is better but for rounding
				return fall <= 1e-10, steps, nil
			}
			// The minimum of the parabola through what is known, not too far off.
			if best := t * t * fall / (2 * (v - f + float64(t*fall))); best > t/10 && best < t/2 {
				t = best
			} else {
				t /= 4
			}
		}
		b := pair{s: make([]float64, n), y: make([]float64, n)}
		for i := range n {
			b.s[i], b.y[i] = next[i]-u[i], gNext[i]-g[i]
		}
		b.inner = vector.Inner(b.s, b.y)
		copy(u, next)
		copy(g, gNext)
		if b.inner > 1e-16*vector.Inner(b.y, b.y)*1e-16 && b.inner > 0 {
			if len(pairs) == memory {
				pairs = pairs[1:]
			}
			pairs = append(pairs, b)
			shrink = b.inner / vector.Inner(b.y, p.near(b.y))
		}
		if p.progress != nil {
			p.progress(steps + 1)
		}
	}
	return false, steps, nil
}
