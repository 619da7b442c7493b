package boost

import "github.com/runnel-dev/runnel/learn/bins"

// data are the binned features, a row after the other: all that a histogram
// needs of a row is in the same line or two of cache.
type data struct {
	rows, features int
	bins           []uint8 // rows x features
	width          []int   // of each feature: its bins, but that of missing values
	missing        []bool  // of each feature: whether there is a missing value
}

// transposeRows is how many rows are written at a time: few enough to stay in cache.
const transposeRows = 512

func newData(m *bins.Matrix) *data {
	d := &data{rows: m.Rows, features: len(m.Columns), width: make([]int, len(m.Columns)), missing: make([]bool, len(m.Columns))}
	d.bins = make([]uint8, d.rows*d.features)
	for from := 0; from < d.rows; from += transposeRows {
		to := min(from+transposeRows, d.rows)
		for j, col := range m.Columns {
			at := from*d.features + j
			missing := false
			for _, b := range col[from:to] {
				d.bins[at] = b
				at += d.features
				missing = missing || b == bins.Missing
			}
			d.missing[j] = d.missing[j] || missing
		}
	}
	for j, axis := range m.Axes {
		d.width[j] = len(axis.Edges()) + 1
	}
	return d
}
