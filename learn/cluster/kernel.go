package cluster

import (
	"math"

	"github.com/runnel-dev/runnel/learn/distance"
)

// What takes the time works on blocks of rows, feature by feature, as the matrix
// has them: no copy of the data is made. Where the processor has AVX-512, assembly
// does the same operations on the same numbers in the same order, 16 rows at a
// time, so that the bits are those of the plain loops below.

const (
	wide  = distance.Wide
	group = 16 // rows that assembly takes at a time
	tile  = distance.Tile
)

// points are the rows of a matrix, shifted by the features' means, and scaled by
// one power of two so that the largest of all numbers is about 1: neither the
// squares of large numbers overflow, nor do those of small ones vanish.
type points struct {
	columns [][]float64
	rows    int
	mean    []float64
	scale   float64
	fast    bool
}

// block writes the rows from start on into features x wide numbers, with zeros
// after the last row, and returns how many rows they are.
func (p *points) block(start int, into []float64) int {
	n := min(wide, p.rows-start)
	for j, col := range p.columns {
		to, from, mean, i := into[j*wide:(j+1)*wide], col[start:start+n], p.mean[j], 0
		if p.fast && n >= 8 {
			i = n &^ 7
			centre512(&to[0], &from[0], i, mean, p.scale)
		}
		for ; i < n; i++ {
			to[i] = (from[i] - mean) * p.scale
		}
		clear(to[n:])
	}
	return n
}

// row is one row as a block has it.
func (p *points) row(i int, into []float64) {
	for j, col := range p.columns {
		into[j] = (col[i] - p.mean[j]) * p.scale
	}
}

// A finder tells the nearest of some centres: that of the smallest
// |c|^2 - 2 c x, which is the squared distance less |x|^2.
type finder struct {
	features int
	tiles    []float64
	norms    []float64 // infinite where a tile has no centre
	fast     bool
}

func (f *finder) set(centers []float64) {
	f.tiles = distance.Tiles(centers, f.features, -2, f.tiles)
	f.norms = f.norms[:0]
	for at := 0; at < len(centers); at += f.features {
		f.norms = append(f.norms, squares(centers[at:at+f.features]))
	}
	for len(f.norms)%tile != 0 {
		f.norms = append(f.norms, math.Inf(1))
	}
}

// nearest writes the nearest centre of each row of a block, the first of equals.
func (f *finder) nearest(block []float64, rows int, labels *[wide]int32) {
	groups := (rows + group - 1) / group
	if f.fast {
		nearest512(&block[0], f.features, groups, &f.tiles[0], &f.norms[0], len(f.norms)/tile, &labels[0])
		return
	}
	var best [wide]float64
	for i := range best {
		best[i], labels[i] = math.Inf(1), 0
	}
	var score [tile][wide]float64
	n := groups * group
	for t := 0; t < len(f.norms); t += tile {
		s0, s1, s2, s3 := score[0][:n], score[1][:n], score[2][:n], score[3][:n]
		for i := range s0 {
			s0[i], s1[i], s2[i], s3[i] = f.norms[t], f.norms[t+1], f.norms[t+2], f.norms[t+3]
		}
		for j := range f.features {
			c := f.tiles[(t*f.features + j*tile):][:tile]
			c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
			for i, x := range block[j*wide:][:n] {
				s0[i] += float64(c0 * x)
				s1[i] += float64(c1 * x)
				s2[i] += float64(c2 * x)
				s3[i] += float64(c3 * x)
			}
		}
		for c := range tile {
			for i, s := range score[c][:n] {
				if s < best[i] {
					best[i], labels[i] = s, int32(t+c)
				}
			}
		}
	}
}

// distances writes the squared distance of each row of a block to each centre of
// tiles: wide numbers a centre.
func (p *points) distances(block []float64, rows int, tiles, out []float64) {
	distance.Squared(block, len(p.columns), rows, tiles, out, p.fast)
}

// potentials adds to sums, eight a candidate, what a block's rows would be from
// their closest centre if the candidate were one: each lane has every eighth row.
func (p *points) potentials(closest, weights, distances []float64, sums []float64) {
	if p.fast {
		potentials512(&closest[0], &weights[0], &distances[0], len(sums)/8, &sums[0])
		return
	}
	for c := 0; c < len(sums); c += 8 {
		for i, d := range distances[c*wide/8:][:wide] {
			if !(closest[i] < d) {
				sums[c+i%8] += float64(d * weights[i])
			} else {
				sums[c+i%8] += float64(closest[i] * weights[i])
			}
		}
	}
}

func squares(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x * x)
	}
	return sum
}
