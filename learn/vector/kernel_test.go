package vector

import (
	"math"
	"math/rand/v2"
	"testing"

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
			t.Errorf("%s of %d: %d is %v, want %v", what, len(want), i, got[i], want[i])
		}
	}
}

// What is done in assembly has the bits of what is not.
func TestFastAsPlain(t *testing.T) {
	if !Has512() {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
	}
	r := rand.New(rand.NewPCG(1, 0))
	for _, n := range []int{8, 17, 64, 500} {
		v, a := numbers(r, n), numbers(r, n)
		same(t, "inner", []float64{Inner(v, a)}, []float64{innerPlain(v, a, 0)})
		x := &Four{[4][]float64{a, numbers(r, n), numbers(r, n), numbers(r, n)}, [4]float64(numbers(r, 4))}
		four := x.Inner(v)
		for k, col := range x.Columns {
			same(t, "inner of four", four[k:k+1], []float64{innerPlain(v, col, x.Center[k])})
		}
		fast, plain := append([]float64{}, v...), append([]float64{}, v...)
		both := func(what string, do, as func(to []float64)) {
			do(fast)
			as(plain)
			same(t, what, fast, plain)
		}
		both("add", func(to []float64) { Add(to, 0.7, a) }, func(to []float64) { addPlain(to, 0.7, a) })
		both("add of four", func(to []float64) { x.Add(to, &four) }, func(to []float64) { x.addPlain(to, &four, 0) })
		both("sums", func(to []float64) { to[0], to[1] = Sums(v, 0.3) }, func(to []float64) { to[0], to[1] = sumsPlain(v, 0.3) })
		both("standardise", func(to []float64) { Standardise(to, v, 0.7, 3) }, func(to []float64) { standardisePlain(to, v, 0.7, 3) })
	}
}

// Of processors without AVX-512, too, inner products have the bits of plain Go.
func TestDots(t *testing.T) {
	if !has256() {
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
