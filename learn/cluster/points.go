package cluster

import (
	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/vector"
)

// What takes the time works on blocks of rows, feature by feature, as the matrix
// has them: no copy of the data is made.

const (
	wide = distance.Wide
	tile = distance.Tile
)

// points are the rows of a matrix, shifted by the features' means, and scaled by
// one power of two so that the largest of all numbers is about 1: neither the
// squares of large numbers overflow, nor do those of small ones vanish.
type points struct {
	columns [][]float64
	rows    int
	mean    []float64
	scale   float64
}

// block writes the rows from start on into features x wide numbers, with zeros
// after the last row, and returns how many rows they are.
func (p *points) block(start int, into []float64) int {
	n := min(wide, p.rows-start)
	for j, col := range p.columns {
		to := into[j*wide : (j+1)*wide]
		vector.Standardise(to, col[start:start+n], p.mean[j], p.scale)
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
