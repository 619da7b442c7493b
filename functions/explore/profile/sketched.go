package profile

import (
	"math"

	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/learn/order"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// sketched describes a column by its merged statistics.
func sketched(c *stats.Column, o *Options) described {
	d := described{
		Column:   Column{Name: c.Name, Type: c.Kind, Count: c.Count, Missing: c.Nulls, Infinite: c.Infinite, Distinct: int64(math.Round(c.Distinct()))},
		estimate: !c.Exact(),
	}
	if c.Kind != table.String && c.Kind != table.Bool {
		d.spread = c.Distribution()
		d.Numbers = numbersFrom(c.Moments, d.spread.Quantile)
		d.Numbers.Min, d.Numbers.Max = Float(c.Min()), Float(c.Max())
		if c.Exact() {
			d.Numbers.Zeros = int64(math.Round((d.spread.CDF(0) - d.spread.CDF(math.Nextafter(0, -1))) * float64(d.spread.N())))
		}
	}
	if c.Kind == table.String || c.Kind == table.Bool || d.fewNumbers(o) {
		var top []Value
		named := int64(0)
		for _, v := range c.Top(o.Top + 1) {
			top = append(top, Value{v.Value, v.Count})
			named += v.Count
		}
		if rest := d.Count - d.Infinite - named; rest > 0 && len(top) > o.Top {
			d.name(top, o)
			d.Others.Distinct += d.Distinct - int64(len(top))
			d.Others.Count += rest
		} else {
			d.name(top, o)
		}
	}
	return d
}

// finish completes the description of a column from its sampled rows.
func (d *described) finish(sample *table.Column) {
	if d.spread != nil {
		d.sorted = finiteSorted(sample.Numbers())
		if n := len(d.sorted); n > 0 {
			d.sorted[0], d.sorted[n-1] = float64(d.Numbers.Min), float64(d.Numbers.Max)
			d.Box = d.boxFromSpread()
		}
	}
	if d.Type == table.String && d.Length == nil && d.Count > 0 {
		d.Length = lengthOf(sample)
	}
	d.Role = d.role()
	if d.Role == Identifier {
		d.Top, d.Others = nil, nil // each value stands for one row
	}
}

func finiteSorted(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	order.Sort(out)
	return out
}

// boxFromSpread takes the whiskers from the sample, and the number of outliers
// from the distribution of all values.
func (d *described) boxFromSpread() *Box {
	box := boxOf(d.sorted)
	q1, q3, n := float64(d.Numbers.Q1), float64(d.Numbers.Q3), float64(d.spread.N())
	below := d.spread.CDF(math.Nextafter(q1-float64(1.5*(q3-q1)), math.Inf(-1)))
	above := 1 - d.spread.CDF(q3+float64(1.5*(q3-q1)))
	box.Below, box.Above = int64(math.Round(below*n)), int64(math.Round(above*n))
	return box
}

// counts are the numbers of values between edges.
func (d *described) counts(edges []float64) []int64 {
	if d.spread == nil {
		return density.Histogram(d.sorted, edges)
	}
	parts := d.spread.Histogram(edges)
	out := make([]int64, len(parts))
	for i, v := range parts {
		out[i] = int64(math.Round(v))
	}
	return out
}
