package linear

import "golang.org/x/sys/cpu"

// has512 says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func has512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

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
func scores512(z, x0, x1, x2, x3 *float64, rows int, v, c *[4]float64)

//go:noescape
func gather512(r, x0, x1, x2, x3 *float64, rows int, c, s *[4]float64)

// fetch lets the processor bring a row that is next into its cache.
func fetch(row []float64) { prefetch(&row[0], len(row)) }

//go:noescape
func prefetch(x *float64, n int)
