package boost

// A word is a gradient, in the upper half, and a second derivative, in the lower,
// in units that keep the sum of any rows within its half: sums of words are words.
type word = uint64

// gradient and hessian are the halves of a word.
func gradient(w word) int64 { return int64(w) >> 32 }
func hessian(w word) int64  { return int64(w & (1<<32 - 1)) }

func pack(gradient, hessian int64) word { return uint64(gradient)<<32 + uint64(hessian) }

// A histogram holds the sum of the rows in each bin of a feature.
type histogram [256]word

// coarse are the units of histograms: those of the rows' words, times powers of two.
type coarse struct{ gradientShift, hessianShift uint }

// of rounds a row's word to the units of histograms.
func (c coarse) of(w word) word {
	const half = 1 << 31
	g := int64(w)>>32 + half>>(32-c.gradientShift)
	h := w&(1<<32-1) + half>>(32-c.hessianShift)
	return uint64(g>>c.gradientShift)<<32 + h>>c.hessianShift
}

// fillRows is how many rows are added to the histograms of a few features before
// the next features' turn: they, their words and bins stay in the nearest cache.
const fillRows = 512

// subtract leaves what other has not, of the bins up to width and that of missing
// values.
func (h *histogram) subtract(other *histogram, width int) {
	from := h[:width]
	for b, v := range other[:width] {
		from[b] -= v
	}
	h[255] -= other[255]
}

// A group is some features next to each other, that rows are added for at once.
type group struct{ at, size int }

// groups cover the given ones of n features, which ascend.
func groups(n int, features []int) []group {
	var out []group
	for len(features) > 0 {
		g := group{features[0], 1}
		for _, size := range []int{8, 4} {
			if g.at+size <= n && len(features) >= size/2 && features[size/2-1] < g.at+size {
				g.size = size
				break
			}
		}
		for len(features) > 0 && features[0] < g.at+g.size {
			features = features[1:]
		}
		out = append(out, g)
	}
	return out
}

// A filler adds rows to histograms.
type filler struct {
	data       *data
	histograms []histogram
	adds       [fillRows]word
}

// fill adds at most fillRows rows to the histograms of the tree's features.
func (f *filler) fill(rows []uint32, of *grower) {
	adds := f.adds[:len(rows)]
	for i := roundFast(adds, rows, of.words, of.unit); i < len(rows); i++ {
		adds[i] = of.unit.of(of.words[rows[i]])
	}
	n := f.data.stride
	for _, g := range of.groups {
		to, bins := f.histograms[g.at:], f.data.bins[g.at:]
		switch g.size {
		case 8:
			fill8((*[8]histogram)(to), rows, adds, bins, n)
		case 4:
			fill4((*[4]histogram)(to), rows, adds, bins, n)
		default:
			fill1(&to[0], rows, adds, bins, n)
		}
	}
}

func fill8(to *[8]histogram, rows []uint32, adds []word, bins []uint8, stride int) {
	adds = adds[:len(rows)]
	for i, r := range rows {
		b, add := (*[8]uint8)(bins[int(r)*stride:]), adds[i]
		to[0][b[0]] += add
		to[1][b[1]] += add
		to[2][b[2]] += add
		to[3][b[3]] += add
		to[4][b[4]] += add
		to[5][b[5]] += add
		to[6][b[6]] += add
		to[7][b[7]] += add
	}
}

func fill4(to *[4]histogram, rows []uint32, adds []word, bins []uint8, stride int) {
	adds = adds[:len(rows)]
	for i, r := range rows {
		b, add := (*[4]uint8)(bins[int(r)*stride:]), adds[i]
		to[0][b[0]] += add
		to[1][b[1]] += add
		to[2][b[2]] += add
		to[3][b[3]] += add
	}
}

func fill1(to *histogram, rows []uint32, adds []word, bins []uint8, stride int) {
	adds = adds[:len(rows)]
	for i, r := range rows {
		to[bins[int(r)*stride]] += adds[i]
	}
}
