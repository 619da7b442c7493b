// Package distance computes squared distances of many rows from many points, and
// which point is nearest.
//
// Rows come in blocks, feature by feature: features x Wide numbers. Where the
// processor has AVX-512, assembly does the same operations on the same numbers
// in the same order as the loops here, so that the bits are the same: those of
// adding what a feature adds to a distance feature after feature.
package distance

import "github.com/runnel-dev/runnel/learn/vector"

const (
	// Wide is how many rows a block has.
	Wide = 128
	// Tile is how many points share what is loaded of a row.
	Tile = 4

	group = 16 // rows that assembly takes at a time
)

// Tiles lays points, one after the other, out for Squared: four at a time,
// feature by feature, each number times factor. Those that lack to a multiple of
// four are 0. into is used where it is large enough.
func Tiles(points []float64, features int, factor float64, into []float64) []float64 {
	k := len(points) / features
	size := (k + Tile - 1) / Tile * Tile * features
	if cap(into) < size {
		into = make([]float64, size)
	}
	into = into[:size]
	clear(into)
	for c := range k {
		at := c / Tile * Tile * features
		for j := range features {
			into[at+j*Tile+c%Tile] = factor * points[c*features+j]
		}
	}
	return into
}

// Squared writes the squared distance of each of a block's first rows from each
// point: Wide numbers a point, of which those after the rows mean nothing.
func Squared(block []float64, features, rows int, tiles, out []float64) {
	groups, count := (rows+group-1)/group, len(tiles)/(Tile*features)
	switch {
	case groups == 0 || count == 0:
	case vector.Has512():
		_, _ = block[features*Wide-1], out[count*Tile*Wide-1]
		squared512(&block[0], features, groups, &tiles[0], count, &out[0])
	default:
		squaredPlain(block, features, groups*group, tiles, out)
	}
}

func squaredPlain(block []float64, features, rows int, tiles, out []float64) {
	for t := 0; t < len(tiles)/features; t += Tile {
		for c := range Tile {
			o := out[(t+c)*Wide:][:rows]
			clear(o)
			for j := range features {
				v := tiles[t*features+j*Tile+c]
				for i, x := range block[j*Wide:][:rows] {
					d := x - v
					o[i] += float64(d * d)
				}
			}
		}
	}
}
