package recommend

import "github.com/runnel-dev/runnel/learn/vector"

// throughFast is throughPlain where it says so. Rows are a multiple of 32 numbers.
func throughFast(m, row, out []float32) bool {
	if !vector.Has512() {
		return false
	}
	_, _ = row[len(out)-1], m[len(out)*len(out)-1]
	through512(&m[0], &row[0], &out[0], 4*len(out))
	return true
}

// gatherFast is gatherPlain where it says so. The others are of rows that there are.
func gatherFast(out, p, rows []float32, others []int32, more []float32, plus, times float32) bool {
	if !vector.Has512() || len(others) == 0 || len(others)%4 > 0 {
		return false
	}
	_, _ = out[len(p)-1], more[len(others)-1]
	gather512(&out[0], &p[0], 4*len(p), &rows[0], &others[0], &more[0], len(others), plus, times)
	return true
}

// step is the length of a row in bytes, a multiple of 128; n is one of 4, at least 4.

//go:noescape
func through512(m, row, out *float32, step int)

//go:noescape
func gather512(out, p *float32, step int, rows *float32, others *int32, more *float32, n int, plus, times float32)
