package explain

import (
	"context"
	"math"
)

// A rule is the points and weights of a quadrature on (0, 1).
type rule struct{ points, weights []float64 }

// gauss returns the points and weights of Gauss-Legendre quadrature on (0, 1):
// with n points the integral of a polynomial of degree 2n-1 is exact. The roots of
// the Legendre polynomial are found by Newton's method from where Tricomi's
// formula says that they are about: with sums, products and quotients only, so
// that the bits are the same on every processor. It takes time by the square of n,
// and stops with ctx's error when ctx ends.
func gauss(ctx context.Context, n int) (*rule, error) {
	out := &rule{points: make([]float64, n), weights: make([]float64, n)}
	// The roots are about the cosines of an angle that is turned again and again.
	c, s := cosSin(3 * math.Pi / float64(4*n+2))
	turnC, turnS := cosSin(4 * math.Pi / float64(4*n+2))
	shrink := 1 - float64(n-1)/(8*float64(n)*float64(n)*float64(n))
	for i := range (n + 1) / 2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x := float64(shrink * c)
		c, s = float64(c*turnC)-float64(s*turnS), float64(s*turnC)+float64(c*turnS)
		if 2*i+1 == n {
			x = 0
		}
		for range 10 {
			p, d := legendre(n, x)
			x -= p / d
			if math.Abs(p) < 1e-11*math.Abs(d) {
				break // the next step would be below the last digit
			}
		}
		_, d := legendre(n, x)
		w := 1 / ((1 - float64(x*x)) * float64(d*d))
		out.points[i], out.points[n-1-i] = (1-x)/2, (1+x)/2
		out.weights[i], out.weights[n-1-i] = w, w
	}
	return out, nil
}

// cosSin is the cosine and the sine of an angle from 0 to pi, by their series.
func cosSin(angle float64) (c, s float64) {
	c, s = 1, 0
	term := 1.0
	for k := 1; k < 40; k += 2 {
		term = float64(term*angle) / float64(k)
		s += term
		term = -float64(term*angle) / float64(k+1)
		c += term
	}
	return c, s
}

// legendre is the Legendre polynomial of degree n at x, and its derivative, for
// -1 < x < 1 (Abramowitz and Stegun, 22.7.10 and 22.8.5).
func legendre(n int, x float64) (p, derivative float64) {
	before, p := 1.0, x
	for k := 2; k <= n; k++ {
		before, p = p, (float64(float64(2*k-1)*float64(x*p))-float64(float64(k-1)*before))/float64(k)
	}
	return p, float64(n) * (float64(x*p) - before) / (float64(x*x) - 1)
}
