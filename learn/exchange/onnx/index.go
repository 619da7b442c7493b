package onnx

import "math"

// index is a number of a file as a place among n: false where it is no whole number
// from 0 on, or beyond. It is compared before it is converted, which of a number
// that no int holds gives any.
func index(v float64, n int) (int, bool) {
	if !(v >= 0 && v < float64(n)) || v != math.Trunc(v) {
		return 0, false
	}
	return int(v), true
}
