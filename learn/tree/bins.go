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
// of its bin on the feature's axis.
type binned struct {
	bins [][]uint8 // a column a feature, missingBin where missing
	axes []axis
	rows int
}

// bin cuts every feature into at most maxBins bins, as scikit-learn's
// histogram-based gradient boosting does: midpoints between distinct values
// where these are few, else quantiles.
func bin(ctx context.Context, x *learn.Matrix, maxBins, threads int) (*binned, error) {
	d := &binned{bins: make([][]uint8, len(x.Columns)), axes: make([]axis, len(x.Columns)), rows: x.Rows}
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(threads, len(x.Columns)) {
		all.Go(func() {
			for {
				j := int(next.Add(1)) - 1
				if j >= len(x.Columns) || ctx.Err() != nil {
					return
				}
				d.axes[j] = newAxis(binEdges(x.Columns[j], maxBins))
				d.bins[j] = assignBins(x.Columns[j], d.axes[j])
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
	known := newAxis(distinct)
	for _, v := range col {
		if at := known.bin(v); v != v || at < len(distinct) && distinct[at] == v {
			continue
		}
		at, found := slices.BinarySearch(distinct, v)
		if !found {
			distinct = slices.Insert(distinct, at, v)
			if len(distinct) > limit {
				break
			}
			known = newAxis(distinct)
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

// assignBins finds the bin of each value.
func assignBins(col []float64, a axis) []uint8 {
	out := make([]uint8, len(col))
	for i, v := range col {
		b := a.bin(v)
		if v != v {
			b = missingBin
		}
		out[i] = uint8(b)
	}
	return out
}
