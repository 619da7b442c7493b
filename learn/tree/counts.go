package tree

import "math/bits"

// counts is the criterion of three and more classes: the Gini impurity, from
// the weight of each class in each bin.
type counts struct {
	data    *binned
	y       *target
	minLeaf int

	weight  []uint32
	bins    []uint32 // classes a bin
	rowBins [256]int32
	seen    [4]uint64

	total, left []uint32 // of the opened node, by class
	weightSum   int64
	squares     float64 // sum of the squared weights of the classes
}

func newCounts(data *binned, y *target, minLeaf int) *counts {
	return &counts{
		data: data, y: y, minLeaf: minLeaf,
		bins:  make([]uint32, 256*y.classes),
		total: make([]uint32, y.classes), left: make([]uint32, y.classes),
	}
}

func (c *counts) load(weight []uint32) { c.weight = weight }

func (c *counts) summed() bool { return false }

func (c *counts) unit() float64 { return 1 }

func (c *counts) open(rows []uint32, _ sum) (sum, bool) {
	clear(c.total)
	for _, r := range rows {
		c.total[c.y.labels[r]] += c.weight[r]
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
		c.fill(rows, c.data.bins[f])
		var list [256]uint8
		bins := list[:0]
		for word, m := range c.seen {
			for ; m != 0; m &= m - 1 {
				bins = append(bins, uint8(word<<6|bits.TrailingZeros64(m)))
			}
			c.seen[word] = 0
		}
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

func (c *counts) fill(rows []uint32, col []uint8) {
	k := c.y.classes
	labels, weight, col := c.y.labels, c.weight[:len(c.y.labels)], col[:len(c.y.labels)]
	for _, r := range rows {
		b := col[r]
		c.bins[int(b)*k+int(labels[r])] += weight[r]
		c.rowBins[b]++
		c.seen[b>>6] |= 1 << (b & 63)
	}
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
