package profile

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn/density"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// described is a column with what later steps need of it.
type described struct {
	Column
	sorted   []float64           // finite values of a numeric or time column, ascending; sampled where spread is set
	spread   *stats.Distribution // of all values, of a table read part by part
	estimate bool                // Distinct and Top are
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
	return d
}

func (d *described) describeNumbers(c *table.Column, o *Options) {
	all := c.Numbers()
	for _, v := range all {
		if math.IsInf(v, 0) {
			d.Infinite++
		}
	}
	values := finiteSorted(all)
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
	if d.fewNumbers(o) {
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

// fewNumbers reports whether numbers are few enough to be named like categories.
func (d *described) fewNumbers(o *Options) bool {
	return d.Distinct <= int64(2*o.Top) && d.Type != table.Time
}

// numbersOf summarises sorted values.
func numbersOf(sorted []float64) *Numbers {
	n := numbersFrom(stats.MomentsOf(sorted), func(q float64) float64 { return density.Quantile(sorted, q) })
	for _, v := range sorted {
		if v == 0 {
			n.Zeros++
		}
	}
	return n
}

func numbersFrom(m stats.Moments, quantile func(float64) float64) *Numbers {
	if m.N == 0 {
		return &Numbers{nan(), nan(), nan(), nan(), nan(), nan(), nan(), nan(), nan(), 0}
	}
	q := func(p float64) Float { return Float(quantile(p)) }
	n := &Numbers{
		Mean: Float(m.Mean), Std: Float(m.Std()), Min: q(0), Q1: q(0.25), Median: q(0.5), Q3: q(0.75), Max: q(1),
		Skew: Float(m.Skew()), Kurtosis: Float(m.Kurtosis()),
	}
	if n.Min == n.Max && m.N > 1 { // what is left of the moments is the mean's rounding
		n.Mean, n.Std, n.Skew, n.Kurtosis = n.Min, 0, nan(), nan()
	}
	return n
}

func boxOf(sorted []float64) *Box {
	q1, q3 := density.Quantile(sorted, 0.25), density.Quantile(sorted, 0.75)
	low, high := q1-float64(1.5*(q3-q1)), q3+float64(1.5*(q3-q1))
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
	sorting.Stable(all, byCount)
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
	for code, n := range counts {
		if n > 0 {
			all = append(all, Value{c.Dict[code], n})
		}
	}
	d.Distinct = int64(len(all))
	if d.Distinct > 0 {
		d.Length = lengthOf(c)
	}
	d.name(all, o)
}

// lengthOf measures the texts of a column that has some.
func lengthOf(c *table.Column) *Length {
	lengths := make([]int64, len(c.Dict))
	for code, s := range c.Dict {
		lengths[code] = int64(utf8.RuneCountInString(s))
	}
	out, sum, n := &Length{Min: math.MaxInt64}, 0.0, 0.0
	for i, code := range c.Codes {
		if !c.Missing(i) {
			l := lengths[code]
			out.Min, out.Max = min(out.Min, l), max(out.Max, l)
			sum += float64(l)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	out.Mean = Float(sum / n)
	return out
}

// name keeps the most frequent values that are not rare; of equals the first.
func (d *described) name(all []Value, o *Options) {
	sorting.Stable(all, byCount)
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

// namedAsID reports whether a name is that of an identifier: id, row_number,
// Unnamed: 0, or one that ends in a word such as _id or in Id after a letter.
func namedAsID(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "id", "uuid", "guid", "key", "index", "rowid", "row_id", "rownumber", "row_number":
		return true
	}
	if number, ok := strings.CutPrefix(name, "unnamed:"); ok {
		if number = strings.TrimPrefix(number, " "); number != "" && strings.Trim(number, "0123456789") == "" {
			return true
		}
	}
	for _, word := range []string{"id", "uuid", "key"} {
		before, ok := strings.CutSuffix(name, word)
		if !ok || before == "" {
			continue
		}
		last := before[len(before)-1]
		if last == '_' || last == ' ' || word == "id" && last >= 'a' && last <= 'z' {
			return true
		}
	}
	return false
}

func (d *described) role() Role {
	switch {
	case d.Count == 0:
		return Empty
	case d.Distinct <= 1 && d.Infinite == 0:
		return Constant
	case d.Type == table.Bool:
		return Boolean
	case d.Type == table.Time:
		return Time
	}
	unique := d.Count >= 20 && (d.Distinct == d.Count || d.estimate && float64(d.Distinct) > 0.95*float64(d.Count))
	switch d.Type {
	case table.String:
		long := d.Length != nil && d.Length.Mean > 40
		switch {
		case unique && !long:
			return Identifier
		case long && d.Distinct > d.Count/2:
			return Text
		}
		return Categorical
	case table.Int64:
		consecutive := float64(d.Numbers.Max-d.Numbers.Min)+1 == float64(d.Count)
		if unique && (consecutive || namedAsID(d.Name)) {
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
	h := &Histogram{Edges: edges, Counts: d.counts(edges)}
	if d.Distinct > 32 && d.Type != table.Time {
		h.X, h.Density = density.Curve(d.sorted, 100)
	}
	d.Histogram = h
}
