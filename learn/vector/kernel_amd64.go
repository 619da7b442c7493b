package vector

import "golang.org/x/sys/cpu"

// has512 says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func has512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

// innerFast is innerPlain where it returns more than 0; the others are so, too.
func innerFast(a, b []float64) (sum float64, done int) {
	if done = len(a) &^ 7; done == 0 || !has512() {
		return 0, 0
	}
	return inner512(&a[0], &b[0], done), done
}

func inner4Fast(v, a, b, c, d []float64, s *[4]float64) int {
	done := len(v) &^ 7
	if done == 0 || !has512() {
		return 0
	}
	inner4by512(&v[0], &a[0], &b[0], &c[0], &d[0], done, s)
	return done
}

func addFast(to []float64, s float64, v []float64) int {
	done := len(to) &^ 7
	if done == 0 || !has512() {
		return 0
	}
	add512(&to[0], &v[0], done, s)
	return done
}

func add4Fast(to []float64, s *[4]float64, a, b, c, d []float64) int {
	done := len(to) &^ 7
	if done == 0 || !has512() {
		return 0
	}
	add4by512(&to[0], &a[0], &b[0], &c[0], &d[0], done, s)
	return done
}

func dotsFast(a, b []float64, step, rows int, s *[16]float64) bool {
	switch {
	case rows == 0:
		return false
	case has512():
		dots512(&a[0], &b[0], 8*step, rows, s)
	case cpu.X86.HasAVX2:
		dotsBy256(a, b, step, rows, s)
	default:
		return false
	}
	return true
}

// dotsBy256 is dotsPlain by vectors of four, whose registers hold the sums of two
// columns with two others.
func dotsBy256(a, b []float64, step, rows int, s *[16]float64) {
	for i := 0; i < 4; i += 2 {
		for j := 0; j < 4; j += 2 {
			dots256(&a[i*step], &b[j*step], 8*step, rows, &s[4*i+j])
		}
	}
}

func standardiseFast(to, x []float64, center, inverse float64) int {
	done := len(x) &^ 7
	if done == 0 || !has512() {
		return 0
	}
	standardise512(&to[0], &x[0], done, center, inverse)
	return done
}

func sumsFast(x []float64, from float64, s *[2]float64) int {
	done := len(x) &^ 7
	if done == 0 || !has512() {
		return 0
	}
	sums512(&x[0], done, from, s)
	return done
}

// The numbers of n and rows are multiples of 8, and at least 8; steps are in bytes.

//go:noescape
func inner512(a, b *float64, n int) float64

//go:noescape
func inner4by512(v, a, b, c, d *float64, n int, s *[4]float64)

//go:noescape
func add512(to, v *float64, n int, s float64)

//go:noescape
func add4by512(to, a, b, c, d *float64, n int, s *[4]float64)

//go:noescape
func dots512(a, b *float64, step, rows int, s *[16]float64)

//go:noescape
func dots256(a, b *float64, step, rows int, s *float64)

//go:noescape
func standardise512(to, x *float64, n int, center, inverse float64)

//go:noescape
func sums512(x *float64, n int, from float64, s *[2]float64)
