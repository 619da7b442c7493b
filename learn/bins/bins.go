package bins

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// Missing is the bin of a missing value. The bins of values are below it.
const Missing = 255

// quantileRows is how many rows the edges between bins are taken from: enough
// for more than a hundred in each of 255 bins.
const quantileRows = 1 << 15

// A Matrix is a feature matrix with every value replaced by the number of its
// bin on the feature's axis.
type Matrix struct {
	Columns [][]uint8 // a column a feature, Missing where missing
	Axes    []Axis
	Rows    int
}

// rowBlock is how many rows and features are turned at a time: what is read and
// written stays in cache.
const rowBlock = 64

// ByRow returns the bins of each row one after the other.
func (m *Matrix) ByRow(threads int) []uint8 {
	features := len(m.Columns)
	out := make([]uint8, m.Rows*features)
	var next atomic.Int64
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			for from := int(next.Add(1)-1) * rowBlock; from < m.Rows; from = int(next.Add(1)-1) * rowBlock {
				m.RowsInto(from, min(from+rowBlock, m.Rows), out[from*features:])
			}
		})
	}
	all.Wait()
	return out
}

// RowsInto writes the bins of some rows one after the other.
func (m *Matrix) RowsInto(from, to int, out []uint8) {
	features := len(m.Columns)
	for first := 0; first < features; first += rowBlock {
		for j, col := range m.Columns[first:min(first+rowBlock, features)] {
			at := first + j
			for _, b := range col[from:to] {
				out[at] = b
				at += features
			}
		}
	}
}

// Cut cuts every feature into at most maxBins bins, as scikit-learn's
// histogram-based gradient boosting does: midpoints between distinct values
// where these are few, else quantiles. An infinite value is ErrInfinite.
func Cut(ctx context.Context, x *learn.Matrix, maxBins, threads int) (*Matrix, error) {
	d := &Matrix{Columns: make([][]uint8, len(x.Columns)), Axes: make([]Axis, len(x.Columns)), Rows: x.Rows}
	var next atomic.Int64
	var infinite atomic.Bool
	var all sync.WaitGroup
	for range min(threads, len(x.Columns)) {
		all.Go(func() {
			for finite := true; finite; {
				j := int(next.Add(1)) - 1
				if j >= len(x.Columns) || ctx.Err() != nil {
					return
				}
				if d.Columns[j], d.Axes[j], finite = binColumn(x.Columns[j], maxBins); !finite {
					infinite.Store(true)
					return
				}
			}
		})
	}
	all.Wait()
	if infinite.Load() {
		return nil, ErrInfinite
	}
	return d, ctx.Err()
}

// ErrInfinite says that a feature has an infinite value.
var ErrInfinite = errors.New("a feature is infinite")

// binColumn cuts a feature, and reports whether all of its values are finite.
func binColumn(col []float64, maxBins int) (bins []uint8, a Axis, finite bool) {
	if bins, a, ok := binWhole(col, maxBins); ok {
		return bins, a, true
	}
	return binAny(col, maxBins)
}

// binAny is binColumn for a column of any numbers.
func binAny(col []float64, maxBins int) (bins []uint8, a Axis, finite bool) {
	sample := sampleValues(col)
	slices.Sort(sample)
	distinct := slices.Compact(slices.Clone(sample))
	if len(distinct) <= maxBins {
		if bins, distinct = binDistinct(col, distinct, maxBins); bins != nil {
			a = NewAxis(midpoints(distinct))
			return bins, a, len(distinct) == 0 || !math.IsInf(distinct[0], 0) && !math.IsInf(distinct[len(distinct)-1], 0)
		}
	}
	a = NewAxis(quantileEdges(sample, maxBins))
	bins, finite = assignBins(col, a)
	return bins, a, finite
}

// midpoints returns the edges between ascending values.
func midpoints(values []float64) []float64 {
	var edges []float64
	for i := 1; i < len(values); i++ {
		edges = append(edges, midpoint(values[i-1], values[i]))
	}
	return edges
}

// quantileEdges returns the ascending edges between at most maxBins bins of an
// ascending sample. Each bin takes its share of what the bins before it left, so
// that one frequent value costs the others no bins.
func quantileEdges(sample []float64, maxBins int) []float64 {
	var edges []float64
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
	rng := splitmix.Source{State: 1}
	for from := 0; from < len(col); from += stride {
		i := from
		if stride > 1 {
			i = min(from+int(rng.Below(uint32(stride))), len(col)-1)
		}
		if v := col[i]; v == v {
			out = append(out, v)
		}
	}
	return out
}

// binDistinct gives each value a bin of its own. The ascending distinct holds
// most of the values, and is completed; bins are nil where there are more than
// limit.
func binDistinct(col, distinct []float64, limit int) (bins []uint8, all []float64) {
	bins = make([]uint8, len(col))
	known := NewAxis(distinct)
	for i, v := range col {
		at := known.Bin(v)
		if at == len(distinct) || distinct[at] != v {
			if v != v {
				bins[i] = Missing
				continue
			}
			if len(distinct) == limit {
				return nil, distinct
			}
			distinct = slices.Insert(distinct, at, v)
			known = NewAxis(distinct)
			for k, b := range bins[:i] {
				if int(b) >= at && b != Missing {
					bins[k]++
				}
			}
		}
		bins[i] = uint8(at)
	}
	return bins, distinct
}

// midpoint is between a and b, a < b: at least a and less than b.
func midpoint(a, b float64) float64 {
	m := (a + b) / 2
	if math.IsInf(m, 0) {
		m = float64(a/2) + float64(b/2)
	}
	if m >= b || m < a {
		return a
	}
	return m
}

// assignBins finds the bin of each value, and reports whether all are finite.
func assignBins(col []float64, a Axis) (bins []uint8, finite bool) {
	bins, finite = make([]uint8, len(col)), true
	var found [256]uint32
	for from := 0; from < len(col); from += len(found) {
		values := col[from:min(from+len(found), len(col))]
		a.Bins(values, found[:], Missing)
		for i, v := range values {
			finite = finite && !math.IsInf(v, 0)
			bins[from+i] = uint8(found[i])
		}
	}
	return bins, finite
}
