package vector

// Dots is the inner products of four columns with four others, each step numbers
// behind the one before: s[4*i+j] is that of column i of a and j of b. rows is a
// multiple of 8.
func Dots(a, b []float64, step, rows int, s *[16]float64) {
	_, _ = a[3*step+rows-1], b[3*step+rows-1]
	if !dotsFast(a, b, step, rows, s) {
		dotsPlain(a, b, step, rows, s)
	}
}

func dotsPlain(a, b []float64, step, rows int, s *[16]float64) {
	for i := range s {
		s[i], _ = innerPlain(a[i/4*step:][:rows], b[i%4*step:][:rows])
	}
}

// Standardise sets to to (x - center) * inverse, as many as x has.
func Standardise(to, x []float64, center, inverse float64) {
	to = to[:len(x)]
	for i := standardiseFast(to, x, center, inverse); i < len(x); i++ {
		to[i] = (x[i] - center) * inverse
	}
}

// Sums are the sums of the differences from a value and of their squares.
func Sums(x []float64, from float64) (sum, squares float64) {
	var s [2]float64
	done := sumsFast(x, from, &s)
	if done == 0 {
		done = sumsPlain(x, from, &s)
	}
	sum, squares = s[0], s[1]
	for _, v := range x[done:] {
		d := v - from
		sum += d
		squares += float64(d * d)
	}
	return sum, squares
}

// sumsPlain is Sums of as many numbers as it returns.
func sumsPlain(x []float64, from float64, s *[2]float64) int {
	var sum, squares Lanes
	rows := len(x) &^ 7
	for i := 0; i < rows; i += 8 {
		for l, v := range x[i : i+8] {
			d := v - from
			sum[l] += d
			squares[l] += float64(d * d)
		}
	}
	s[0], s[1] = sum.Total(), squares.Total()
	return rows
}
