package linear

import "github.com/runnel-dev/runnel/learn/vector"

// The kernels are where the time goes. Those below are written for a compiler
// without vectors: several columns at a time, so that each partial result is
// read and written once for four columns. Those that go over the data most often
// have a twin in assembly, of the same bits. Products are rounded before they are
// added (float64(x*y)), or the compiler would fuse the two on some processors
// and the bits would differ between them.

// block is the number of rows worked on at a time: what a pass over the columns
// touches twice stays in the cache.
const block = 512

// four are columns that are gone over together.
type four [4][]float64

func (d *design) four(j, start, end int) four {
	return four{d.columns[j][start:end], d.columns[j+1][start:end], d.columns[j+2][start:end], d.columns[j+3][start:end]}
}

// shorter says that a column lacks some of so many rows.
func (x *four) shorter(rows int) bool {
	return len(x[0]) < rows || len(x[1]) < rows || len(x[2]) < rows || len(x[3]) < rows
}

// scores sets z[i] to bias + the sum of v[j] * (x[j][start+i] - center[j]).
func (d *design) scores(start int, v []float64, bias float64, z []float64) {
	for i := range z {
		z[i] = bias
	}
	end := start + len(z)
	j := 0
	for ; j+4 <= len(d.columns); j += 4 {
		x, v, c := d.four(j, start, end), (*[4]float64)(v[j:]), (*[4]float64)(d.center[j:])
		scoresPlain(z, &x, v, c, scoresFast(z, &x, v, c))
	}
	for ; j < len(d.columns); j++ {
		x, v, c := d.columns[j][start:end], v[j], d.center[j]
		for i := range z {
			z[i] += float64(v * (x[i] - c))
		}
	}
}

// scoresPlain adds what four columns add to the scores of the rows from a row on.
func scoresPlain(z []float64, x *four, v, c *[4]float64, from int) {
	x0, x1, x2, x3 := x[0][:len(z)], x[1][:len(z)], x[2][:len(z)], x[3][:len(z)]
	for i := from; i < len(z); i++ {
		a := float64(v[0]*(x0[i]-c[0])) + float64(v[1]*(x1[i]-c[1]))
		b := float64(v[2]*(x2[i]-c[2])) + float64(v[3]*(x3[i]-c[3]))
		z[i] += a + b
	}
}

// gather adds to g[j] the sum of r[i] * (x[j][start+i] - center[j]).
func (d *design) gather(start int, r, g []float64) {
	end := start + len(r)
	j := 0
	for ; j+4 <= len(d.columns); j += 4 {
		x, c := d.four(j, start, end), (*[4]float64)(d.center[j:])
		var s [4]float64
		done := gatherFast(r, &x, c, &s)
		if done == 0 {
			done = gatherPlain(r, &x, c, &s)
		}
		for k := range s {
			for i := done; i < len(r); i++ {
				s[k] += float64(r[i] * (x[k][i] - c[k]))
			}
			g[j+k] += s[k]
		}
	}
	for ; j < len(d.columns); j++ {
		x, c, s := d.columns[j][start:end], d.center[j], 0.0
		for i, r := range r {
			s += float64(r * (x[i] - c))
		}
		g[j] += s
	}
}

// gatherPlain is the sums of four columns over as many rows as it returns.
func gatherPlain(r []float64, x *four, c, s *[4]float64) int {
	rows := len(r) &^ 7
	for k := range s {
		x, r, c := x[k][:rows], r[:rows], c[k]
		var s0, s1, s2, s3, s4, s5, s6, s7 float64
		for len(x) >= 8 && len(r) >= 8 {
			s0 += float64(r[0] * (x[0] - c))
			s1 += float64(r[1] * (x[1] - c))
			s2 += float64(r[2] * (x[2] - c))
			s3 += float64(r[3] * (x[3] - c))
			s4 += float64(r[4] * (x[4] - c))
			s5 += float64(r[5] * (x[5] - c))
			s6 += float64(r[6] * (x[6] - c))
			s7 += float64(r[7] * (x[7] - c))
			x, r = x[8:], r[8:]
		}
		s[k] = (&vector.Lanes{s0, s1, s2, s3, s4, s5, s6, s7}).Total()
	}
	return rows
}

// dot is the inner product of slices of equal length.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds s*x to y.
func axpy(s float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(s * v)
	}
}
