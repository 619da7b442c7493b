package bins

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The bins of many values are those of each, whatever finds them.
func TestBinsOfMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edges := rapid.SliceOfN(rapid.Float64Range(-5, 5), 0, 300).Draw(t, "edges")
		edges = append(edges, rapid.SliceOfN(rapid.SampledFrom([]float64{0, -math.MaxFloat64, math.MaxFloat64, 5e-324}), 0, 4).Draw(t, "more")...)
		slices.Sort(edges)
		a := NewAxis(slices.Compact(edges))
		among := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 0, math.Copysign(0, -1), -5e-324}
		value := rapid.OneOf(rapid.SampledFrom(append(among, edges...)), rapid.Float64Range(-6, 6))
		values := rapid.SliceOfN(value, 0, 140).Draw(t, "values")
		into := make([]uint32, len(values)+1)
		into[len(values)] = 77
		a.Bins(values, into, 999)
		for i, v := range values {
			want := uint32(999)
			if v == v {
				want = 0
				for _, e := range a.Edges() {
					if e < v {
						want++
					}
				}
			}
			if into[i] != want {
				t.Fatalf("value %d, %v, is in bin %d, want %d of %d", i, v, into[i], want, len(a.Edges()))
			}
		}
		if into[len(values)] != 77 {
			t.Fatal("more is written than there are values")
		}
	})
}

func TestByRow(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {130, 3}, {7, 200}, {64, 64}, {0, 2}} {
		m := &Matrix{Rows: shape[0]}
		for j := range shape[1] {
			col := make([]uint8, m.Rows)
			for i := range col {
				col[i] = uint8(i*7 + j*3)
			}
			m.Columns = append(m.Columns, col)
		}
		for at, b := range m.ByRow(3) {
			if i, j := at/shape[1], at%shape[1]; b != m.Columns[j][i] {
				t.Fatalf("%v: row %d has %d of feature %d, want %d", shape, i, b, j, m.Columns[j][i])
			}
		}
	}
}
