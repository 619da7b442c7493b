package distance

import (
	"math"

	"github.com/runnel-dev/runnel/learn/vector"
)

// A Nearest tells which of some points is the nearest: that of the smallest
// |p|^2 - 2 p x, which is the squared distance less |x|^2.
type Nearest struct {
	features int
	tiles    []float64
	norms    []float64 // infinite where a tile has no point
}

// NewNearest is of points one after the other.
func NewNearest(points []float64, features int) *Nearest {
	n := &Nearest{features: features, tiles: Tiles(points, features, -2, nil)}
	for ; len(points) > 0; points = points[features:] {
		norm := 0.0
		for _, v := range points[:features] {
			norm += float64(v * v)
		}
		n.norms = append(n.norms, norm)
	}
	for len(n.norms)%Tile != 0 {
		n.norms = append(n.norms, math.Inf(1))
	}
	return n
}

// Of writes the number of the nearest point of each of a block's first rows, the
// first of equals. Those after the rows mean nothing.
func (n *Nearest) Of(block []float64, rows int, labels *[Wide]int32) {
	groups := (rows + group - 1) / group
	if groups > 0 && vector.Has512() {
		nearest512(&block[0], n.features, groups, &n.tiles[0], &n.norms[0], len(n.norms)/Tile, &labels[0])
		return
	}
	n.plain(block, groups*group, labels)
}

func (n *Nearest) plain(block []float64, rows int, labels *[Wide]int32) {
	var best [Wide]float64
	for i := range best {
		best[i], labels[i] = math.Inf(1), 0
	}
	var score [Tile][Wide]float64
	for t := 0; t < len(n.norms); t += Tile {
		s0, s1, s2, s3 := score[0][:rows], score[1][:rows], score[2][:rows], score[3][:rows]
		for i := range s0 {
			s0[i], s1[i], s2[i], s3[i] = n.norms[t], n.norms[t+1], n.norms[t+2], n.norms[t+3]
		}
		for j := range n.features {
			c := n.tiles[t*n.features+j*Tile:][:Tile]
			c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
			for i, x := range block[j*Wide:][:rows] {
				s0[i] += float64(c0 * x)
				s1[i] += float64(c1 * x)
				s2[i] += float64(c2 * x)
				s3[i] += float64(c3 * x)
			}
		}
		for c := range Tile {
			for i, s := range score[c][:rows] {
				if s < best[i] {
					best[i], labels[i] = s, int32(t+c)
				}
			}
		}
	}
}

// Closer adds to sums, eight a point, the weighted distances of a block's rows, each
// that from the closest point so far or from this one, whichever is less: each lane
// has every eighth row. distances is what Squared writes.
func Closer(closest, weights, distances, sums []float64) {
	if vector.Has512() {
		_, _, _ = closest[Wide-1], weights[Wide-1], distances[len(sums)/8*Wide-1]
		closer512(&closest[0], &weights[0], &distances[0], len(sums)/8, &sums[0])
		return
	}
	closerPlain(closest, weights, distances, sums)
}

func closerPlain(closest, weights, distances, sums []float64) {
	for c := 0; c < len(sums); c += 8 {
		for i, d := range distances[c*Wide/8:][:Wide] {
			if !(closest[i] < d) {
				sums[c+i%8] += float64(d * weights[i])
			} else {
				sums[c+i%8] += float64(closest[i] * weights[i])
			}
		}
	}
}
