package profile

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/learn/order"
	"github.com/runnel-dev/runnel/table"
)

// described is a column with what later steps need of it.
type described struct {
	Column
	sorted []float64 // finite values of a numeric or time column, ascending
}

func describe(c *table.Column, o *Options) described {
	d := described{Column: Column{Name: c.Name, Type: c.Kind, Missing: int64(c.Nulls())}}
	d.Count = int64(c.Len()) - d.Missing
	switch c.Kind {
	case table.String:
		d.describeStrings(c, o)
	case table.Bool:
		d.describeBools(c)
	default:
		d.describeNumbers(c, o)
	}
	d.Role = d.role(c.Kind)
	if d.Role == Identifier {
		d.Top = nil // each value stands for one row
	}
	return d
}

func (d *described) describeNumbers(c *table.Column, o *Options) {
	values := make([]float64, 0, d.Count)
	for _, v := range c.Numbers() {
		switch {
		case math.IsInf(v, 0):
			d.Infinite++
		case !math.IsNaN(v):
			values = append(values, v)
		}
	}
	order.Sort(values)
	d.sorted = values
	for i, v := range values {
		if i == 0 || v != values[i-1] {
			d.Distinct++
		}
	}
	d.Numbers = numbersOf(values)
	if len(values) == 0 {
		return
	}
	d.Box = boxOf(values)
	if d.Distinct <= int64(2*o.Top) && c.Kind != table.Time {
		var all []Value
		for from := 0; from < len(values); {
			to := from
			for to < len(values) && values[to] == values[from] {
				to++
			}
			all = append(all, Value{formatNumber(values[from]), int64(to - from)})
			from = to
		}
		d.name(all, o)
	}
}

// numbersOf summarises sorted values.
func numbersOf(sorted []float64) *Numbers {
	n := float64(len(sorted))
	if n == 0 {
		nan := Float(math.NaN())
		return &Numbers{nan, nan, nan, nan, nan, nan, nan, nan, nan, 0}
	}
	mean := 0.0
	for _, v := range sorted {
		mean += v
	}
	mean /= n
	var m2, m3, m4 float64
	zeros := int64(0)
	for _, v := range sorted {
		if v == 0 {
			zeros++
		}
		d := v - mean
		s := d * d
		m2 += s
		m3 += float64(s * d)
		m4 += float64(s * s)
	}
	skew, kurtosis := math.NaN(), math.NaN()
	flat := sorted[0] == sorted[len(sorted)-1]
	if n >= 3 {
		skew = math.Sqrt(n*(n-1)) / (n - 2) * (m3 / n) / math.Pow(m2/n, 1.5)
		if flat {
			skew = 0
		}
	}
	if n >= 4 {
		kurtosis = (n+1)*n*(n-1)/((n-2)*(n-3))*(m4/m2/m2) - 3*(n-1)*(n-1)/((n-2)*(n-3))
		if flat {
			kurtosis = 0
		}
	}
	if flat {
		mean, m2 = sorted[0], 0
	}
	q := func(p float64) Float { return Float(density.Quantile(sorted, p)) }
	return &Numbers{
		Mean: Float(mean), Std: Float(math.Sqrt(m2 / (n - 1))),
		Min: q(0), Q1: q(0.25), Median: q(0.5), Q3: q(0.75), Max: q(1),
		Skew: Float(skew), Kurtosis: Float(kurtosis), Zeros: zeros,
	}
}

func boxOf(sorted []float64) *Box {
	q1, q3 := density.Quantile(sorted, 0.25), density.Quantile(sorted, 0.75)
	low, high := q1-1.5*(q3-q1), q3+1.5*(q3-q1)
	below, _ := slices.BinarySearch(sorted, low)
	above, _ := slices.BinarySearchFunc(sorted, high, func(v, limit float64) int {
		if v <= limit {
			return -1
		}
		return 1
	})
	if above <= below { // the range of the values overflowed
		below, above = 0, len(sorted)
	}
	return &Box{Float(sorted[below]), Float(sorted[above-1]), int64(below), int64(len(sorted) - above)}
}

func (d *described) describeBools(c *table.Column) {
	all := []Value{{Value: "false"}, {Value: "true"}}
	for i, v := range c.Bools {
		switch {
		case c.Missing(i):
		case v:
			all[1].Count++
		default:
			all[0].Count++
		}
	}
	all = slices.DeleteFunc(all, func(v Value) bool { return v.Count == 0 })
	d.Distinct = int64(len(all))
	slices.SortStableFunc(all, byCount)
	d.Top = all
}

func (d *described) describeStrings(c *table.Column, o *Options) {
	counts := make([]int64, len(c.Dict))
	for i, code := range c.Codes {
		if !c.Missing(i) {
			counts[code]++
		}
	}
	var all []Value
	length := &Length{Min: math.MaxInt64}
	sum := 0.0
	for code, n := range counts {
		if n == 0 {
			continue
		}
		runes := int64(utf8.RuneCountInString(c.Dict[code]))
		length.Min, length.Max = min(length.Min, runes), max(length.Max, runes)
		sum += float64(runes * n)
		all = append(all, Value{c.Dict[code], n})
	}
	d.Distinct = int64(len(all))
	if d.Distinct > 0 {
		length.Mean = Float(sum / float64(d.Count))
		d.Length = length
	}
	d.name(all, o)
}

// name keeps the most frequent values that are not rare; of equals the first.
func (d *described) name(all []Value, o *Options) {
	slices.SortStableFunc(all, byCount)
	n := 0
	for n < len(all) && n < o.Top && all[n].Count >= int64(o.Rare) {
		n++
	}
	d.Top = slices.Clone(all[:n])
	for i := range d.Top {
		d.Top[i].Value = shorten(d.Top[i].Value, 200)
	}
	if n < len(all) {
		d.Others = &Others{Distinct: int64(len(all) - n)}
		for _, v := range all[n:] {
			d.Others.Count += v.Count
		}
	}
}

func byCount(a, b Value) int { return cmp.Compare(b.Count, a.Count) }

func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes-1]) + "…"
}

func formatNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

var namedAsID = regexp.MustCompile(`(?i)^(id|uuid|guid|key|index|row_?(id|number)|unnamed: ?\d+)$|[_ ](id|uuid|key)$|[a-z]I[Dd]$`)

func (d *described) role(kind table.Kind) Role {
	switch {
	case d.Count == 0:
		return Empty
	case d.Distinct <= 1 && d.Infinite == 0:
		return Constant
	case kind == table.Bool:
		return Boolean
	case kind == table.Time:
		return Time
	}
	unique := d.Distinct == d.Count && d.Count >= 20
	switch kind {
	case table.String:
		long := d.Length.Mean > 40
		switch {
		case unique && !long:
			return Identifier
		case long && d.Distinct > d.Count/2:
			return Text
		}
		return Categorical
	case table.Int64:
		consecutive := float64(d.Numbers.Max-d.Numbers.Min)+1 == float64(d.Count)
		if unique && (consecutive || namedAsID.MatchString(d.Name)) {
			return Identifier
		}
	}
	return Numeric
}

// chart adds a histogram, and a density where there are enough different values for one.
func (d *described) chart(o *Options) {
	if len(d.sorted) == 0 || d.Role == Identifier || d.Role == Constant {
		return
	}
	step := density.Step(d.sorted)
	if d.Type == table.Int64 {
		step = 1
	}
	edges := density.Edges(d.sorted, step, o.Bins)
	h := &Histogram{Edges: edges, Counts: density.Histogram(d.sorted, edges)}
	if d.Distinct > 10 && d.Type != table.Time {
		h.X, h.Density = density.Curve(d.sorted, 100)
	}
	d.Histogram = h
}
