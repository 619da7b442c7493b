package linear

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What is done in assembly has the bits of what is not.
func TestFastAsPlain(t *testing.T) {
	if sumsFast(make([]float64, 8), 0, &[2]float64{}) == 0 {
		t.Skip("SKIP-COUNTED: this processor has no kernels of its own: a machine with AVX-512")
	}
	r := rand.New(rand.NewPCG(1, 0))
	column := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64() * math.Exp(20*r.Float64()-10)
		}
		return x
	}
	same := func(what string, rows int, got, want []float64) {
		t.Helper()
		for i := range want {
			if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
				t.Errorf("%s of %d rows: %d is %v, want %v", what, rows, i, got[i], want[i])
			}
		}
	}
	for _, rows := range []int{8, 16, 40, gramRows} {
		a, b := column(4*packed), column(4*packed)
		var got, want [16]float64
		if !dotsFast(a, b, rows, &got) {
			t.Fatal("dots are not done")
		}
		dotsPlain(a, b, rows, &want)
		same("dots", rows, got[:], want[:])
	}
	for _, rows := range []int{8, 17, 500} {
		x := column(rows)
		var got, want [2]float64
		if a, b := sumsFast(x, 0.3, &got), sumsPlain(x, 0.3, &want); a != b {
			t.Errorf("sums: %d rows are done, want %d", a, b)
		}
		same("sums", rows, got[:], want[:])
		columns := four{x, column(rows), column(rows), column(rows)}
		v, c := [4]float64(column(4)), [4]float64(column(4))
		z := column(rows)
		want1 := append([]float64(nil), z...)
		done := scoresFast(z, &columns, &v, &c)
		scoresPlain(want1[:done], &columns, &v, &c, 0)
		same("scores", rows, z, want1)
		var sums, wantSums [4]float64
		if a, b := gatherFast(x, &columns, &c, &sums), gatherPlain(x, &columns, &c, &wantSums); a != b {
			t.Errorf("gather: %d rows are done, want %d", a, b)
		}
		same("gather", rows, sums[:], wantSums[:])
		to, plain := make([]float64, rows), make([]float64, rows)
		done = packFast(to, x, 0.7, 3)
		for i, v := range x {
			plain[i] = (v - 0.7) * 3
		}
		same("pack", rows, to[:done], plain[:done])
	}
}
