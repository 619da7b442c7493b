package linear

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"
)

// Of processors without AVX-512, too, inner products have the bits of plain Go.
func TestDotsBy256(t *testing.T) {
	if !cpu.X86.HasAVX2 {
		t.Skip("SKIP-COUNTED: this processor has no AVX2")
	}
	r := rand.New(rand.NewPCG(2, 0))
	a, b := make([]float64, 4*packed), make([]float64, 4*packed)
	for i := range a {
		a[i], b[i] = r.NormFloat64(), r.NormFloat64()
	}
	for _, rows := range []int{8, 24, gramRows} {
		var got, want [16]float64
		dotsBy256(a, b, rows, &got)
		dotsPlain(a, b, rows, &want)
		if got != want {
			t.Errorf("%d rows: %v, want %v", rows, got, want)
		}
	}
}

func BenchmarkDots(b *testing.B) {
	x, y := make([]float64, 4*packed), make([]float64, 4*packed)
	for _, c := range []struct {
		name string
		dots func(a, b []float64, rows int, s *[16]float64)
	}{{"best", dots}, {"256", dotsBy256}, {"plain", dotsPlain}} {
		b.Run(c.name, func(b *testing.B) {
			var s [16]float64
			for b.Loop() {
				c.dots(x, y, gramRows, &s)
			}
		})
	}
}
