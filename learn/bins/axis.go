// Package bins cuts features into at most 255 bins each, so that a byte a value
// is all that learning a tree looks at.
package bins

import "math"

// An Axis finds the bins of one feature's values: bin b holds the values with
// edges[b-1] < x <= edges[b].
type Axis struct {
	edges  []float64 // ascending and finite
	padded []float64 // with the largest number, to one less than a power of two
}

// NewAxis makes an axis of ascending, finite edges.
func NewAxis(edges []float64) Axis {
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
	return Axis{edges, padded}
}

// Bin is the number of edges below v: of a missing value, any number. The sign
// of a difference takes the place of a comparison, so that there is nothing to
// mispredict: e-v is negative exactly if v > e.
func (a Axis) Bin(v float64) int {
	b := 0
	for half := (len(a.padded) + 1) >> 1; half > 0; half >>= 1 {
		b += half & int(int64(math.Float64bits(a.padded[b+half-1]-v))>>63)
	}
	return min(b, len(a.edges))
}

// Bins finds the bins of values: into is as long. That of a missing value is missing.
func (a Axis) Bins(values []float64, into []uint32, missing uint32) {
	into = into[:len(values)]
	for i := a.binsFast(values, into, missing); i < len(values); i++ {
		if v := values[i]; v == v {
			into[i] = uint32(a.Bin(v))
		} else {
			into[i] = missing
		}
	}
}

// Edge is the upper edge of a bin: +Inf of the last.
func (a Axis) Edge(bin int) float64 {
	if bin < len(a.edges) {
		return a.edges[bin]
	}
	return math.Inf(1)
}

// Edges are the edges between the bins, ascending, to be read only.
func (a Axis) Edges() []float64 { return a.edges }
