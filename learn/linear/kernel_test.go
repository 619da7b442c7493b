package linear

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
)

// What is done in assembly has the bits of what is not.
func TestFastAsPlain(t *testing.T) {
	if x := make([]float64, 8); gatherFast(x, &four{x, x, x, x}, &[4]float64{}, &[4]float64{}) == 0 {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
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
	for _, rows := range []int{8, 17, 500} {
		x := column(rows)
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
	}
}
