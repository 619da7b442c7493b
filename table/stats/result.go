package stats

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// Exact reports whether quantiles, distinct count and top values are exact.
func (c *Column) Exact() bool { return c.distinct == nil }

// Min is the least number; NaN when there is none.
func (c *Column) Min() float64 {
	if c.Moments.N == 0 {
		return math.NaN()
	}
	return c.low
}

// Max is the largest number; NaN when there is none.
func (c *Column) Max() float64 {
	if c.Moments.N == 0 {
		return math.NaN()
	}
	return c.high
}

// Mean is the mean of the numbers; NaN when there is none.
func (c *Column) Mean() float64 {
	if c.Moments.N == 0 {
		return math.NaN()
	}
	return c.Moments.Mean
}

// Distinct is the number of distinct values, infinities left out.
func (c *Column) Distinct() float64 {
	if c.distinct != nil {
		return math.Round(c.distinct.estimate())
	}
	return float64(c.tallied())
}

// A ValueCount is a value, as it is written to CSV, and how often it occurs.
type ValueCount struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Top lists the n most frequent values, the most frequent first; of equally
// frequent ones, the smaller first. TopError says how far the counts may be off.
func (c *Column) Top(n int) []ValueCount {
	if c.texts != nil {
		return top(c.texts, n, func(s string) string { return s })
	}
	return top(c.numbers, n, c.text)
}

// TopError is the most that a count of Top is too low by, and the most that a
// value may occur that Top lacks.
func (c *Column) TopError() int64 {
	if c.texts != nil {
		return c.texts.missed
	}
	return c.numbers.missed
}

func top[K cmp.Ordered](t *tally[K], n int, text func(K) string) []ValueCount {
	order := make([]int, len(t.keys))
	for i := range order {
		order[i] = i
	}
	sorting.Func(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(t.counts[j], t.counts[i]), cmp.Compare(i, j))
	})
	out := make([]ValueCount, max(0, min(n, len(order))))
	for i := range out {
		out[i] = ValueCount{text(t.keys[order[i]]), t.counts[order[i]]}
	}
	return out
}

// Quantile is a quantile of the numbers, 0 <= q <= 1; NaN when there are none.
// For more than one, ask a Distribution.
func (c *Column) Quantile(q float64) float64 { return c.Distribution().Quantile(q) }

// A Distribution answers questions about how a column's numbers are spread. It
// is immutable.
type Distribution struct {
	values    []float64 // sorted
	upto      []int64   // how many numbers are at most values[i]
	low, high float64
}

// Distribution is the distribution of the column's numbers. That of a string
// column is empty.
func (c *Column) Distribution() *Distribution {
	d := &Distribution{low: c.low, high: c.high}
	switch {
	case c.quantiles != nil:
		d.values, d.upto = c.quantiles.weighted()
	case c.numbers != nil:
		d.values, d.upto = make([]float64, len(c.numbers.keys)), slices.Clone(c.numbers.counts)
		c.numbersOf(c.numbers.keys, d.values)
	}
	for i := 1; i < len(d.upto); i++ {
		d.upto[i] += d.upto[i-1]
	}
	return d
}

// N is how many numbers there are.
func (d *Distribution) N() int64 {
	if len(d.upto) == 0 {
		return 0
	}
	return d.upto[len(d.upto)-1]
}

// Quantile interpolates linearly between the two nearest numbers, as pandas
// does by default. It is NaN when there are none or q is not in [0, 1].
func (d *Distribution) Quantile(q float64) float64 {
	n := d.N()
	if n == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	position := float64(q * float64(n-1))
	below := math.Floor(position)
	a, b := d.at(int64(below)), d.at(min(int64(below)+1, n-1))
	t := position - below
	if t >= 0.5 {
		return b - float64((b-a)*(1-t))
	}
	return a + float64((b-a)*t)
}

// at is the number of a rank, the least having rank 0.
func (d *Distribution) at(rank int64) float64 {
	switch rank {
	case 0:
		return d.low
	case d.N() - 1:
		return d.high
	}
	return d.values[sort.Search(len(d.upto), func(i int) bool { return d.upto[i] > rank })]
}

// CDF is the part of the numbers that are at most x; NaN when there are none.
func (d *Distribution) CDF(x float64) float64 {
	n := d.N()
	switch {
	case n == 0 || math.IsNaN(x):
		return math.NaN()
	case x < d.low:
		return 0
	case x >= d.high:
		return 1
	}
	i := sort.Search(len(d.values), func(i int) bool { return d.values[i] > x })
	if i == 0 {
		return 1 / float64(n) // the least number, at least
	}
	return float64(d.upto[i-1]) / float64(n)
}

// Histogram says how many numbers lie in each bin [edges[i], edges[i+1]), the
// last bin closed on the right. It is as exact as CDF is. Edges increase.
func (d *Distribution) Histogram(edges []float64) []float64 {
	if len(edges) < 2 {
		return nil
	}
	out := make([]float64, len(edges)-1)
	n := float64(d.N())
	if n == 0 {
		return out
	}
	last := len(edges) - 1
	from := d.CDF(math.Nextafter(edges[0], math.Inf(-1)))
	for i := range out {
		edge := math.Nextafter(edges[i+1], math.Inf(-1))
		if i+1 == last {
			edge = edges[last]
		}
		to := d.CDF(edge)
		out[i] = math.Round((to - from) * n)
		from = to
	}
	return out
}
