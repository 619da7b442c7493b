package boost

import (
	"context"
	"fmt"
	"slices"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
)

// data are the binned features, a row after the other: all that a histogram
// needs of a row is in the same line or two of cache.
type data struct {
	rows, features int
	// bins has a row in stride bytes, of which those after the last feature hold
	// anything. A few bytes after the last row may be read, not looked at.
	bins   []uint8
	stride int
	width  []int // of each feature: its bins, but that of missing values
	axes   []bins.Axis
	// categories are, of a feature that holds such, those that have a bin; what is
	// none of them is in the bin after. They are nil of a number.
	categories [][]int32
	// direction is, of each feature, 1 where predictions must not fall with it, -1
	// where they must not rise.
	direction []int8
}

// newData bins the features.
func (b *Boosting) newData(ctx context.Context, x *learn.Matrix, threads int) (*data, error) {
	d := &data{features: len(x.Columns), width: make([]int, len(x.Columns)), categories: make([][]int32, len(x.Columns)), direction: make([]int8, len(x.Columns))}
	numbers := *x
	var flagged []int
	for _, list := range []struct {
		name     string
		features []string
		use      func(j int)
	}{
		{"categorical_features", b.Categorical, func(j int) { flagged = append(flagged, j) }},
		{"increasing", b.Increasing, func(j int) { d.direction[j] = 1 }},
		{"decreasing", b.Decreasing, func(j int) { d.direction[j] = -1 }},
	} {
		for _, name := range list.features {
			j := slices.Index(x.Names, name)
			if j < 0 {
				return nil, fmt.Errorf("%s names %q, which is no feature%s", list.name, name, nearest.Hint(name, x.Names))
			}
			list.use(j)
		}
	}
	for _, name := range b.Increasing {
		if slices.Contains(b.Decreasing, name) {
			return nil, fmt.Errorf("predictions cannot be both increasing and decreasing with %q", name)
		}
	}
	slices.Sort(flagged)
	flagged = slices.Compact(flagged)
	numbers.Columns = slices.Clone(x.Columns)
	for _, j := range flagged {
		if d.direction[j] != 0 {
			return nil, fmt.Errorf("feature %q is categorical: predictions cannot rise or fall with it", x.Names[j])
		}
		numbers.Columns[j] = make([]float64, x.Rows) // nothing to cut
	}
	m, err := bins.Cut(ctx, &numbers, b.MaxBins, threads)
	if err != nil {
		return nil, err
	}
	d.axes = m.Axes
	for j, axis := range m.Axes {
		d.width[j] = len(axis.Edges()) + 1
	}
	for _, j := range flagged {
		if m.Columns[j], d.categories[j], err = bins.Categories(x.Columns[j], b.MaxBins-1); err != nil {
			return nil, fmt.Errorf("feature %q: %w", x.Names[j], err)
		}
		d.width[j] = len(d.categories[j]) + 1
	}
	d.transpose(m.Columns, x.Rows)
	return d, nil
}

// of bins other rows of the same features.
func (d *data) of(x *learn.Matrix) *data {
	out := *d
	columns := make([][]uint8, d.features)
	for j, col := range x.Columns {
		if d.categories[j] != nil {
			columns[j] = bins.Lookup(col, d.categories[j])
			continue
		}
		columns[j] = make([]uint8, len(col))
		for i, v := range col {
			b := d.axes[j].Bin(v)
			if v != v {
				b = bins.Missing
			}
			columns[j][i] = uint8(b)
		}
	}
	out.transpose(columns, x.Rows)
	return &out
}

// transposeRows is how many rows are written at a time: few enough to stay in cache.
const transposeRows = 512

func (d *data) transpose(columns [][]uint8, rows int) {
	d.rows, d.stride = rows, d.features
	if d.features%4 > 1 { // fours of features are quicker than two and three alone
		d.stride = (d.features + 3) &^ 3
	}
	d.bins = make([]uint8, rows*d.stride+3)
	for from := 0; from < rows; from += transposeRows {
		to := min(from+transposeRows, rows)
		for j, col := range columns {
			at := from*d.stride + j
			for _, b := range col[from:to] {
				d.bins[at] = b
				at += d.stride
			}
		}
		for j := len(columns); j < d.stride; j++ { // not all into the same bin, which waits for itself
			for r := from; r < to; r++ {
				d.bins[r*d.stride+j] = uint8(r)
			}
		}
	}
}
