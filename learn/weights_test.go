package learn

import (
	"math"
	"slices"
	"testing"
)

// Balanced classes weigh the same however much or little their rows do.
func TestBalancedWeights(t *testing.T) {
	y := &Target{Task: Classification, Classes: []string{"a", "b"}, Labels: []int32{0, 1, 1, 1}}
	const least = 0x1p-1074
	for _, c := range []struct{ weights, want []float64 }{
		{nil, []float64{2, 2. / 3, 2. / 3, 2. / 3}},
		{[]float64{5, 1, 0, 1}, []float64{2, 1, 0, 1}},
		{[]float64{1, least, 2 * least, least}, []float64{2, 0.5, 1, 0.5}},
		{[]float64{1, 1e307, 2e307, 1e307}, []float64{2, 0.5, 1, 0.5}},
		{[]float64{1, 0, 0, 0}, []float64{2, 0, 0, 0}},
	} {
		got := BalancedWeights(y, c.weights)
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-15 }) {
			t.Errorf("weights %v became %v, want %v", c.weights, got, c.want)
		}
	}
}
