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
// vectors, and where most values of a feature are the same, only the others are added.
type tallies struct {
	counts
	codes  []uint16 // of each row: 16 times its weight, plus its class
	coding []uint16 // of the rows of the opened node, in their order
	wide   bool     // weights are too large for codes
	fast   bool     // the processor has what kernels take

	cells  *[256 * tallied]uint32 // bins
	totals [tallied]uint32
	there  [256]uint8 // 1 for each bin that has rows
	words  []uint64   // see presence.find
	finder *presence
	sides  [256]side
}

// A side is what is left of a split, or right of it, with as many bins as there are
// to its end: its weight, the sum of the squares of its classes' weights, and that of
// their products with the totals.
type side struct{ squares, products, weight, _ int32 }

// sideWeight is the greatest weight of a node whose squares fit a side.
const sideWeight = math.MaxInt16

// tallies says whether they are kept where all cuts are tried.
func (of growth) tallies() bool {
	return of.target.classes > 2 && of.target.classes <= tallied && of.MinLeaf == 1
}

func newTallies(of growth) *tallies {
	t := &tallies{counts: *newCounts(of, nil), codes: make([]uint16, of.data.Rows), fast: fastTallies()}
	t.width, t.cells = tallied, new([256 * tallied]uint32)
	t.bins = t.cells[:]
	if of.sparse != nil {
		t.finder = new(*of.sparse)
	}
	return t
}

func (t *tallies) load(weight []uint32) {
	if t.wide = slices.Max(weight) > math.MaxUint16/tallied; t.wide {
		t.counts.load(weight)
		return
	}
	for i, w := range weight {
		t.codes[i] = uint16(w*tallied | t.y.labels[i])
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
		t.totals[code%tallied] += uint32(code / tallied)
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
	blocks := (len(rows) + 63) / 64
	if t.finder != nil {
		t.words = t.finder.find(rows, features, t.words, t.fast)
	}
	for k, f := range features {
		usual := none
		col, stride := t.column(f, len(rows), false)
		if t.finder != nil {
			words := t.words[k*blocks:][:blocks]
			n := ones(words)
			if n == 0 {
				t.constant = append(t.constant, f)
				continue
			}
			if n < len(rows) {
				usual = int(t.finder.usual[f])
				t.addPresent(rows, words, col, stride)
			}
		}
		if usual == none {
			t.addAll(rows, col, stride)
		}
		list := t.take()
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
	return t.constant
}

// none stands for the usual bin where all bins are looked at.
const none = 256

func (t *tallies) addAll(rows []uint32, col []uint8, stride int) {
	coding := t.coding[:len(rows)]
	if t.fast {
		addEach(t.cells, &t.there, &rows[0], &coding[0], len(rows), &col[0], stride)
		return
	}
	for i, r := range rows {
		b, code := col[int(r)*stride], coding[i]
		t.cells[uint(b)*tallied|uint(code%tallied)] += uint32(code / tallied)
		t.there[b] = 1
	}
}

// addPresent adds the rows of which words has a bit.
func (t *tallies) addPresent(rows []uint32, words []uint64, col []uint8, stride int) {
	coding := t.coding[:len(rows)]
	if t.fast {
		addSome(t.cells, &t.there, &rows[0], &coding[0], &words[0], len(words), &col[0], stride)
		return
	}
	for w, m := range words {
		for ; m != 0; m &= m - 1 {
			i := w<<6 | bits.TrailingZeros64(m)
			b, code := col[int(rows[i])*stride], coding[i]
			t.cells[uint(b)*tallied|uint(code%tallied)] += uint32(code / tallied)
			t.there[b] = 1
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
func (t *tallies) take() []uint8 {
	var seen [4]uint64
	t.mark(&seen)
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
func (t *tallies) markPlain(seen *[4]uint64) {
	for b, is := range t.there {
		seen[b>>6] |= uint64(is) << (b & 63)
	}
	t.there = [256]uint8{}
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
		sumSides(t.cells, &list[0], &t.sides[0], below, 1, &t.totals)
	}
	if above := len(list) - below; above > 0 {
		sumSides(t.cells, &list[len(list)-1], &t.sides[len(list)-1], above, -1, &t.totals)
	}
	purity, total := float64(t.squares)/float64(t.weight), float64(t.weight)
	least := purity + float64(best.gain*total)
	weight, squares := int32(t.weight), int32(t.squares)
	splits := len(list)
	if usual == none {
		splits--
	}
	for i := range splits {
		s := &t.sides[i]
		other := squares - 2*s.products + s.squares
		var left, both float64
		if i < below {
			left = float64(s.weight)
			both = float64(s.squares)/left + float64(other)/float64(weight-s.weight)
		} else {
			left = float64(weight - s.weight)
			both = float64(other)/left + float64(s.squares)/float64(s.weight)
		}
		if both <= least {
			continue
		}
		least = both
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
