package neural

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// What is done in assembly has the bits of what is not.
func TestReadFastAsPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, c := range []struct{ columns, from, to int }{{8, 0, 8}, {17, 3, 40}, {16, 0, 64}, {7, 0, 20}, {9, 5, 6}} {
		m, x := &Model{}, &learn.Matrix{Rows: 70}
		odd := []float64{math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e300, 1e-320, 1e6, 0.1}
		for j := range c.columns {
			column := make([]float64, x.Rows)
			for i := range column {
				if column[i] = r.NormFloat64(); i%5 == 0 {
					column[i] = odd[r.IntN(len(odd))]
				}
			}
			x.Columns = append(x.Columns, column)
			m.Mean, m.Scale = append(m.Mean, float64(j%3)*r.NormFloat64()), append(m.Scale, 1+r.Float64())
		}
		got, want := newMatrix[float32](c.to-c.from, c.columns+1), newMatrix[float32](c.to-c.from, c.columns+1)
		m.read(x, c.from, c.to, got)
		m.readPlain(x.Columns, 0, c.from, c.to, want, 0)
		for i, w := range want.data {
			if math.Float32bits(got.data[i]) != math.Float32bits(w) {
				t.Fatalf("%+v: number %d is %v, want %v", c, i, got.data[i], w)
			}
		}
	}
}

func TestRectifyAsPlain(t *testing.T) {
	z := []float32{1, -1, 0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), 1e-45, -1e-45, 3, -2, 5}
	for n := range len(z) + 1 {
		slope, out := append([]float32{}, z[:n]...), make([]float32, n)
		rectify(slope, out)
		for u, v := range z[:n] {
			want, rise := max(v, 0), float32(0)
			if v > 0 {
				rise = 1
			}
			if math.Float32bits(out[u]) != math.Float32bits(want) || slope[u] != rise {
				t.Errorf("%v of %d gives %v with the slope %v, want %v and %v", v, n, out[u], slope[u], want, rise)
			}
		}
	}
}
