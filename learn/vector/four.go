package vector

// A Four is four columns that are gone over together, each less its centre.
type Four struct {
	Columns [4][]float64
	Center  [4]float64
}

// NewFour is columns from one on, and some of their rows. Where fewer than four are
// left, the last stands for those that lack.
func NewFour(columns [][]float64, center []float64, from, start, end int) *Four {
	x := &Four{}
	for k := range x.Columns {
		j := min(from+k, len(columns)-1)
		x.Columns[k], x.Center[k] = columns[j][start:end], center[j]
	}
	return x
}

// first is as many of the first rows of each column.
func (x *Four) first(n int) (a, b, c, d []float64) {
	return x.Columns[0][:n], x.Columns[1][:n], x.Columns[2][:n], x.Columns[3][:n]
}

// Inner are the inner products of v with as many rows of the columns.
func (x *Four) Inner(v []float64) (s [4]float64) {
	a, b, c, d := x.first(len(v))
	n := eights(len(v))
	if n > 0 {
		inner4by512(&v[0], x, n, &s)
	}
	for k, col := range [4][]float64{a, b, c, d} {
		if n == 0 {
			s[k] = innerPlain(v, col, x.Center[k])
		} else {
			s[k] = innerRest(s[k], v[n:], col[n:], x.Center[k])
		}
	}
	return s
}

// Add adds as many rows of the columns, each times its factor.
func (x *Four) Add(to []float64, s *[4]float64) {
	x.first(len(to))
	n := eights(len(to))
	if n > 0 {
		add4by512(&to[0], x, n, s)
	}
	x.addPlain(to, s, n)
}

func (x *Four) addPlain(to []float64, s *[4]float64, from int) {
	a, b, c, d := x.first(len(to))
	z, s0, s1, s2, s3 := x.Center, s[0], s[1], s[2], s[3]
	for i := from; i < len(to); i++ {
		to[i] += (float64(s0*(a[i]-z[0])) + float64(s1*(b[i]-z[1]))) + (float64(s2*(c[i]-z[2])) + float64(s3*(d[i]-z[3])))
	}
}
