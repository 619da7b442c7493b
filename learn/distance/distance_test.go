package distance

import (
	"math"
	"testing"
)

// Both ways give the bits of the definition.
func TestSquared(t *testing.T) {
	for _, c := range []struct{ features, rows, points int }{{1, 1, 1}, {3, 16, 4}, {7, 128, 9}, {20, 100, 64}} {
		block, points := make([]float64, c.features*Wide), make([]float64, c.features*c.points)
		for i := range block {
			block[i] = math.Sin(float64(i*i)) * 10
		}
		for i := range points {
			points[i] = math.Cos(float64(i*i)) / 3
		}
		tiles := Tiles(points, c.features, 1, nil)
		for _, fast := range []bool{false, Fast()} {
			out := make([]float64, len(tiles)/c.features*Wide)
			Squared(block, c.features, c.rows, tiles, out, fast)
			for p := range c.points {
				for i := range c.rows {
					want := 0.0
					for j := range c.features {
						d := block[j*Wide+i] - points[p*c.features+j]
						want += float64(d * d)
					}
					if got := out[p*Wide+i]; math.Float64bits(got) != math.Float64bits(want) {
						t.Fatalf("%+v, fast %v: row %d from point %d is %v, want %v", c, fast, i, p, got, want)
					}
				}
			}
		}
	}
	Squared(nil, 1, 0, nil, nil, Fast())
}
