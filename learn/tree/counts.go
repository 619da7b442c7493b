package tree

import "math/bits"

// counts is the criterion of three and more classes: the Gini impurity, from
// the weight of each class in each bin.
type counts struct {
	data    *binned
	y       *target
	minLeaf int

	adds    []classWeight // of each row
	bins    []uint32      // classes a bin
	rowBins [256]int32
	list    [256]uint8 // the bins that have rows

	total, left []uint32 // of the opened node, by class
	weightSum   int64
	squares     float64 // sum of the squared weights of the classes
}

// classWeight is what a row adds: so much to that class.
type classWeight struct{ class, weight uint32 }

func newCounts(data *binned, y *target, minLeaf int) *counts {
	return &counts{
		data: data, y: y, minLeaf: minLeaf,
		adds:  make([]classWeight, data.rows),
		bins:  make([]uint32, 256*y.classes),
		total: make([]uint32, y.classes), left: make([]uint32, y.classes),
	}
}

func (c *counts) load(weight []uint32) {
	for i, w := range weight {
		c.adds[i] = classWeight{c.y.labels[i], w}
	}
}

func (c *counts) summed() bool { return false }

func (c *counts) unit() float64 { return 1 }

func (c *counts) open(rows []uint32, _ sum) (sum, bool) {
	clear(c.total)
	for _, r := range rows {
		c.total[c.adds[r].class] += c.adds[r].weight
	}
	c.weightSum, c.squares = 0, 0
	pure := false
	for _, n := range c.total {
		c.weightSum += int64(n)
		c.squares += float64(float64(n) * float64(n))
	}
	for _, n := range c.total {
		pure = pure || int64(n) == c.weightSum
	}
	return sum{weight: c.weightSum}, pure
}

func (c *counts) leaf(values []float64, _ sum) []float64 {
	for _, n := range c.total {
		values = append(values, float64(n)/float64(c.weightSum))
	}
	return values
}

func (c *counts) search(rows []uint32, features []int32, best *split) bool {
	varies := false
	for _, f := range features {
		bins := c.fill(rows, c.data.bins[f])
		if len(bins) > 1 {
			varies = true
			c.scan(bins, len(rows), f, best)
		}
		for _, b := range bins {
			clear(c.at(b))
			c.rowBins[b] = 0
		}
	}
	return varies
}

// at is the weight of each class in a bin.
func (c *counts) at(bin uint8) []uint32 {
	return c.bins[int(bin)*c.y.classes:][:c.y.classes]
}

// fill adds rows to the histogram of a feature and lists the bins that have any.
func (c *counts) fill(rows []uint32, col []uint8) []uint8 {
	k := c.y.classes
	col = col[:len(c.adds)]
	list := c.list[:0]
	if len(rows) >= denseRows {
		for _, r := range rows {
			b, add := col[r], c.adds[r]
			c.bins[int(b)*k+int(add.class)] += add.weight
			c.rowBins[b]++
		}
		for b, n := range c.rowBins {
			if n > 0 {
				list = append(list, uint8(b))
			}
		}
		return list
	}
	var seen [4]uint64
	for _, r := range rows {
		b, add := col[r], c.adds[r]
		c.bins[int(b)*k+int(add.class)] += add.weight
		c.rowBins[b]++
		seen[b>>6] |= 1 << (b & 63)
	}
	for word, m := range seen {
		for ; m != 0; m &= m - 1 {
			list = append(list, uint8(word<<6|bits.TrailingZeros64(m)))
		}
	}
	return list
}

// scan tries every split between the bins that have rows. Where values are
// missing, the last bin is theirs: it is tried on both sides of each.
func (c *counts) scan(bins []uint8, rows int, feature int32, best *split) {
	last := len(bins) - 1
	if bins[last] != missingBin {
		c.scanFrom(nil, bins, last, rows, feature, best)
		return
	}
	c.scanFrom(nil, bins[:last], last, rows, feature, best)
	c.scanFrom(bins[last:], bins[:last], last-1, rows, feature, best)
}

// scanFrom tries the splits after each of the first n bins, with the bins of
// start on the left, too. The sums of squares of both sides change with each
// class's weight that goes from right to left.
func (c *counts) scanFrom(start, bins []uint8, n, rows int, feature int32, best *split) {
	clear(c.left)
	var weight int64
	leftSquares, rightSquares, leftRows := 0.0, c.squares, 0
	move := func(bin uint8) {
		for k, w := range c.at(bin) {
			if w == 0 {
				continue
			}
			l, v := float64(c.left[k]), float64(w)
			r := float64(c.total[k]) - l
			leftSquares += float64(v * (2*l + v))
			rightSquares += float64(v * (v - 2*r))
			c.left[k] += w
			weight += int64(w)
		}
		leftRows += int(c.rowBins[bin])
	}
	for _, b := range start {
		move(b)
	}
	total := float64(c.weightSum)
	impurity := float64(c.squares / total)
	for i, b := range bins[:n] {
		move(b)
		gain := (leftSquares/float64(weight) + rightSquares/float64(c.weightSum-weight) - impurity) / total
		gain = max(gain, 0) // rounding
		if gain <= best.gain || leftRows < c.minLeaf || rows-leftRows < c.minLeaf {
			continue
		}
		*best = split{gain: gain, feature: feature, bin: afterAll, left: sum{weight: weight}}
		if i+1 < len(bins) {
			best.bin = between(int32(b), int32(bins[i+1]))
		}
		// Without missing values here, later ones go with the heavier side.
		best.missingLeft = start != nil || n < len(bins) && 2*weight >= c.weightSum
	}
}
