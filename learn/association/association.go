// Package association measures how strongly two variables go together.
//
// NaN marks a missing number and -1 a missing category; a pair with either is
// left out (pairwise-complete), as pandas does.
package association

import (
	"math"
	"slices"

	"github.com/runnel-dev/runnel/learn/order"
)

// Pearson is the coefficient of linear correlation, in [-1, 1]; NaN where
// either variable is constant or fewer than two pairs are complete.
func Pearson(x, y []float64) float64 {
	n, sx, sy := 0, 0.0, 0.0
	for i := range x {
		if s := x[i] + y[i]; s == s {
			n, sx, sy = n+1, sx+x[i], sy+y[i]
		}
	}
	if n < 2 {
		return math.NaN()
	}
	mx, my := sx/float64(n), sy/float64(n)
	var xx, yy, xy, ex, ey float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		if s := dx + dy; s == s {
			xx += float64(dx * dx)
			yy += float64(dy * dy)
			xy += float64(dx * dy)
			ex, ey = ex+dx, ey+dy
		}
	}
	// What the means lack, far from zero, the differences sum to.
	xx -= float64(ex * ex / float64(n))
	yy -= float64(ey * ey / float64(n))
	xy -= float64(ex * ey / float64(n))
	// What is left of a constant variable is its mean's rounding.
	if xx <= constant(mx, n) || yy <= constant(my, n) {
		return math.NaN()
	}
	return max(-1, min(1, xy/math.Sqrt(xx)/math.Sqrt(yy)))
}

func constant(mean float64, n int) float64 {
	e := math.Abs(mean) * 1e-15
	return float64(n) * e * e
}

// Ranks gives each row of the order (see order.Of) its rank from 1, ties the
// average of their ranks; NaN to every row that is not in the order or that has
// no value in other (nil: all have one).
func Ranks(values []float64, sorted []int32, other []float64) []float64 {
	ranks := make([]float64, len(values))
	for i := range ranks {
		ranks[i] = math.NaN()
	}
	if other != nil {
		kept := make([]int32, 0, len(sorted))
		for _, row := range sorted {
			if v := other[row]; v == v {
				kept = append(kept, row)
			}
		}
		sorted = kept
	}
	for from := 0; from < len(sorted); {
		to := from + 1
		for value := values[sorted[from]]; to < len(sorted) && values[sorted[to]] == value; {
			to++
		}
		average := float64(from+to+1) / 2
		for _, row := range sorted[from:to] {
			ranks[row] = average
		}
		from = to
	}
	return ranks
}

// Spearman is the correlation of average ranks, in [-1, 1]. Ranks are those
// among the complete pairs.
func Spearman(x, y []float64) float64 {
	return NewRanked(x).Spearman(NewRanked(y))
}

// A Ranked variable is ready for Spearman against many others.
type Ranked struct {
	values  []float64
	order   []int32
	ranks   []float64
	missing bool
}

// NewRanked sorts the values once.
func NewRanked(values []float64) *Ranked {
	rows := order.Of(values)
	return &Ranked{values, rows, Ranks(values, rows, nil), len(rows) < len(values)}
}

// Spearman is Spearman of the two variables' values.
func (r *Ranked) Spearman(s *Ranked) float64 { return Pearson(r.among(s), s.among(r)) }

// among ranks r's values where o has a value too.
func (r *Ranked) among(o *Ranked) []float64 {
	if !o.missing {
		return r.ranks
	}
	return Ranks(r.values, r.order, o.values)
}

// A Crossing counts how often each pair of categories occurs: Counts[i*Columns+j].
type Crossing struct {
	Rows, Columns int
	Counts        []float64
}

// Cross counts the complete pairs of two categorical variables of a and b categories.
func Cross(x, y []int32, a, b int) *Crossing {
	c := &Crossing{a, b, make([]float64, a*b)}
	for i := range x {
		if x[i] >= 0 && y[i] >= 0 {
			c.Counts[int(x[i])*b+int(y[i])]++
		}
	}
	return c
}

func (c *Crossing) margins() (rows, columns []float64, total float64) {
	rows, columns = make([]float64, c.Rows), make([]float64, c.Columns)
	for i := range rows {
		for j := range columns {
			v := c.Counts[i*c.Columns+j]
			rows[i] += v
			columns[j] += v
			total += v
		}
	}
	return rows, columns, total
}

// CramersV is Cramér's coefficient, in [0, 1], of a crossing; NaN where either
// variable has fewer than two categories. Corrected for bias (Bergsma, 2013) it
// does not grow with the number of categories alone.
func (c *Crossing) CramersV(corrected bool) float64 {
	rows, columns, n := c.margins()
	chi, r, k := 0.0, 0.0, 0.0
	for _, v := range rows {
		if v > 0 {
			r++
		}
	}
	for j, cj := range columns {
		if cj == 0 {
			continue
		}
		k++
		for i, ri := range rows {
			if ri > 0 {
				expected := ri * cj / n
				d := c.Counts[i*c.Columns+j] - expected
				chi += float64(d * d / expected)
			}
		}
	}
	if r < 2 || k < 2 {
		return math.NaN()
	}
	phi := chi / n
	if corrected {
		phi = max(0, phi-(k-1)*(r-1)/(n-1))
		r, k = r-(r-1)*(r-1)/(n-1), k-(k-1)*(k-1)/(n-1)
	}
	if least := min(r, k) - 1; least > 0 {
		return min(1, math.Sqrt(phi/least))
	}
	return 0
}

// Lambda is Goodman and Kruskal's (1954) share of the errors in guessing the
// column category that knowing the row category takes away, in [0, 1]; NaN where
// there is nothing to guess.
func (c *Crossing) Lambda() float64 {
	_, columns, n := c.margins()
	known := 0.0
	for i := range c.Rows {
		known += slices.Max(c.Counts[i*c.Columns : (i+1)*c.Columns])
	}
	if n == 0 || slices.Max(columns) == n {
		return math.NaN()
	}
	return (known - slices.Max(columns)) / (n - slices.Max(columns))
}

// CorrelationRatio is Fisher's eta, in [0, 1]: the square root of the share of
// y's variance that lies between the categories of x. NaN where y is constant.
func CorrelationRatio(x []int32, y []float64, categories int) float64 {
	sum, count := make([]float64, categories), make([]float64, categories)
	mean, n := 0.0, 0.0
	for i, k := range x {
		if k >= 0 && !math.IsNaN(y[i]) {
			sum[k] += y[i]
			count[k]++
			mean += y[i]
			n++
		}
	}
	mean /= n
	between, total := 0.0, 0.0
	for i, k := range x {
		if k >= 0 && !math.IsNaN(y[i]) {
			total += float64((y[i] - mean) * (y[i] - mean))
		}
	}
	for k, c := range count {
		if c > 0 {
			d := sum[k]/c - mean
			between += float64(c * d * d)
		}
	}
	if !(total > constant(mean, int(n))) {
		return math.NaN()
	}
	return math.Sqrt(min(1, between/total))
}
