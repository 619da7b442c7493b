package neural

import "golang.org/x/sys/cpu"

// readFast is readPlain for as many of the columns as it returns: these and all rows
// are done but for those behind the last eight.
func (m *Model) readFast(columns [][]float64, from, to int, in matrix[float32]) (done int) {
	rows := (to - from) &^ 7
	if rows == 0 || !cpu.X86.HasAVX2 {
		return 0
	}
	for ; done+8 <= len(columns); done += 8 {
		var at [16]*float64
		for k := range at {
			at[k] = &columns[min(done+k, len(columns)-1)][from:to][0]
		}
		last := in.data[done:][(rows-1)*in.step:][:8] // what is touched last
		_ = last
		read256(&in.data[done], 4*in.step, &at, &m.Mean[done:][:8][0], &m.Scale[done:][:8][0], rows, furthest, -furthest)
	}
	return done
}

// rectifyFast is rectify for as many units as it returns.
func rectifyFast(z, out []float32) int {
	n := len(z) &^ 7
	if n == 0 || !cpu.X86.HasAVX2 {
		return 0
	}
	rectify256(&z[0], &out[0], n)
	return n
}

// rows and n are multiples of 8, and at least 8; step is in bytes.

//go:noescape
func read256(to *float32, step int, columns *[16]*float64, mean, scale *float64, rows int, most, least float64)

//go:noescape
func rectify256(z, out *float32, n int)
