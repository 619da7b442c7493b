package tree

import (
	"math"
	"math/bits"
	"slices"
)

// tallied is the most classes that tallies has room for.
const tallied = 16

// tallies is counts for up to 16 classes and leaves of any size, and the same bit by
// bit: a bin has room for 16 classes, so that its squares are a few operations on
// vectors, and where most values of a feature are the same, only the others are added,
// those of many features at once, row after row.
type tallies struct {
	counts
	codes  []uint32 // of each row: weightUnit times its weight, plus its class
	coding []uint32 // of the rows of the opened node, in their order
	wide   bool     // weights are too large for codes
	fast   bool     // the processor has what kernels take
	faster bool     // and what findFast takes

	totals [tallied]uint32
	sides  [256]side

	// Of some features at once, one after the other:
	cells *[slotted * apart * tallied]uint32 // of their bins
	there [slotted * apart]uint8             // 1 for each bin that has rows
	slots slots
	found *found // where sparse
}

// A side is what is left of a split, or right of it, with as many bins as there are
// to its end: its weight, the sum of the squares of its classes' weights, and that of
// their products with the totals.
type side struct{ squares, products, weight, _ int32 }

// weightUnit leaves room for the place of a class in the cells of a feature.
const weightUnit = 1 << 18

// apart is how far the bins of one feature are from the next's: not a power of two, so
// that their caches have room for the same bin of all.
const apart = 256 + 9

// almost is further below 1 than the sum of two quotients is off by rounding.
const almost = 1 - 1.0/(1<<48)

// sideWeight is the greatest weight of a node whose squares fit a side.
const sideWeight = math.MaxInt16

// tallies says whether they are kept where all cuts are tried.
func (of growth) tallies() bool {
	return of.target.classes > 2 && of.target.classes <= tallied && of.MinLeaf == 1
}

func newTallies(of growth) *tallies {
	t := &tallies{counts: *newCounts(of, nil), codes: make([]uint32, of.data.Rows), fast: fastTallies(), faster: fastPresence()}
	t.width, t.cells = tallied, new([slotted * apart * tallied]uint32)
	if of.sparse != nil {
		t.found = new(found)
	}
	return t
}

func (t *tallies) load(weight []uint32) {
	if t.wide = slices.Max(weight) > math.MaxUint32/weightUnit; t.wide {
		t.bins = t.cells[:]
		t.counts.load(weight)
		return
	}
	for i, w := range weight {
		t.codes[i] = w*weightUnit | t.y.labels[i]
	}
}

func (t *tallies) open(rows []uint32, known sum) (sum, bool) {
	if t.wide {
		return t.counts.open(rows, known)
	}
	t.totals = [tallied]uint32{}
	t.coding = slices.Grow(t.coding[:0], len(rows))[:len(rows)]
	for i, r := range rows {
		code := t.codes[r]
		t.coding[i] = code
		t.totals[code%tallied] += code / weightUnit
	}
	copy(t.total, t.totals[:])
	t.weight, t.squares = 0, 0
	for _, n := range t.total {
		t.weight += int64(n)
		t.squares += int64(n) * int64(n)
	}
	return sum{weight: t.weight}, t.squares == t.weight*t.weight
}

func (t *tallies) search(rows []uint32, features []int32, best *split) []int32 {
	if t.wide {
		return t.counts.search(rows, features, best)
	}
	t.constant = t.constant[:0]
	for len(features) > 0 {
		some := features[:1]
		if t.sparse != nil {
			some = features[:min(slotted, len(features))]
			t.addPresent(rows, some)
		}
		for k, f := range some {
			t.bins = t.cells[k*apart*tallied:]
			usual := none
			if t.sparse == nil {
				t.addAll(rows, f)
			} else if n := int(t.slots.count[k]); n == 0 {
				t.constant = append(t.constant, f)
				continue
			} else if n < len(rows) {
				usual = int(t.sparse.usual[f])
			}
			list := t.take(k)
			if usual == none && len(list) < 2 {
				t.constant = append(t.constant, f)
			} else if usual != missingBin && list[len(list)-1] != missingBin && t.scanSides(list, usual, f, best) {
				continue
			} else {
				if usual != none {
					list = t.addUsual(list, uint8(usual))
				}
				t.scan(list, len(rows), f, best)
			}
			for _, b := range list {
				clear(t.at(b))
			}
		}
		features = features[len(some):]
	}
	return t.constant
}

// none stands for the usual bin where all bins are looked at.
const none = 256

// addAll adds rows to the histogram of a feature.
func (t *tallies) addAll(rows []uint32, feature int32) {
	col, stride := t.column(feature, len(rows), false)
	coding := t.coding[:len(rows)]
	cells, there := t.cells, &t.there
	if t.fast {
		addEach(&cells[0], &there[0], &rows[0], &coding[0], len(rows), &col[0], stride)
		return
	}
	for i, r := range rows {
		b, code := col[int(r)*stride], coding[i]
		cells[uint(b)*tallied|uint(code%tallied)] += code / weightUnit
		there[b] = 1
	}
}

// addPresent adds rows to the histograms of features that are present in them.
func (t *tallies) addPresent(rows []uint32, features []int32) {
	t.slots.count = [slotted]uint32{}
	cells, there := t.cells, &t.there
	for k := range t.sparse.groups {
		t.slots.none()
		for slot, f := range features {
			if int(f/grouped) == k {
				t.slots.add(slot, f)
			}
		}
		g := &t.sparse.groups[k]
		records := g.records
		for from := 0; from < len(rows) && t.slots.n > 0; from += foundRows {
			to := min(from+foundRows, len(rows))
			n := t.found.find(g, rows[from:to:len(rows)], t.coding[from:to], &t.slots, t.faster)
			at, tags := t.found.at[:n], t.found.tag[:n]
			for i, tag := range tags {
				cell := tag%weightUnit + uint32(records[at[i]])*tallied
				cells[cell] += tag / weightUnit
				there[cell/tallied] = 1
			}
		}
	}
}

// addUsual puts what is in no other bin into the usual one.
func (t *tallies) addUsual(list []uint8, usual uint8) []uint8 {
	cells := t.at(usual)
	copy(cells, t.total)
	for _, b := range list {
		for k, w := range t.at(b) {
			cells[k] -= w
		}
	}
	at, _ := slices.BinarySearch(list, usual)
	return slices.Insert(list, at, usual)
}

// take lists the bins that have rows, and forgets them.
func (t *tallies) take(slot int) []uint8 {
	var seen [4]uint64
	mark(&seen, (*[256]uint8)(t.there[slot*apart:]))
	list := t.list[:]
	n := 0
	for word, m := range seen {
		for ; m != 0; m &= m - 1 {
			list[n&255] = uint8(word<<6 | bits.TrailingZeros64(m))
			n++
		}
	}
	return list[:n]
}

// markPlain sets a bit for each bin that is there, and forgets them.
func markPlain(seen *[4]uint64, there *[256]uint8) {
	for b, is := range there {
		seen[b>>6] |= uint64(is) << (b & 63)
	}
	*there = [256]uint8{}
}

// scanSides is scan and clears the bins, where no values are missing and the
// processor has what it takes. Bins below the usual one are added up from the left,
// those above it from the right: what the usual one has is not needed.
func (t *tallies) scanSides(list []uint8, usual int, feature int32, best *split) bool {
	if t.weight > sideWeight || !t.fast {
		return false
	}
	below := len(list)
	for below > 0 && int(list[below-1]) > usual {
		below--
	}
	if below > 0 {
		sumSides(&t.bins[0], &list[0], &t.sides[0], below, 1, &t.totals)
	}
	if above := len(list) - below; above > 0 {
		sumSides(&t.bins[0], &list[len(list)-1], &t.sides[len(list)-1], above, -1, &t.totals)
	}
	purity, total := float64(t.squares)/float64(t.weight), float64(t.weight)
	least := purity + float64(best.gain*total)
	nearly, squares := least*almost, int32(t.squares)
	splits := len(list)
	if usual == none {
		splits--
	}
	for i := range splits {
		s := &t.sides[i]
		other := squares - 2*s.products + s.squares
		// That s.squares/w + other/rest is not above least, is mostly clear
		// without dividing.
		w := int64(s.weight)
		rest := t.weight - w
		if float64(int64(s.squares)*rest+int64(other)*w) <= nearly*float64(w*rest) {
			continue
		}
		var left, both float64
		if i < below {
			left = float64(w)
			both = float64(s.squares)/left + float64(other)/float64(rest)
		} else {
			left = float64(rest)
			both = float64(other)/left + float64(s.squares)/float64(w)
		}
		if both <= least {
			continue
		}
		least, nearly = both, both*almost
		from, to := int32(usual), int32(list[i])
		switch {
		case i < below-1:
			from, to = int32(list[i]), int32(list[i+1])
		case i == below-1:
			from, to = int32(list[i]), int32(usual)
		case i > below:
			from = int32(list[i-1])
		}
		*best = split{gain: max(0, (both-purity)/total), feature: feature, bin: between(from, to), left: sum{weight: int64(left)}}
		best.missingLeft = 2*left >= total
	}
	return true
}
