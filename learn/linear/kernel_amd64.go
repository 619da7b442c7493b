package linear

import "golang.org/x/sys/cpu"

// has512 says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func has512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

// dotsFast is dotsPlain where it says so.
func dotsFast(a, b []float64, rows int, s *[16]float64) bool {
	switch {
	case rows == 0 || len(a) < 3*packed+rows || len(b) < 3*packed+rows:
		return false
	case has512():
		dots512(&a[0], &b[0], rows, s)
	case cpu.X86.HasAVX2:
		dotsBy256(a, b, rows, s)
	default:
		return false
	}
	return true
}

// dotsBy256 is dotsPlain by vectors of four, whose registers hold the sums of two
// columns with two others.
func dotsBy256(a, b []float64, rows int, s *[16]float64) {
	for i := 0; i < 4; i += 2 {
		for j := 0; j < 4; j += 2 {
			dots256(&a[i*packed], &b[j*packed], rows, &s[4*i+j])
		}
	}
}

// packFast packs as many rows as it returns.
func packFast(to, x []float64, center, inverse float64) int {
	rows := len(x) &^ 7
	if rows == 0 || len(to) < rows || !has512() {
		return 0
	}
	pack512(&to[0], &x[0], rows, center, inverse)
	return rows
}

// sumsFast is sumsPlain for as many rows as it returns.
func sumsFast(x []float64, from float64, s *[2]float64) int {
	rows := len(x) &^ 7
	if rows == 0 || !has512() {
		return 0
	}
	sums512(&x[0], rows, from, s)
	return rows
}

// scoresFast is scoresPlain for as many rows as it returns.
func scoresFast(z []float64, x *four, v, c *[4]float64) int {
	rows := len(z) &^ 7
	if rows == 0 || x.shorter(rows) || !has512() {
		return 0
	}
	scores512(&z[0], &x[0][0], &x[1][0], &x[2][0], &x[3][0], rows, v, c)
	return rows
}

// gatherFast is gatherPlain for as many rows as it returns.
func gatherFast(r []float64, x *four, c, s *[4]float64) int {
	rows := len(r) &^ 7
	if rows == 0 || x.shorter(rows) || !has512() {
		return 0
	}
	gather512(&r[0], &x[0][0], &x[1][0], &x[2][0], &x[3][0], rows, c, s)
	return rows
}

//go:noescape
func dots512(a, b *float64, rows int, s *[16]float64)

//go:noescape
func dots256(a, b *float64, rows int, s *float64)

//go:noescape
func pack512(to, x *float64, rows int, center, inverse float64)

//go:noescape
func sums512(x *float64, rows int, from float64, s *[2]float64)

//go:noescape
func scores512(z, x0, x1, x2, x3 *float64, rows int, v, c *[4]float64)

//go:noescape
func gather512(r, x0, x1, x2, x3 *float64, rows int, c, s *[4]float64)

// fetch lets the processor bring a row that is next into its cache.
func fetch(row []float64) { prefetch(&row[0], len(row)) }

//go:noescape
func prefetch(x *float64, n int)
