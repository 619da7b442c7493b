// Package vector has sums of products of float64, written for a compiler without
// vectors: several at a time, so that what is loaded is used more than once. Each
// product is rounded before it is added, so that the bits are those of every
// processor.
package vector

// Inner is the inner product, in four lanes.
func Inner(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// Inner4 are the inner products of v with four others.
func Inner4(v, a, b, c, d []float64) (s0, s1, s2, s3 float64) {
	a, b, c, d = a[:len(v)], b[:len(v)], c[:len(v)], d[:len(v)]
	var t0, t1, t2, t3 float64
	i := 0
	for ; i+2 <= len(v); i += 2 {
		x, y := v[i], v[i+1]
		s0 += float64(x * a[i])
		t0 += float64(y * a[i+1])
		s1 += float64(x * b[i])
		t1 += float64(y * b[i+1])
		s2 += float64(x * c[i])
		t2 += float64(y * c[i+1])
		s3 += float64(x * d[i])
		t3 += float64(y * d[i+1])
	}
	if i < len(v) {
		s0 += float64(v[i] * a[i])
		s1 += float64(v[i] * b[i])
		s2 += float64(v[i] * c[i])
		s3 += float64(v[i] * d[i])
	}
	return s0 + t0, s1 + t1, s2 + t2, s3 + t3
}

// Add adds s times v to a vector.
func Add(to []float64, s float64, v []float64) {
	v = v[:len(to)]
	for i := range to {
		to[i] += float64(s * v[i])
	}
}

// Add4 adds four vectors, each times its factor.
func Add4(to []float64, s [4]float64, a, b, c, d []float64) {
	a, b, c, d = a[:len(to)], b[:len(to)], c[:len(to)], d[:len(to)]
	s0, s1, s2, s3 := s[0], s[1], s[2], s[3]
	for i := range to {
		to[i] += (float64(s0*a[i]) + float64(s1*b[i])) + (float64(s2*c[i]) + float64(s3*d[i]))
	}
}
