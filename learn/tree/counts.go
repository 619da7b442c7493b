package tree

import "math/bits"

// counts is the criterion of three and more classes: the Gini impurity, from
// the weight of each class in each bin.
type counts struct {
	growth
	y        *target
	minLeaf  int
	cuts     *cutter // nil: all cuts are tried
	constant []int32

	adds    []classWeight // of each row
	adding  []classWeight // of the rows of the opened node, in their order
	bins    []uint32      // width a bin
	width   int           // at least as many as there are classes
	rowBins [256]int32
	list    [256]uint8 // the bins that have rows

	total   []uint32 // the weight of each class in the opened node
	weight  int64    // its sum
	squares int64    // the sum of its squares, at most maxWeight^2

	left                                  []uint32 // the same of one side
	leftWeight, leftSquares, rightSquares int64
}

// classWeight is what a row adds: so much to that class.
type classWeight struct{ class, weight uint32 }

func newCounts(of growth, cuts *cutter) *counts {
	classes := of.target.classes
	return &counts{
		growth: of, y: of.target, minLeaf: of.MinLeaf, cuts: cuts,
		adds: make([]classWeight, of.data.Rows),
		bins: make([]uint32, 256*classes), width: classes,
		total: make([]uint32, classes), left: make([]uint32, classes),
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
	c.adding = c.adding[:0]
	for _, r := range rows {
		add := c.adds[r]
		c.adding = append(c.adding, add)
		c.total[add.class] += add.weight
	}
	c.weight, c.squares = 0, 0
	for _, n := range c.total {
		c.weight += int64(n)
		c.squares += int64(n) * int64(n)
	}
	return sum{weight: c.weight}, c.squares == c.weight*c.weight
}

func (c *counts) leaf(values []float64, _ sum) []float64 {
	for _, n := range c.total {
		values = append(values, float64(n)/float64(c.weight))
	}
	return values
}

func (c *counts) search(rows []uint32, features []int32, best *split) []int32 {
	c.constant = c.constant[:0]
	for _, f := range features {
		bins := c.fill(rows, f)
		if len(bins) < 2 {
			c.constant = append(c.constant, f)
		} else {
			if c.cuts != nil {
				bins = c.cut(bins, f)
			}
			c.scan(bins, len(rows), f, best)
		}
		for _, b := range bins {
			clear(c.at(b))
			c.rowBins[b] = 0
		}
	}
	return c.constant
}

// at is the weight of each class in a bin.
func (c *counts) at(bin uint8) []uint32 {
	return c.bins[int(bin)*c.width:][:c.y.classes]
}

// fill adds rows to the histogram of a feature and lists the bins that have any.
func (c *counts) fill(rows []uint32, feature int32) []uint8 {
	k := c.width
	col, stride := c.column(feature, len(rows), false)
	list, adding := c.list[:0], c.adding[:len(rows)]
	if len(rows) >= denseRows {
		for i, r := range rows {
			b, add := col[int(r)*stride], adding[i]
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
	for i, r := range rows {
		b, add := col[int(r)*stride], adding[i]
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

// cut makes one bin of those on either side of a cut that is drawn.
func (c *counts) cut(list []uint8, feature int32) []uint8 {
	values := len(list)
	if list[values-1] == missingBin {
		values--
	}
	if values < 2 {
		return list
	}
	at := uint8(c.cuts.between(feature, int(list[0]), int(list[values-1])))
	for _, b := range list[:values] {
		to := at
		if b > at {
			to++
		}
		if b == to {
			continue
		}
		sum := c.at(to)
		for k, w := range c.at(b) {
			sum[k] += w
		}
		c.rowBins[to] += c.rowBins[b]
		clear(c.at(b))
		c.rowBins[b] = 0
	}
	missing := list[values:]
	list[0], list[1] = at, at+1
	return list[:2+copy(list[2:], missing)]
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
// start on the left, too.
func (c *counts) scanFrom(start, bins []uint8, n, rows int, feature int32, best *split) {
	clear(c.left)
	c.leftWeight, c.leftSquares, c.rightSquares = 0, 0, c.squares
	leftRows := 0
	for _, b := range start {
		c.toLeft(b)
		leftRows += int(c.rowBins[b])
	}
	// The purity of a side is the sum of its squares over its weight.
	purity, total := float64(c.squares)/float64(c.weight), float64(c.weight)
	least := purity + float64(best.gain*total)
	for i, b := range bins[:n] {
		c.toLeft(b)
		leftRows += int(c.rowBins[b])
		both := float64(c.leftSquares)/float64(c.leftWeight) + float64(c.rightSquares)/float64(c.weight-c.leftWeight)
		if both <= least || c.minLeaf > 1 && (leftRows < c.minLeaf || rows-leftRows < c.minLeaf) {
			continue
		}
		least = both
		gain := max(0, (both-purity)/total)
		*best = split{gain: gain, feature: feature, bin: afterAll, left: sum{weight: c.leftWeight}}
		if i+1 < len(bins) {
			best.bin = between(int32(b), int32(bins[i+1]))
		}
		// Without missing values here, later ones go with the heavier side.
		best.missingLeft = start != nil || n < len(bins) && 2*c.leftWeight >= c.weight
	}
}

// toLeft moves a bin to the left side: a class of weight l there and r on the
// right that gains w has (l+w)^2 = l^2 + w(2l+w), and loses r^2-(r-w)^2 = w(2r-w).
func (c *counts) toLeft(bin uint8) {
	left, total := c.left, c.total[:len(c.left)]
	for k, moved := range c.at(bin)[:len(left)] {
		w, l := int64(moved), int64(left[k])
		c.leftSquares += w * (2*l + w)
		c.rightSquares -= w * (2*(int64(total[k])-l) - w)
		c.leftWeight += w
		left[k] += moved
	}
}
