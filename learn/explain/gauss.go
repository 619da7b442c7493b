package explain

// A rule is the points and weights of a quadrature on (0, 1).
type rule struct{ points, weights []float64 }

// gauss returns the points and weights of Gauss-Legendre quadrature on (0, 1):
// with n points the integral of a polynomial of degree 2n-1 is exact. The roots
// of a Legendre polynomial lie between those of the one before it, where they
// are found by bisection: with sums and products only, so that the bits are the
// same on every processor.
func gauss(n int) *rule {
	var roots []float64 // of the polynomial before, on (-1, 1)
	for k := 1; k <= n; k++ {
		next := make([]float64, k)
		for i := range next {
			lo, hi := -1.0, 1.0
			if i > 0 {
				lo = roots[i-1]
			}
			if i < len(roots) {
				hi = roots[i]
			}
			rising := (k-i)%2 == 1 // the last root is passed upwards
			for range 70 {
				mid := (lo + hi) / 2
				if p, _ := legendre(k, mid); p < 0 == rising {
					lo = mid
				} else {
					hi = mid
				}
			}
			next[i] = (lo + hi) / 2
		}
		roots = next
	}
	out := &rule{}
	for _, r := range roots {
		_, d := legendre(n, r)
		out.points = append(out.points, (1+r)/2)
		out.weights = append(out.weights, 1/((1-float64(r*r))*float64(d*d)))
	}
	return out
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
