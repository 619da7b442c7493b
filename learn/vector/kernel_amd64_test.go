package vector

import (
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/runnel-dev/runnel/internal/testneed"
)

const step = 520

func numbers(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64() * math.Exp(20*r.Float64()-10)
	}
	return x
}

func same(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Errorf("%s: %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// What is done in assembly has the bits of what is not.
func TestFastAsPlain(t *testing.T) {
	if !has512() {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
	}
	r := rand.New(rand.NewPCG(1, 0))
	for _, n := range []int{8, 17, 64, 500} {
		v, a, b, c, d := numbers(r, n), numbers(r, n), numbers(r, n), numbers(r, n), numbers(r, n)
		sum, done := innerFast(v, a)
		want, _ := innerPlain(v, a)
		same(t, "inner", []float64{sum}, []float64{want})
		var four [4]float64
		if inner4Fast(v, a, b, c, d, &four) != done || done != n&^7 {
			t.Fatalf("%d of %d are done", done, n)
		}
		for k, x := range [][]float64{a, b, c, d} {
			want, _ := innerPlain(v, x)
			same(t, "inner of four", four[k:k+1], []float64{want})
		}
		fast, plain := append([]float64{}, v...), append([]float64{}, v...)
		addFast(fast, 0.7, a)
		addPlain(plain[:done], 0.7, a, 0)
		same(t, "add", fast, plain)
		add4Fast(fast, &four, a, b, c, d)
		add4Plain(plain[:done], &four, a, b, c, d, 0)
		same(t, "add of four", fast, plain)
		var got, sums [2]float64
		if sumsFast(v, 0.3, &got) != sumsPlain(v, 0.3, &sums) {
			t.Error("sums: not as many are done")
		}
		same(t, "sums", got[:], sums[:])
		standardiseFast(fast, v, 0.7, 3)
		for i, x := range v[:done] {
			plain[i] = (x - 0.7) * 3
		}
		same(t, "standardise", fast, plain)
	}
}

// Of processors without AVX-512, too, inner products have the bits of plain Go.
func TestDots(t *testing.T) {
	if !cpu.X86.HasAVX2 {
		testneed.Skip(t, "this processor has no AVX2")
	}
	r := rand.New(rand.NewPCG(2, 0))
	a, b := numbers(r, 4*step), numbers(r, 4*step)
	for _, rows := range []int{8, 24, 512} {
		var by256, best, want [16]float64
		dotsPlain(a, b, step, rows, &want)
		dotsBy256(a, b, step, rows, &by256)
		same(t, "dots by vectors of four", by256[:], want[:])
		Dots(a, b, step, rows, &best)
		same(t, "dots", best[:], want[:])
	}
}

func BenchmarkDots(b *testing.B) {
	x, y := make([]float64, 4*step), make([]float64, 4*step)
	for _, c := range []struct {
		name string
		dots func(a, b []float64, step, rows int, s *[16]float64)
	}{{"best", Dots}, {"256", dotsBy256}, {"plain", dotsPlain}} {
		b.Run(c.name, func(b *testing.B) {
			var s [16]float64
			for b.Loop() {
				c.dots(x, y, step, 512, &s)
			}
		})
	}
}
