package tree

import "math/bits"

// The loops below are where a fit spends its time. The columns of a matrix are
// all of one length: saying so keeps bounds checks out of them. Those with a stride
// may have it row by row.

// fillPacked5 adds rows to the histograms of five features at once: what is
// looked up for a row is looked up once.
func fillPacked5(bins *[5][256]uint64, rows []uint32, codes []uint8, adds *[256]uint64, a, b, c, d, e []uint8) {
	n := len(codes)
	a, b, c, d, e = a[:n], b[:n], c[:n], d[:n], e[:n]
	for _, r := range rows {
		add := adds[codes[r]]
		bins[0][a[r]] += add
		bins[1][b[r]] += add
		bins[2][c[r]] += add
		bins[3][d[r]] += add
		bins[4][e[r]] += add
	}
}

// fillPacked4 adds rows to the histograms of four features at once.
func fillPacked4(bins *[5][256]uint64, rows []uint32, codes []uint8, adds *[256]uint64, a, b, c, d []uint8) {
	n := len(codes)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	for _, r := range rows {
		add := adds[codes[r]]
		bins[0][a[r]] += add
		bins[1][b[r]] += add
		bins[2][c[r]] += add
		bins[3][d[r]] += add
	}
}

func fillPacked(bins *[256]uint64, rows []uint32, codes []uint8, adds *[256]uint64, col []uint8) {
	col = col[:len(codes)]
	for _, r := range rows {
		bins[col[r]] += adds[codes[r]]
	}
}

func fillPackedSeen(bins *[256]uint64, rows []uint32, codes []uint8, adds *[256]uint64, col []uint8, stride int, seen *[4]uint64) {
	for _, r := range rows {
		b := col[int(r)*stride]
		bins[b] += adds[codes[r]]
		seen[b>>6] |= 1 << (b & 63)
	}
}

// fillWide adds rows to the histogram of a feature: adds holds what each of
// them adds, in the order of rows.
func fillWide(bins *[256]sum, rows []uint32, adds []sum, col []uint8) {
	adds = adds[:len(rows)]
	for i, r := range rows {
		b := &bins[col[r]]
		b.weight += adds[i].weight
		b.target += adds[i].target
	}
}

func fillWideSeen(bins *[256]sum, rows []uint32, adds []sum, col []uint8, stride int, seen *[4]uint64) {
	adds = adds[:len(rows)]
	for i, r := range rows {
		b := col[int(r)*stride]
		bins[b].weight += adds[i].weight
		bins[b].target += adds[i].target
		seen[b>>6] |= 1 << (b & 63)
	}
}

// takePacked lists the bins that have rows, and clears all.
func takePacked(bins *[256]uint64, cells *[256]cell) []cell {
	n := 0
	for b, p := range bins {
		c := &cells[n&255]
		c.sum, c.bin = unpack(p), int32(b)
		n += int((p | -p) >> 63)
	}
	*bins = [256]uint64{}
	return cells[:n]
}

// takePackedSeen lists the bins that were seen, and clears them.
func takePackedSeen(bins *[256]uint64, seen *[4]uint64, cells *[256]cell) []cell {
	n := 0
	for word, m := range seen {
		for ; m != 0; m &= m - 1 {
			b := word<<6 | bits.TrailingZeros64(m)
			cells[n&255] = cell{sum: unpack(bins[b]), bin: int32(b)}
			bins[b] = 0
			n++
		}
		seen[word] = 0
	}
	return cells[:n]
}

func takeWide(bins *[256]sum, cells *[256]cell) []cell {
	n := 0
	for b := range bins {
		c := &cells[n&255]
		c.sum, c.bin = bins[b], int32(b)
		if bins[b].weight != 0 {
			n++
		}
	}
	*bins = [256]sum{}
	return cells[:n]
}

func takeWideSeen(bins *[256]sum, seen *[4]uint64, cells *[256]cell) []cell {
	n := 0
	for word, m := range seen {
		for ; m != 0; m &= m - 1 {
			b := word<<6 | bits.TrailingZeros64(m)
			cells[n&255] = cell{sum: bins[b], bin: int32(b)}
			bins[b] = sum{}
			n++
		}
		seen[word] = 0
	}
	return cells[:n]
}

// divide moves the rows that go left to the front, keeping their order, and
// returns their number. spare has room for all.
func divide(rows, spare []uint32, col []uint8, stride int, s *split) int {
	// Shifted by one, the missing bin wraps around to 0 and goes left.
	shift, last := uint8(0), int(s.bin)
	if s.missingLeft {
		shift, last = 1, last+1
	}
	spare = spare[:len(rows)]
	left, right := 0, 0
	for _, r := range rows {
		up := int(uint(last-int(col[int(r)*stride]+shift)) >> 63) // 1 where the bin is above last
		rows[left] = r
		spare[right] = r
		left += 1 - up
		right += up
	}
	copy(rows[left:], spare[:right])
	return left
}
