package moments

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
)

// The moments of a column are those of adding up one value after the other.
func TestOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 1400).Draw(t, "rows")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		offset := rapid.SampledFrom([]float64{0, 1, -1e6, 1e9}).Draw(t, "offset")
		drift := rapid.SampledFrom([]float64{0, 1}).Draw(t, "drift")
		column := make([]float64, rows)
		var weights []float64
		if rapid.Bool().Draw(t, "weighted") {
			weights = make([]float64, rows)
		}
		var total, mean, squares float64
		weight := func(i int) float64 {
			if weights == nil {
				return 1
			}
			return weights[i]
		}
		for i := range column {
			column[i] = offset + r.NormFloat64() + drift*float64(i)
			if weights != nil {
				weights[i] = float64(r.IntN(3))
			}
			total += weight(i)
		}
		if total == 0 {
			return
		}
		for i, v := range column {
			mean += weight(i) * (v - offset) / total
		}
		for i, v := range column {
			squares += weight(i) * (v - offset - mean) * (v - offset - mean)
		}
		got := Of(column, weights)
		if math.Abs(got.Mean-offset-mean) > 1e-12*math.Max(math.Abs(offset), math.Abs(mean)+1)+1e-12 || got.Weight != total {
			t.Errorf("mean %v of weight %v, want %v of %v", got.Mean, got.Weight, mean+offset, total)
		}
		if math.Abs(got.Squares-squares) > 1e-9*squares+0x1p-52*math.Abs(offset)*float64(rows) {
			t.Errorf("squares %v, want %v", got.Squares, squares)
		}
	})
}

// Products are those of adding up one row after the other, of the same bits for any
// number of threads.
func TestProducts(t *testing.T) {
	for _, c := range []struct {
		rows, columns int
		weighted      bool
	}{{1, 1, false}, {5, 3, true}, {600, 5, false}, {1100, 17, true}, {70, 130, false}} {
		r := rand.New(rand.NewPCG(uint64(c.rows), 0))
		s := Standard{Rows: c.rows}
		draw := func(n int) (x []float64) {
			for range n {
				x = append(x, r.NormFloat64())
			}
			return x
		}
		for range c.columns {
			s.Columns = append(s.Columns, draw(c.rows))
		}
		s.Center, s.Inverse = draw(c.columns), draw(c.columns)
		if c.weighted {
			s.Weights = draw(c.rows)
		}
		got, err := s.Products(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		one, err := s.Products(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for j := range c.columns {
			for k := range c.columns {
				want, size := 0.0, 0.0
				for i := range c.rows {
					v := (s.Columns[j][i] - s.Center[j]) * s.Inverse[j] * (s.Columns[k][i] - s.Center[k]) * s.Inverse[k]
					if c.weighted {
						v *= s.Weights[i]
					}
					want, size = want+v, size+math.Abs(v)
				}
				if v := got[j*c.columns+k]; math.Abs(v-want) > 1e-13*size || v != one[j*c.columns+k] {
					t.Errorf("%d rows of %d: product of %d and %d is %v, and %v by one thread, want %v", c.rows, c.columns, j, k, v, one[j*c.columns+k], want)
				}
			}
		}
	}
}

// Scaled numbers are about 1, whatever their size, and what has no scale is named.
func TestScale(t *testing.T) {
	for _, c := range []struct {
		column   []float64
		centred  bool
		from, to float64 // of the largest number, scaled
		err      string
	}{
		{[]float64{1, 3}, true, 0.25, 2, ""},
		{[]float64{1001, 1003}, true, 500, 1003, ""},
		{[]float64{1001, 1003}, false, 0.5, 1, ""},
		{[]float64{3e-200, 1e-200}, true, 1.5, 3, ""}, // 1e-200 from their mean
		{[]float64{3e-200, 1e-200}, false, 0.5, 1, ""},
		{[]float64{3e140, -3e140}, true, 0.25, 2, ""},
		{[]float64{0, 0}, true, 0, 0, ""},
		{[]float64{1, math.NaN()}, false, 0, 0, `feature "a" is NaN in row 1: impute or cap first`},
		{[]float64{1e200, 1}, true, 0, 0, `feature "a" has numbers too large to take means of: scale it first`},
	} {
		x := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{c.column}, Rows: 2}
		all, err := All(t.Context(), x, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		scale, err := Scale(x, all, c.centred)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%v: error %v, want %s", c.column, err, c.err)
			}
			continue
		}
		if fraction, _ := math.Frexp(scale); err != nil || fraction != 0.5 {
			t.Errorf("%v: scale %v, error %v: not a power of two", c.column, scale, err)
		}
		if largest := scale * max(c.column[0], c.column[1]); largest < c.from || largest > c.to {
			t.Errorf("%v: the largest is %v, scaled, want %v to %v", c.column, largest, c.from, c.to)
		}
	}
}
