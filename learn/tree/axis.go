package tree

import "math"

// An axis finds the bins of one feature's values: bin b holds the values with
// edges[b-1] < x <= edges[b].
type axis struct {
	edges  []float64 // ascending and finite
	padded []float64 // with the largest number, to one less than a power of two
}

func newAxis(edges []float64) axis {
	size := 1
	for size <= len(edges) {
		size *= 2
	}
	padded := make([]float64, size-1)
	for i := range padded {
		padded[i] = math.MaxFloat64
		if i < len(edges) {
			padded[i] = edges[i] + 0 // -0 becomes 0
		}
	}
	return axis{edges, padded}
}

// bin is the number of edges below v: of a missing value, any number. The sign
// of a difference takes the place of a comparison, so that there is nothing to
// mispredict: e-v is negative exactly if v > e.
func (a axis) bin(v float64) int {
	b := 0
	for half := (len(a.padded) + 1) >> 1; half > 0; half >>= 1 {
		b += half & int(int64(math.Float64bits(a.padded[b+half-1]-v))>>63)
	}
	return min(b, len(a.edges))
}

// edge is the upper edge of a bin: +Inf of the last.
func (a axis) edge(bin int) float64 {
	if bin < len(a.edges) {
		return a.edges[bin]
	}
	return math.Inf(1)
}
