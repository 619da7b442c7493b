// Package moments has the first and second moments of columns: their means, their
// squares about these, and the products of standardised columns with each other.
// Rows are added up in parts whose cut depends on the data's size only, so that the
// bits are the same for any number of threads.
package moments

import (
	"math"

	"github.com/runnel-dev/runnel/learn/vector"
)

// block is the number of rows worked on at a time: what is touched twice stays in
// the cache.
const block = 512

// A Column is what a column comes to.
type Column struct {
	Weight   float64
	Mean     float64 // no number, or infinite, where the column has such values
	Squares  float64 // the weighted sum of squares about the mean
	Constant bool    // whether all values that have weight are the same
}

// Of goes over a column once, block by block. A block's sums are of the differences
// from the mean so far, so that they keep their digits however far from 0 the
// values are, and the blocks' moments are merged (Chan, Golub, LeVeque 1979).
// weights of nil are 1 each. The column has at least one row.
func Of(column, weights []float64) Column {
	all := Column{Constant: true}
	first, shift := math.NaN(), column[0]
	for start := 0; start < len(column); start += block {
		c := column[start:min(start+block, len(column))]
		var weight, sum, squares float64
		if weights == nil {
			first = column[0]
			weight = float64(len(c))
			sum, squares = vector.Sums(c, shift)
			all.Constant = all.Constant && same(c, first)
		} else {
			for i, v := range c {
				w := weights[start+i]
				if w == 0 && finite(v) { // others are refused, whatever their weight
					continue
				}
				if first != first {
					first, shift = v, v
				}
				all.Constant = all.Constant && v == first
				d := v - shift
				weight += w
				sum += float64(w * d)
				squares += float64(float64(w*d) * d)
			}
			if weight == 0 && sum == sum {
				continue
			}
		}
		mean := sum / weight
		apart := shift + mean - all.Mean
		total := all.Weight + weight
		share := weight / total
		all.Squares += max(0, squares-float64(sum*mean)) + float64(float64(float64(apart*apart)*all.Weight)*share)
		all.Mean += float64(apart * share)
		all.Weight, shift = total, all.Mean
	}
	return all
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func same(c []float64, as float64) bool {
	for _, v := range c {
		if v != as {
			return false
		}
	}
	return true
}
