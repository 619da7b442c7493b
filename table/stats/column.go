package stats

import (
	"fmt"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// A Column describes a column. Numbers are its values: those of float64 and
// int64 columns as they are, 0 and 1 of bool, microseconds since 1970 of time
// columns. A string column has no numbers.
type Column struct {
	Name     string
	Kind     table.Kind
	Count    int64   // rows with a value
	Nulls    int64   // rows without
	Infinite int64   // infinities, which are among Count and in no other statistic
	Moments  Moments // of the numbers
	Fixed    *Histogram

	low, high float64 // of the numbers
	k         int
	numbers   *tally[uint64] // of keys
	texts     *tally[string]

	// Nil while the tally is exact.
	quantiles *kll
	distinct  hll
}

func newColumn(f table.Field, o *Options) *Column {
	c := &Column{Name: f.Name, Kind: f.Kind, k: o.K}
	if f.Kind == table.String {
		c.texts = &tally[string]{exact: o.Exact}
		return c
	}
	c.numbers = &tally[uint64]{exact: o.Exact}
	if r, ok := o.Ranges[f.Name]; ok {
		c.Fixed = newHistogram(r)
	}
	return c
}

// blockRows is how many values are taken at once: few enough to stay in a near
// cache while they are sorted and read several times.
const blockRows = 4096

// A block is memory for one block of values, used again for the next.
type block struct {
	keys, spare, distinct [blockRows]uint64
	counts                [blockRows]int64
	values                [blockRows]float64
}

// Update adds the values of in, whose kind is the column's.
func (c *Column) Update(in *table.Column) { c.update(in, new(block)) }

func (c *Column) update(in *table.Column, b *block) {
	rows := in.Len()
	nulls := in.Nulls()
	c.Nulls += int64(nulls)
	c.Count += int64(rows - nulls)
	if c.Kind == table.String {
		c.addTexts(in)
		return
	}
	for from := 0; from < rows; from += blockRows {
		keys := c.gather(in, from, min(rows, from+blockRows), b.keys[:0])
		c.addNumbers(sortKeys(keys, b.spare[:]), b)
	}
}

// gather appends the keys of rows [from, to) that are neither missing nor infinite.
func (c *Column) gather(in *table.Column, from, to int, keys []uint64) []uint64 {
	switch in.Kind {
	case table.Float64:
		keys = keys[:to-from]
		n := 0
		for _, v := range in.Floats[from:to] {
			keys[n] = floatKey(v + 0) // -0 becomes 0
			if v-v == 0 {
				n++
			} else if v == v {
				c.Infinite++
			}
		}
		keys = keys[:n]
	case table.Bool:
		for i, v := range in.Bools[from:to] {
			if in.Missing(from + i) {
				continue
			}
			if v {
				keys = append(keys, intKey(1))
			} else {
				keys = append(keys, intKey(0))
			}
		}
	default:
		for i, v := range in.Ints[from:to] {
			if !in.Missing(from + i) {
				keys = append(keys, intKey(v))
			}
		}
	}
	return keys
}

// addNumbers adds at most blockRows sorted keys.
func (c *Column) addNumbers(keys []uint64, b *block) {
	if len(keys) == 0 {
		return
	}
	values := b.values[:len(keys)]
	c.numbersOf(keys, values)
	c.extend(values[0], values[len(values)-1])
	c.Moments.merge(MomentsOf(values))
	if c.Fixed != nil {
		c.Fixed.add(values)
	}
	distinct, counts := runs(keys, b.distinct[:0], b.counts[:0])
	if c.distinct == nil {
		c.numbers.add(distinct, counts)
		if len(c.numbers.keys) > c.numbers.exact {
			c.spill()
		}
		return
	}
	for _, k := range distinct {
		c.distinct.add(hashNumber(k))
	}
	c.quantiles.add(values)
	distinct, counts, cut := reduced(distinct, counts)
	c.numbers.missed += cut
	c.numbers.add(distinct, counts)
	c.numbers.reduce()
}

// extend widens the range by one that has at least a value. It is called
// before the moments count those.
func (c *Column) extend(low, high float64) {
	if c.Moments.N == 0 {
		c.low, c.high = low, high
		return
	}
	c.low, c.high = min(c.low, low), max(c.high, high)
}

// addTexts counts codes, and adds each of the dictionary's strings once.
func (c *Column) addTexts(in *table.Column) {
	byCode := make([]int64, len(in.Dict))
	for i, code := range in.Codes {
		if !in.Missing(i) {
			byCode[code]++
		}
	}
	var texts []string
	var counts []int64
	for code, n := range byCode {
		if n > 0 {
			texts, counts = append(texts, in.Dict[code]), append(counts, n)
		}
	}
	if c.distinct == nil && len(texts) > c.texts.exact {
		c.spill()
	}
	if c.distinct != nil {
		for _, s := range texts {
			c.distinct.add(hashString(s))
		}
		var cut int64
		texts, counts, cut = reduced(texts, counts)
		c.texts.missed += cut
	}
	sortTexts(texts, counts)
	c.texts.add(texts, counts)
	c.settle()
}

// sortTexts sorts texts together with their counts.
func sortTexts(texts []string, counts []int64) {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	sorting.Func(order, func(i, j int) int { return strings.Compare(texts[i], texts[j]) })
	sortedTexts, sortedCounts := make([]string, len(texts)), make([]int64, len(texts))
	for to, from := range order {
		sortedTexts[to], sortedCounts[to] = texts[from], counts[from]
	}
	copy(texts, sortedTexts)
	copy(counts, sortedCounts)
}

// settle brings the tally within its bound.
func (c *Column) settle() {
	switch {
	case c.distinct == nil && c.tallied() > c.bound():
		c.spill()
	case c.distinct != nil && c.texts != nil:
		c.texts.reduce()
	case c.distinct != nil:
		c.numbers.reduce()
	}
}

// spill goes over from a tally that is exact to sketches.
func (c *Column) spill() {
	c.distinct = newHLL()
	if c.texts != nil {
		c.sketchTexts(c.texts)
		c.texts.reduce()
		return
	}
	c.quantiles = newKLL(c.k)
	c.sketchNumbers(c.numbers)
	c.numbers.reduce()
}

// sketchTexts and sketchNumbers add an exact tally to the sketches.
func (c *Column) sketchTexts(t *tally[string]) {
	for _, s := range t.keys {
		c.distinct.add(hashString(s))
	}
}

func (c *Column) sketchNumbers(t *tally[uint64]) {
	for _, k := range t.keys {
		c.distinct.add(hashNumber(k))
	}
	values := make([]float64, len(t.keys))
	c.numbersOf(t.keys, values)
	c.quantiles.addWeighted(values, t.counts)
}

// numbersOf fills in the numbers that keys stand for.
func (c *Column) numbersOf(keys []uint64, values []float64) {
	if c.Kind == table.Float64 {
		for i, k := range keys {
			values[i] = keyFloat(k)
		}
		return
	}
	for i, k := range keys {
		values[i] = float64(keyInt(k))
	}
}

// text writes a number as the column would.
func (c *Column) text(key uint64) string {
	switch c.Kind {
	case table.Float64:
		return table.FormatFloat(keyFloat(key))
	case table.Bool:
		return fmt.Sprint(keyInt(key) == 1)
	case table.Time:
		return time.UnixMicro(keyInt(key)).UTC().Format(table.TimeLayout)
	default:
		return fmt.Sprint(keyInt(key))
	}
}

// Merge adds the values that o describes. o is left as it is.
func (c *Column) Merge(o *Column) error {
	if err := c.mergeable(o); err != nil {
		return fmt.Errorf("merge statistics: %w", err)
	}
	c.merge(o)
	return nil
}

func (c *Column) mergeable(o *Column) error {
	switch {
	case c.Name != o.Name || c.Kind != o.Kind:
		return fmt.Errorf("%q of type %v does not merge with %q of type %v", c.Name, c.Kind, o.Name, o.Kind)
	case c.k != o.k || c.bound() != o.bound():
		return fmt.Errorf("%q was described with other options: Exact %d and %d, K %d and %d", c.Name, c.bound(), o.bound(), c.k, o.k)
	case (c.Fixed == nil) != (o.Fixed == nil) || c.Fixed != nil && c.Fixed.Range != o.Fixed.Range:
		return fmt.Errorf("%q was described with another range", c.Name)
	}
	return nil
}

// bound is the most distinct values that are known exactly, tallied how many
// there are.
func (c *Column) bound() int {
	if c.texts != nil {
		return c.texts.exact
	}
	return c.numbers.exact
}

func (c *Column) tallied() int {
	if c.texts != nil {
		return len(c.texts.keys)
	}
	return len(c.numbers.keys)
}

func (c *Column) merge(o *Column) {
	c.Count += o.Count
	c.Nulls += o.Nulls
	c.Infinite += o.Infinite
	if o.Moments.N > 0 {
		c.extend(o.low, o.high)
	}
	c.Moments.merge(o.Moments)
	if c.Fixed != nil {
		c.Fixed.merge(o.Fixed)
	}
	if o.distinct != nil && c.distinct == nil {
		c.spill()
	}
	if c.texts != nil {
		if o.distinct != nil {
			c.distinct.merge(o.distinct)
		} else if c.distinct != nil {
			c.sketchTexts(o.texts)
		}
		c.texts.missed += o.texts.missed
		c.texts.add(o.texts.keys, o.texts.counts)
	} else {
		if o.distinct != nil {
			c.distinct.merge(o.distinct)
			c.quantiles.merge(o.quantiles)
		} else if c.distinct != nil {
			c.sketchNumbers(o.numbers)
		}
		c.numbers.missed += o.numbers.missed
		c.numbers.add(o.numbers.keys, o.numbers.counts)
	}
	c.settle()
}
