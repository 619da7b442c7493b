package boost

import "github.com/runnel-dev/runnel/learn/vector"

// logisticFast is logisticWords for as many rows as it returns.
func logisticFast(words []word, of, sign []float64, gradientScale, hessianScale float64, t *totals) int {
	n := len(of) &^ 7
	if n == 0 || len(words) < n || len(sign) < n || !vector.Has512() {
		return 0
	}
	logistic512(&words[0], &of[0], &sign[0], n, gradientScale, hessianScale, t)
	return n
}

//go:noescape
func logistic512(words *word, of, sign *float64, n int, gradientScale, hessianScale float64, t *totals)
