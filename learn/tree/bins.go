package tree

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
)

// missingBin is the bin of a missing value. The bins of values are below it.
const missingBin = 255

// quantileRows is how many rows the edges between bins are taken from: enough
// for more than a hundred in each of 255 bins.
const quantileRows = 1 << 15

// A binned matrix is a feature matrix with every value replaced by the number
// of the interval that it lies in. Bin b of feature j holds the values x with
// edges[j][b-1] < x <= edges[j][b]; the first and the last bin are open.
type binned struct {
	bins  [][]uint8   // a column a feature, missingBin where missing
	edges [][]float64 // ascending, one fewer than there are bins
	rows  int
}

// threshold is the value that separates bins up to b from those above it:
// +Inf after the last, which separates values from missing ones.
func (d *binned) threshold(feature int, b int) float64 {
	if b < len(d.edges[feature]) {
		return d.edges[feature][b]
	}
	return math.Inf(1)
}

// bin cuts every feature into at most maxBins bins, as scikit-learn's
// histogram-based gradient boosting does: midpoints between distinct values
// where these are few, else quantiles.
func bin(ctx context.Context, x *learn.Matrix, maxBins, threads int) (*binned, error) {
	d := &binned{bins: make([][]uint8, len(x.Columns)), edges: make([][]float64, len(x.Columns)), rows: x.Rows}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(threads, len(x.Columns)) {
		all.Go(func() {
			for {
				j := int(next.Add(1)) - 1
				if j >= len(x.Columns) || ctx.Err() != nil {
					return
				}
				d.edges[j] = binEdges(x.Columns[j], maxBins)
				d.bins[j] = assignBins(x.Columns[j], d.edges[j])
			}
		})
	}
	all.Wait()
	return d, ctx.Err()
}

// binEdges returns the ascending edges between at most maxBins bins.
func binEdges(col []float64, maxBins int) []float64 {
	sample := sampleValues(col)
	slices.Sort(sample)
	distinct := slices.Compact(slices.Clone(sample))
	if len(distinct) <= maxBins && len(sample) < len(col) {
		distinct = distinctValues(col, distinct, maxBins)
	}
	var edges []float64
	if len(distinct) <= maxBins {
		for i := 1; i < len(distinct); i++ {
			edges = append(edges, midpoint(distinct[i-1], distinct[i]))
		}
		return edges
	}
	// Each bin takes its share of what the bins before it left, so that one
	// frequent value costs the others no bins.
	left, bins, taken := len(sample), maxBins, 0
	for i := 1; i < len(sample) && bins > 1; i++ {
		taken++
		if sample[i] != sample[i-1] && taken*bins >= left {
			edges = append(edges, midpoint(sample[i-1], sample[i]))
			left, bins, taken = left-taken, bins-1, 0
		}
	}
	return edges
}

// sampleValues returns the values of at most about quantileRows rows, spread
// evenly with a pseudorandom step in each stride, without the missing ones.
func sampleValues(col []float64) []float64 {
	stride := (len(col) + quantileRows - 1) / quantileRows
	out := make([]float64, 0, len(col)/stride+1)
	rng := random{state: 1}
	for from := 0; from < len(col); from += stride {
		i := from
		if stride > 1 {
			i = min(from+int(rng.below(uint32(stride))), len(col)-1)
		}
		if v := col[i]; v == v {
			out = append(out, v)
		}
	}
	return out
}

// distinctValues adds the values of col that are absent from the ascending
// distinct, and gives up once there are more than limit.
func distinctValues(col, distinct []float64, limit int) []float64 {
	for _, v := range col {
		if v != v {
			continue
		}
		at, found := slices.BinarySearch(distinct, v)
		if !found {
			distinct = slices.Insert(distinct, at, v)
			if len(distinct) > limit {
				break
			}
		}
	}
	return distinct
}

// midpoint is between a and b, a < b: at least a and less than b.
func midpoint(a, b float64) float64 {
	m := (a + b) / 2
	if math.IsInf(m, 0) {
		m = a/2 + b/2
	}
	if m >= b || m < a {
		return a
	}
	return m
}

// assignBins finds the bin of each value: the number of edges below it, by a
// binary search that does not branch.
func assignBins(col, edges []float64) []uint8 {
	var e [255]float64
	for i := copy(e[:], edges); i < len(e); i++ {
		e[i] = math.Inf(1)
	}
	out := make([]uint8, len(col))
	for i, v := range col {
		b := above(v, e[127]) << 7
		b += above(v, e[b+63]) << 6
		b += above(v, e[b+31]) << 5
		b += above(v, e[b+15]) << 4
		b += above(v, e[b+7]) << 3
		b += above(v, e[b+3]) << 2
		b += above(v, e[b+1]) << 1
		b += above(v, e[b])
		if v != v {
			b = missingBin
		}
		out[i] = b
	}
	return out
}

// above is 1 where v > edge, else 0, without a branch.
func above(v, edge float64) uint8 {
	var is uint8
	if v > edge {
		is = 1
	}
	return is
}
