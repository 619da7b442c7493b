package distance

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/internal/testneed"
	"github.com/runnel-dev/runnel/learn/vector"
)

// waves are n numbers.
func waves(n int, by float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Sin(float64(i*i)) * by
	}
	return out
}

var cases = []struct{ features, rows, points int }{{1, 1, 1}, {3, 16, 4}, {7, 128, 9}, {20, 100, 64}}

// What is done in assembly has the bits of what is not, and that those of the
// definition.
func TestDistances(t *testing.T) {
	for _, c := range cases {
		block, points := waves(c.features*Wide, 10), waves(c.features*c.points, 1./3)
		tiles := Tiles(points, c.features, 1, nil)
		size := len(tiles) / c.features * Wide
		fast, plain := make([]float64, size), make([]float64, size)
		Squared(block, c.features, c.rows, tiles, fast)
		squaredPlain(block, c.features, c.rows, tiles, plain)
		for p := range c.points {
			for i := range c.rows {
				want, at := 0.0, p*Wide+i
				for j := range c.features {
					d := block[j*Wide+i] - points[p*c.features+j]
					want += float64(d * d)
				}
				if math.Float64bits(fast[at]) != math.Float64bits(want) || plain[at] != want {
					t.Fatalf("%+v: row %d from point %d is %v, in plain Go %v, want %v", c, i, p, fast[at], plain[at], want)
				}
			}
		}
		closest, weights := waves(Wide, 9), waves(Wide, 2)
		sums, want := waves(8*c.points, 1), waves(8*c.points, 1)
		Closer(closest, weights, fast, sums)
		closerPlain(closest, weights, fast, want)
		for i, v := range want {
			if math.Float64bits(sums[i]) != math.Float64bits(v) {
				t.Fatalf("%+v: lane %d of the sums is %v, want %v", c, i, sums[i], v)
			}
		}
	}
	Squared(nil, 1, 0, nil, nil)
	if !vector.Has512() {
		testneed.Skip(t, "this processor has no kernels of its own: a machine with AVX-512")
	}
}

// The nearest point is the one of the least squared distance, the first of equals.
func TestNearest(t *testing.T) {
	for _, c := range cases {
		block, points := waves(c.features*Wide, 1), waves(c.features*c.points, 1)
		if c.points > 8 {
			copy(points[8*c.features:], points[:c.features])
		}
		n := NewNearest(points, c.features)
		var fast, plain [Wide]int32
		n.Of(block, c.rows, &fast)
		n.plain(block, c.rows, &plain)
		tiles := Tiles(points, c.features, 1, nil)
		squared := make([]float64, len(tiles)/c.features*Wide)
		Squared(block, c.features, c.rows, tiles, squared)
		for i := range c.rows {
			want := 0
			for p := range c.points {
				if squared[p*Wide+i] < squared[want*Wide+i]-1e-12 {
					want = p
				}
			}
			if int(fast[i]) != want || fast[i] != plain[i] {
				t.Fatalf("%+v: nearest to row %d is %d, in plain Go %d, want %d", c, i, fast[i], plain[i], want)
			}
		}
	}
}
