package neural

import "golang.org/x/sys/cpu"

// adamFast is step for as many weights as it returns.
func adamFast(a *adam[float32], w, gradient, first, second []float32) int {
	n := len(gradient) &^ 7
	if n == 0 || len(w) < n || len(first) < n || len(second) < n || !cpu.X86.HasAVX2 {
		return 0
	}
	adam256(a, &w[0], &gradient[0], &first[0], &second[0], n)
	return n
}

//go:noescape
func adam256(a *adam[float32], w, gradient, first, second *float32, n int)
