package search

import (
	"math"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/learn/portable"
)

// cdf is the standard normal's distribution function, to 1.2e-7 of the smaller
// tail (Press et al., "Numerical Recipes", erfcc).
func cdf(z float64) float64 {
	x := math.Abs(z) / math.Sqrt2
	t := 1 / (1 + float64(0.5*x))
	s := 0.17087277
	for _, c := range [...]float64{-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223} {
		s = c + float64(t*s)
	}
	tail := float64(0.5 * t * portable.Exp(s-float64(x*x)))
	if z < 0 {
		return tail
	}
	return 1 - tail
}

// between is the standard normal's mass from a to b.
func between(a, b float64) float64 {
	if a > 0 {
		a, b = -b, -a // where the tail is exact
	}
	return cdf(b) - cdf(a)
}

// gaussian draws from the standard normal (Marsaglia's polar method).
func gaussian(r *rand.Rand) float64 {
	for {
		x, y := float64(2*float64(r.Float64()))-1, float64(2*float64(r.Float64()))-1
		if s := float64(x*x) + float64(y*y); s > 0 && s < 1 {
			return x * math.Sqrt(-2*portable.Log(s)/s)
		}
	}
}

// truncated draws from a normal within bounds that hold its mean. At least a
// third of the draws are, where the deviation is at most the bounds' distance.
func truncated(mean, deviation, lo, hi float64, r *rand.Rand) float64 {
	for lo < hi {
		if v := mean + float64(deviation*gaussian(r)); v >= lo && v <= hi {
			return v
		}
	}
	return lo
}
