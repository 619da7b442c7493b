package tree

import (
	"slices"

	"github.com/runnel-dev/runnel/learn/bins"
)

// sums is the criterion of two classes and of regression: both need but two
// sums a bin, because the Gini impurity of two classes is twice the variance of
// the second class's indicator.
type sums struct {
	growth
	y        *target
	minLeaf  int
	cuts     *cutter // nil: all cuts are tried
	constant []int32

	// What each row adds to a bin, in one of two ways. With two classes and
	// weights below 128, a row is a code: twice its weight, plus 1 for the
	// second class. Both sums then fit one word, the target in its high half.
	packed bool
	codes  []uint8
	adds   [256]uint64 // by code
	wide   []sum
	adding []sum // wide of the rows at hand, in their order

	packedBins [5][256]uint64
	wideBins   [256]sum
	rowBins    [256]int32
	seen       [4]uint64 // a bit for each bin that may have rows
	cells      [256]cell

	total sum // of the opened node
}

// A cell is a bin that has rows.
type cell struct {
	sum
	bin  int32
	rows int32 // counted only where a leaf needs more than one
}

func newSums(of growth, cuts *cutter) *sums {
	s := &sums{growth: of, y: of.target, minLeaf: of.MinLeaf, cuts: cuts}
	for code := range uint64(256) {
		s.adds[code] = code>>1 | (code>>1)*(code&1)<<32
	}
	return s
}

func (s *sums) load(weight []uint32) {
	s.packed = s.y.classes == 2 && slices.Max(weight) < 128
	if s.packed {
		s.codes = slices.Grow(s.codes[:0], len(weight))[:len(weight)]
		for i, w := range weight {
			s.codes[i] = uint8(w<<1 | s.y.labels[i])
		}
		return
	}
	s.wide = slices.Grow(s.wide[:0], len(weight))[:len(weight)]
	for i, w := range weight {
		s.wide[i] = sum{int64(w), int64(w) * s.y.value(i)}
	}
}

func unpack(p uint64) sum { return sum{int64(p & (1<<32 - 1)), int64(p >> 32)} }

func (s *sums) open(rows []uint32, known sum) (sum, bool) {
	if known.weight == 0 {
		for _, r := range rows {
			add := sum{}
			if s.packed {
				add = unpack(s.adds[s.codes[r]])
			} else {
				add = s.wide[r]
			}
			known.weight += add.weight
			known.target += add.target
		}
	}
	s.total = known
	if s.y.classes == 2 {
		return known, known.target == 0 || known.target == known.weight
	}
	for _, r := range rows {
		if s.y.values[r] != s.y.values[rows[0]] {
			return known, false
		}
	}
	return known, true
}

func (s *sums) summed() bool { return true }

func (s *sums) unit() float64 {
	if s.y.classes == 2 {
		return 2
	}
	return s.y.unit * s.y.unit
}

func (s *sums) leaf(values []float64, total sum) []float64 {
	mean := float64(total.target) / float64(total.weight)
	if s.y.classes == 2 {
		return append(values, 1-mean, mean)
	}
	return append(values, s.y.offset+float64(mean*s.y.unit))
}

func (s *sums) search(rows []uint32, features []int32, best *split) []int32 {
	s.constant = s.constant[:0]
	dense := len(rows) >= denseRows
	if !s.packed {
		s.adding = s.adding[:0]
		for _, r := range rows {
			s.adding = append(s.adding, s.wide[r])
		}
	}
	for len(features) > 0 {
		n := 1
		if s.packed && dense && len(features) >= 4 {
			n = s.fillSome(rows, features)
		}
		for k, f := range features[:n] {
			col, stride := s.column(f, len(rows), true)
			var cells []cell
			switch {
			case n > 1:
				cells = takePacked(&s.packedBins[k], &s.cells)
			case s.packed && dense:
				fillPacked(&s.packedBins[0], rows, s.codes, &s.adds, col)
				cells = takePacked(&s.packedBins[0], &s.cells)
			case s.packed:
				fillPackedSeen(&s.packedBins[0], rows, s.codes, &s.adds, col, stride, &s.seen)
				cells = takePackedSeen(&s.packedBins[0], &s.seen, &s.cells)
			case dense:
				fillWide(&s.wideBins, rows, s.adding, col)
				cells = takeWide(&s.wideBins, &s.cells)
			default:
				fillWideSeen(&s.wideBins, rows, s.adding, col, stride, &s.seen)
				cells = takeWideSeen(&s.wideBins, &s.seen, &s.cells)
			}
			if len(cells) < 2 {
				s.constant = append(s.constant, f)
				continue
			}
			if s.minLeaf > 1 {
				s.countRows(rows, col, stride, cells)
			}
			s.scan(cells, len(rows), f, best)
		}
		features = features[n:]
	}
	return s.constant
}

// fillSome fills the histograms of the first features, and says of how many.
func (s *sums) fillSome(rows []uint32, features []int32) int {
	bins := s.data.Columns
	a, b, c, d := bins[features[0]], bins[features[1]], bins[features[2]], bins[features[3]]
	if len(features) == 4 || len(features) >= 8 {
		fillPacked4(&s.packedBins, rows, s.codes, &s.adds, a, b, c, d)
		return 4
	}
	fillPacked5(&s.packedBins, rows, s.codes, &s.adds, a, b, c, d, bins[features[4]])
	return 5
}

// countRows sets the number of rows of each cell.
func (s *sums) countRows(rows []uint32, col []uint8, stride int, cells []cell) {
	for _, r := range rows {
		s.rowBins[col[int(r)*stride]]++
	}
	for i := range cells {
		b := cells[i].bin
		cells[i].rows, s.rowBins[b] = s.rowBins[b], 0
	}
}

// scan tries every split between the cells of a feature, or the one that is drawn.
// Where values are missing, the last cell is theirs: it is tried on both sides of each.
func (s *sums) scan(cells []cell, rows int, feature int32, best *split) {
	if s.cuts != nil {
		cells = s.cut(cells, feature)
	}
	last := len(cells) - 1
	if cells[last].bin != bins.Missing {
		s.scanFrom(cell{}, cells, last, rows, feature, best)
		return
	}
	s.scanFrom(cell{}, cells[:last], last, rows, feature, best)
	s.scanFrom(cells[last], cells[:last], last-1, rows, feature, best)
}

// cut makes one cell of those on either side of a cut that is drawn.
func (s *sums) cut(cells []cell, feature int32) []cell {
	values := len(cells)
	if cells[values-1].bin == bins.Missing {
		values--
	}
	if values < 2 {
		return cells
	}
	at := int32(s.cuts.between(feature, int(cells[0].bin), int(cells[values-1].bin)))
	sides := [2]cell{{bin: at}, {bin: at + 1}}
	for i := range cells[:values] {
		c, side := &cells[i], &sides[0]
		if c.bin > at {
			side = &sides[1]
		}
		side.weight += c.weight
		side.target += c.target
		side.rows += c.rows
	}
	n := copy(cells, sides[:])
	return cells[:n+copy(cells[n:], cells[values:])]
}

// scanFrom tries the splits after each of the first n cells, with what is in
// start on the left, too. The gain is the decrease in variance, that is
// weight(left) weight(right) / weight^2 times the squared difference of the means.
func (s *sums) scanFrom(start cell, cells []cell, n, rows int, feature int32, best *split) {
	left, leftRows := start.sum, int(start.rows)
	mean := float64(s.total.target) / float64(s.total.weight)
	for i := range n {
		c := &cells[i]
		left.weight += c.weight
		left.target += c.target
		d := float64(left.target) - float64(mean*float64(left.weight))
		gain := d * d / (float64(left.weight) * float64(s.total.weight-left.weight))
		leftRows += int(c.rows)
		if gain <= best.gain || s.minLeaf > 1 && (leftRows < s.minLeaf || rows-leftRows < s.minLeaf) {
			continue
		}
		*best = split{gain: gain, feature: feature, bin: afterAll, left: left}
		if i+1 < len(cells) {
			best.bin = between(c.bin, cells[i+1].bin)
		}
		// Without missing values here, later ones go with the heavier side.
		best.missingLeft = start.weight > 0 || n < len(cells) && 2*left.weight >= s.total.weight
	}
}
