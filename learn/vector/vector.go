// Package vector has sums of products of float64, several at a time, so that what is
// loaded is used more than once: in assembly where the processor has vectors of
// eight, else in Go, of the same bits. Sums are of eight lanes, one for every eighth
// number, and each product is rounded before it is added (float64(x*y)), or the
// compiler would fuse the two on some processors: the bits are those of every one.
package vector

// Lanes are sums of every eighth number.
type Lanes [8]float64

// Total adds the lanes up, as processors do with vectors.
func (s *Lanes) Total() float64 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// eights is how many of n numbers assembly takes, by eight.
func eights(n int) int {
	if !Has512() {
		return 0
	}
	return n &^ 7
}

// Inner is the inner product of a and as many of b.
func Inner(a, b []float64) float64 {
	b = b[:len(a)]
	n := eights(len(a))
	if n == 0 {
		return innerPlain(a, b, 0)
	}
	return innerRest(inner512(&a[0], &b[0], n), a[n:], b[n:], 0)
}

// innerPlain is the inner product of a and b less center.
func innerPlain(a, b []float64, center float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for len(a) >= 8 && len(b) >= 8 {
		s0 += float64(a[0] * (b[0] - center))
		s1 += float64(a[1] * (b[1] - center))
		s2 += float64(a[2] * (b[2] - center))
		s3 += float64(a[3] * (b[3] - center))
		s4 += float64(a[4] * (b[4] - center))
		s5 += float64(a[5] * (b[5] - center))
		s6 += float64(a[6] * (b[6] - center))
		s7 += float64(a[7] * (b[7] - center))
		a, b = a[8:], b[8:]
	}
	return innerRest((&Lanes{s0, s1, s2, s3, s4, s5, s6, s7}).Total(), a, b, center)
}

// innerRest adds the numbers to a sum that are left of the eights.
func innerRest(sum float64, a, b []float64, center float64) float64 {
	for i, v := range a {
		sum += float64(v * (b[i] - center))
	}
	return sum
}

// Add adds s times as many of v to a vector.
func Add(to []float64, s float64, v []float64) {
	v = v[:len(to)]
	n := eights(len(to))
	if n > 0 {
		add512(&to[0], &v[0], n, s)
	}
	addPlain(to[n:], s, v[n:])
}

func addPlain(to []float64, s float64, v []float64) {
	for i, x := range v {
		to[i] += float64(s * x)
	}
}
