// Package vector has sums of products of float64, several at a time, so that what is
// loaded is used more than once: in assembly where the processor has vectors of
// eight, else in Go, of the same bits. Sums are of eight lanes, one for every eighth
// number, and each product is rounded before it is added, so that the bits are those
// of every processor.
package vector

// Lanes are sums of every eighth number.
type Lanes [8]float64

// Total adds the lanes up, as processors do with vectors.
func (s *Lanes) Total() float64 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// Inner is the inner product of a and as many of b.
func Inner(a, b []float64) float64 {
	b = b[:len(a)]
	sum, done := innerFast(a, b)
	if done == 0 {
		sum, done = innerPlain(a, b)
	}
	for i := done; i < len(a); i++ {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// innerPlain is the inner product of as many numbers as it returns.
func innerPlain(a, b []float64) (sum float64, done int) {
	done = len(a) &^ 7
	x, y := a[:done], b[:done]
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for len(x) >= 8 && len(y) >= 8 {
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
		s4 += float64(x[4] * y[4])
		s5 += float64(x[5] * y[5])
		s6 += float64(x[6] * y[6])
		s7 += float64(x[7] * y[7])
		x, y = x[8:], y[8:]
	}
	return (&Lanes{s0, s1, s2, s3, s4, s5, s6, s7}).Total(), done
}

// Inner4 are the inner products of v with as many of four others.
func Inner4(v, a, b, c, d []float64) (s0, s1, s2, s3 float64) {
	a, b, c, d = a[:len(v)], b[:len(v)], c[:len(v)], d[:len(v)]
	var s [4]float64
	done := inner4Fast(v, a, b, c, d, &s)
	if done == 0 {
		s[0], done = innerPlain(v, a)
		s[1], _ = innerPlain(v, b)
		s[2], _ = innerPlain(v, c)
		s[3], _ = innerPlain(v, d)
	}
	for i := done; i < len(v); i++ {
		s[0] += float64(v[i] * a[i])
		s[1] += float64(v[i] * b[i])
		s[2] += float64(v[i] * c[i])
		s[3] += float64(v[i] * d[i])
	}
	return s[0], s[1], s[2], s[3]
}

// Add adds s times as many of v to a vector.
func Add(to []float64, s float64, v []float64) {
	v = v[:len(to)]
	addPlain(to, s, v, addFast(to, s, v))
}

func addPlain(to []float64, s float64, v []float64, from int) {
	for i := from; i < len(to); i++ {
		to[i] += float64(s * v[i])
	}
}

// Add4 adds as many of four vectors, each times its factor.
func Add4(to []float64, s *[4]float64, a, b, c, d []float64) {
	a, b, c, d = a[:len(to)], b[:len(to)], c[:len(to)], d[:len(to)]
	add4Plain(to, s, a, b, c, d, add4Fast(to, s, a, b, c, d))
}

func add4Plain(to []float64, s *[4]float64, a, b, c, d []float64, from int) {
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	for i := from; i < len(to); i++ {
		to[i] += (float64(s0*a[i]) + float64(s1*b[i])) + (float64(s2*c[i]) + float64(s3*d[i]))
	}
}
