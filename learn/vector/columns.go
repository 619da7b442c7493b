package vector

// Dots is the inner products of four columns with four others, each step numbers
// behind the one before: s[4*i+j] is that of column i of a and j of b. rows is a
// multiple of 8.
func Dots(a, b []float64, step, rows int, s *[16]float64) {
	_, _ = a[3*step+rows-1], b[3*step+rows-1]
	switch {
	case Has512():
		dots512(&a[0], &b[0], 8*step, rows, s)
	case has256():
		dotsBy256(a, b, step, rows, s)
	default:
		dotsPlain(a, b, step, rows, s)
	}
}

// dotsBy256 is by vectors of four, whose registers hold the sums of two columns with
// two others.
func dotsBy256(a, b []float64, step, rows int, s *[16]float64) {
	for i := 0; i < 4; i += 2 {
		for j := 0; j < 4; j += 2 {
			dots256(&a[i*step], &b[j*step], 8*step, rows, &s[4*i+j])
		}
	}
}

func dotsPlain(a, b []float64, step, rows int, s *[16]float64) {
	for i := range s {
		s[i] = innerPlain(a[i/4*step:][:rows], b[i%4*step:][:rows], 0)
	}
}

// Standardise sets to to (x - center) * inverse, as many as x has.
func Standardise(to, x []float64, center, inverse float64) {
	to = to[:len(x)]
	n := eights(len(x))
	if n > 0 {
		standardise512(&to[0], &x[0], n, center, inverse)
	}
	standardisePlain(to[n:], x[n:], center, inverse)
}

func standardisePlain(to, x []float64, center, inverse float64) {
	for i, v := range x {
		to[i] = (v - center) * inverse
	}
}

// Sums are the sums of the differences from a value and of their squares.
func Sums(x []float64, from float64) (sum, squares float64) {
	n := eights(len(x))
	if n == 0 {
		return sumsPlain(x, from)
	}
	var s [2]float64
	sums512(&x[0], n, from, &s)
	return sumsRest(s[0], s[1], x[n:], from)
}

func sumsPlain(x []float64, from float64) (sum, squares float64) {
	var s, q Lanes
	for ; len(x) >= 8; x = x[8:] {
		for l, v := range x[:8] {
			d := v - from
			s[l] += d
			q[l] += float64(d * d)
		}
	}
	return sumsRest(s.Total(), q.Total(), x, from)
}

func sumsRest(sum, squares float64, x []float64, from float64) (float64, float64) {
	for _, v := range x {
		d := v - from
		sum += d
		squares += float64(d * d)
	}
	return sum, squares
}
