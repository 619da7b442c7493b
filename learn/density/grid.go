package density

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/order"
)

// A Grid counts points in equal rectangles, and for each rectangle in classes.
// Cell (column i, row j) is Counts[j*Columns+i]; row 0 has the smallest y.
type Grid struct {
	X0, X1, Y0, Y1 float64 // range that the grid covers
	Columns, Rows  int
	Counts         []int64
	Classes        []int32 // of each cell the most frequent class; nil without classes, -1 in an empty cell
	Outside        int64   // points beyond the range
}

// NewGrid counts points in at most columns x rows cells; values at fewer, evenly
// spaced places (see Step) have a cell each. A pair with a NaN is left out. The
// range of an axis is that of its values; where a few extremes would squeeze the
// rest together (the central 99 % take less than a third of the range) it is
// that of the central 99 %. classes, where not nil, gives a class
// to each point (-1: none), of classes in all.
func NewGrid(x, y []float64, columns, rows int, labels []int32, classes int) *Grid {
	var keepX, keepY []float64
	for i := range x {
		if !math.IsNaN(x[i]) && !math.IsNaN(y[i]) {
			keepX, keepY = append(keepX, x[i]), append(keepY, y[i])
		}
	}
	g := &Grid{Columns: columns, Rows: rows, Counts: make([]int64, columns*rows)}
	if len(keepX) == 0 {
		return g
	}
	g.X0, g.X1, columns = axis(keepX, columns)
	g.Y0, g.Y1, rows = axis(keepY, rows)
	g.Columns, g.Rows, g.Counts = columns, rows, g.Counts[:columns*rows]
	var perClass []int64
	if labels != nil && classes > 0 {
		perClass = make([]int64, classes*columns*rows)
	}
	for i := range x {
		if math.IsNaN(x[i]) || math.IsNaN(y[i]) {
			continue
		}
		if x[i] < g.X0 || x[i] > g.X1 || y[i] < g.Y0 || y[i] > g.Y1 {
			g.Outside++
			continue
		}
		cell := slot(y[i], g.Y0, g.Y1, rows)*columns + slot(x[i], g.X0, g.X1, columns)
		g.Counts[cell]++
		if perClass != nil && labels[i] >= 0 {
			perClass[cell*classes+int(labels[i])]++
		}
	}
	if perClass != nil {
		g.Classes = majority(perClass, classes)
	}
	return g
}

func slot(v, lo, hi float64, n int) int {
	if hi == lo {
		return n / 2
	}
	share := (float64(v/2) - float64(lo/2)) / (float64(hi/2) - float64(lo/2)) // halves keep the range from overflowing
	return max(0, min(int(share*float64(n)), n-1))
}

func majority(perClass []int64, classes int) []int32 {
	out := make([]int32, len(perClass)/classes)
	for cell := range out {
		out[cell] = -1
		best := int64(0)
		for k, c := range perClass[cell*classes : (cell+1)*classes] {
			if c > best {
				best, out[cell] = c, int32(k)
			}
		}
	}
	return out
}

// axis is the range of the values, and the number of cells along it.
func axis(values []float64, most int) (lo, hi float64, cells int) {
	order.Sort(values)
	lo, hi = values[0], values[len(values)-1]
	a, b := Quantile(values, 0.005), Quantile(values, 0.995)
	if b > a && b-a < (hi-lo)/3 {
		lo, hi = a, b
		from, _ := slices.BinarySearch(values, a)
		to, _ := slices.BinarySearch(values, math.Nextafter(b, math.Inf(1)))
		values = values[from:to]
	}
	if step := Step(values); step > 0 {
		if places := int(math.Round((hi-lo)/step)) + 1; places <= most {
			return lo - float64(step/2), hi + float64(step/2), places
		}
	}
	return lo, hi, most
}
