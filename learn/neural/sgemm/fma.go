package sgemm

import "math"

// fma is x*y + z, rounded once, as processors do it. The product is exact in 53
// bits; the sum may not be, and rounding it again to 24 bits is then wrong where it
// fell on the middle of two of them. There the sum is moved off to where it came
// from ("round to odd": Boldo and Melquiond, "Emulation of FMA and correctly rounded
// sums", 2008).
func fma(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c // p is exact, so it may be fused
	u := math.Float64bits(s)
	if u<<36 != 0 { // not on the middle of two float32, however small these are
		return float32(s)
	}
	return nearest(p, c, s)
}

// nearest rounds p + c, which is about s, to a float32.
func nearest(p, c, s float64) float32 {
	if math.IsInf(s, 0) || s != s {
		return float32(s)
	}
	of := s - p
	rest := (p - (s - of)) + (c - of) // p + c - s, exact (Knuth)
	u := math.Float64bits(s)
	switch {
	case rest == 0:
	case (rest > 0) == (s > 0):
		s = math.Float64frombits(u | 1)
	default:
		s = math.Float64frombits(u - 1)
	}
	return float32(s)
}
