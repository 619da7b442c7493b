package linear

import "golang.org/x/sys/cpu"

// has512 says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func has512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

// dotsFast is dotsPlain where it says so.
func dotsFast(a, b []float64, rows int, s *[16]float64) bool {
	if rows == 0 || len(a) < 3*packed+rows || len(b) < 3*packed+rows || !has512() {
		return false
	}
	dots512(&a[0], &b[0], rows, s)
	return true
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
func pack512(to, x *float64, rows int, center, inverse float64)

//go:noescape
func sums512(x *float64, rows int, from float64, s *[2]float64)

//go:noescape
func scores512(z, x0, x1, x2, x3 *float64, rows int, v, c *[4]float64)

//go:noescape
func gather512(r, x0, x1, x2, x3 *float64, rows int, c, s *[4]float64)
