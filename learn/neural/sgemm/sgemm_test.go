package sgemm

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// product is the definition.
func product(c Rows, a Left, b Rows, m, n, k int) {
	for i := range m {
		for j := range n {
			for p := range k {
				c.Data[i*c.Step+j] = fma(a.Data[i*a.Row+p*a.Column], b.Data[p*b.Step+j], c.Data[i*c.Step+j])
			}
		}
	}
}

func numbers(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		if r.IntN(5) > 0 { // some are 0, as after a rectifier
			out[i] = float32(r.NormFloat64())
		}
	}
	return out
}

func TestAdd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range []struct{ m, n, k int }{
		{1, 32, 1}, {7, 32, 3}, {8, 64, 255}, {9, 32, 256}, {17, 96, 257}, {64, 256, 785}, {3, 32, 600}, {0, 32, 4}, {4, 0, 4}, {4, 32, 0},
	} {
		for _, turned := range []bool{false, true} {
			a := Left{numbers(r, (s.m+3)*(s.k+5)), s.k + 5, 1}
			if turned {
				a.Row, a.Column = 1, s.m+3
			}
			b := Rows{numbers(r, s.k*(s.n+16)), s.n + 16}
			start := numbers(r, s.m*(s.n+7))
			want := Rows{append([]float32(nil), start...), s.n + 7}
			got := Rows{append([]float32(nil), start...), s.n + 7}
			product(want, a, b, s.m, s.n, s.k)
			Add(got, a, b, s.m, s.n, s.k)
			same(t, fmt.Sprintf("%+v, turned %v", s, turned), got.Data, want.Data)
		}
	}
}

// Every kernel that the processor has gives the bits of the plain one.
func TestKernels(t *testing.T) {
	if len(kernels()) == 0 {
		t.Log("this processor has the plain kernel only")
	}
	r := rand.New(rand.NewPCG(2, 2))
	for name, fast := range kernels() {
		for _, k := range []int{1, 2, 31, 200} {
			for _, a := range []Left{{numbers(r, tile*k), k, 1}, {numbers(r, tile*k), 1, tile}} {
				b := Rows{numbers(r, k*Width), Width}
				start := numbers(r, tile*48)
				want, got := append([]float32(nil), start...), append([]float32(nil), start...)
				plain().tile(Rows{want, 48}, a, b, k)
				fast.tile(Rows{got, 48}, a, b, k)
				same(t, name+", a tile", got, want)
				plain().row(Rows{want, 48}, a, b, k)
				fast.row(Rows{got, 48}, a, b, k)
				same(t, name+", a row", got, want)
			}
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// exact is x*y + z by exact arithmetic.
func exact(x, y, z float32) float32 {
	of := func(v float32) *big.Float { return new(big.Float).SetPrec(700).SetFloat64(float64(v)) }
	p := of(0).Mul(of(x), of(y))
	s := of(0).Add(p, of(z))
	v, _ := s.Float32()
	if s.Sign() == 0 { // the sign of a zero is not big's
		return float32(float64(x)*float64(y) + float64(z))
	}
	return v
}

func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	draw := func() float32 {
		v := math.Float32frombits(r.Uint32())
		if r.IntN(2) == 0 { // few bits make sums that fall on the middle of two numbers
			v = math.Float32frombits(math.Float32bits(v) &^ (1<<(12+r.IntN(11)) - 1))
		}
		if v != v || math.IsInf(float64(v), 0) {
			return 1.5
		}
		return v
	}
	check := func(x, y, z float32) {
		t.Helper()
		if got, want := fma(x, y, z), exact(x, y, z); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("fma(%x, %x, %x) is %x, want %x", x, y, z, got, want)
		}
	}
	for range 200_000 {
		x, y, z := draw(), draw(), draw()
		check(x, y, z)
		// of the product's size, or half a last place of it
		p := float32(float64(x) * float64(y))
		if p != 0 && !math.IsInf(float64(p), 0) {
			check(x, y, -p)
			check(1, p, float32(math.Ldexp(float64(p), -24-r.IntN(30))))
			check(1+0x1p-23, 1+0x1p-12, float32(math.Ldexp(1, -60+r.IntN(40))))
		}
	}
	// the sum rounds to the middle of two float32, from either side of it
	for _, z := range []float32{0x1p-60, -0x1p-60} {
		check(1+0x1p-12, 1+0x1p-12, z)
		check(0x1.000002p0, 0x1.8p-1, z)
		check(0x1.8p-126, 0x1.000002p-24, z*0x1p-89)
	}
	inf := float32(math.Inf(1))
	for _, v := range [][3]float32{{inf, 1, 0}, {inf, 0, 1}, {math.MaxFloat32, 2, -inf}} {
		want := float32(float64(v[0])*float64(v[1]) + float64(v[2]))
		if got := fma(v[0], v[1], v[2]); got != want && (got == got || want == want) {
			t.Errorf("fma%v is %v, want %v", v, got, want)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const m, n, k = 64, 256, 785
	a, w, c := numbers(r, m*816), numbers(r, k*272), make([]float32, m*272)
	for b.Loop() {
		clear(c)
		Add(Rows{c, 272}, Left{a, 816, 1}, Rows{w, 272}, m, n, k)
	}
	b.ReportMetric(2*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
}

func BenchmarkTurned(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const m, n, k = 16, 256, 128
	a, d, c := numbers(r, k*816), numbers(r, k*272), make([]float32, m*272)
	for b.Loop() {
		clear(c)
		Add(Rows{c, 272}, Left{a, 1, 816}, Rows{d, 272}, m, n, k)
	}
	b.ReportMetric(2*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
}
