package bins

import "golang.org/x/sys/cpu"

// binsFast is Bins for as many values as it returns.
func (a Axis) binsFast(values []float64, into []uint32, missing uint32) int {
	n := len(values) &^ 31
	if n == 0 || len(a.edges) == 0 || !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512VL {
		return 0
	}
	bins512(&into[0], &values[0], n, &a.padded[0], (len(a.padded)+1)/2, uint32(len(a.edges)), missing)
	return n
}

//go:noescape
func bins512(into *uint32, values *float64, n int, padded *float64, half int, last, missing uint32)
