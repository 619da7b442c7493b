package vector

import (
	"math"
	"testing"
)

// All are what adding product after product is, but for rounding.
func TestSums(t *testing.T) {
	for n := range 11 {
		var v [5][]float64
		for k := range v {
			for i := range n {
				v[k] = append(v[k], math.Sin(float64(7*k+i*i)))
			}
		}
		plain := func(a, b []float64) (sum float64) {
			for i := range a {
				sum += a[i] * b[i]
			}
			return sum
		}
		x := NewFour(v[1:], make([]float64, 4), 0, 0, n)
		for k, got := range x.Inner(v[0]) {
			if want := plain(v[0], v[k+1]); math.Abs(got-want) > 1e-14 || math.Abs(Inner(v[0], v[k+1])-want) > 1e-14 {
				t.Errorf("of %d numbers with vector %d: %v and %v, want %v", n, k, got, Inner(v[0], v[k+1]), want)
			}
		}
		one, four := append([]float64{}, v[0]...), append([]float64{}, v[0]...)
		factors := [4]float64{2, -1, 0.5, 3}
		for k, s := range factors {
			Add(one, s, v[k+1])
		}
		x.Add(four, &factors)
		for i := range one {
			want := v[0][i] + 2*v[1][i] - v[2][i] + 0.5*v[3][i] + 3*v[4][i]
			if math.Abs(one[i]-want) > 1e-14 || math.Abs(four[i]-want) > 1e-14 {
				t.Errorf("number %d of %d is %v and %v, want %v", i, n, one[i], four[i], want)
			}
		}
	}
}
