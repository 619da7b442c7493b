package profile

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/runnel-dev/runnel/table"
)

// missing finds the columns that are missing in the same rows. Patterns tell
// the 64 columns apart that miss the most values.
func (b *builder) missing(context.Context) error {
	var gaps []int
	for i := range b.columns {
		b.p.Missing.Cells += b.columns[i].Missing
		if b.columns[i].Missing > 0 {
			gaps = append(gaps, i)
		}
	}
	slices.SortStableFunc(gaps, func(i, j int) int { return cmp.Compare(b.columns[j].Missing, b.columns[i].Missing) })
	told := gaps[:min(len(gaps), 64)]
	if len(gaps) > len(told) {
		b.note("Patterns of missing values tell the %d columns with the most of them apart, of %d.", len(told), len(gaps))
	}
	counts := map[uint64]int64{}
	for row := range b.table.Rows() {
		mask := uint64(0)
		for k, i := range told {
			if b.table.Columns[i].Missing(row) {
				mask |= 1 << k
			}
		}
		counts[mask]++
	}
	b.p.Missing.Complete = b.completeRows(gaps, told, counts)
	delete(counts, 0)
	masks := make([]uint64, 0, len(counts))
	for m := range counts {
		masks = append(masks, m)
	}
	slices.SortFunc(masks, func(x, y uint64) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y)) })
	for _, m := range masks[:min(len(masks), 10)] {
		p := Pattern{Rows: counts[m]}
		for ; m != 0; m &= m - 1 {
			p.Columns = append(p.Columns, b.columns[told[bits.TrailingZeros64(m)]].Name)
		}
		b.p.Missing.Patterns = append(b.p.Missing.Patterns, p)
	}
	return nil
}

func (b *builder) completeRows(gaps, told []int, counts map[uint64]int64) int64 {
	if len(gaps) == len(told) {
		return counts[0]
	}
	n := int64(0)
	for row := range b.table.Rows() {
		if !slices.ContainsFunc(gaps, func(i int) bool { return b.table.Columns[i].Missing(row) }) {
			n++
		}
	}
	return n
}

// duplicates counts the rows that equal an earlier one, by a 64-bit hash of all values.
func (b *builder) duplicates(context.Context) error {
	hashes := make([]uint64, b.table.Rows())
	for i, c := range b.table.Columns {
		hashColumn(c, uint64(i), hashes)
	}
	slices.Sort(hashes)
	b.p.Duplicates = int64(len(hashes) - len(slices.Compact(hashes)))
	return nil
}

func hashColumn(c *table.Column, salt uint64, hashes []uint64) {
	for i := range hashes {
		v := uint64(0x9e3779b97f4a7c15) // missing
		switch {
		case c.Missing(i):
		case c.Kind == table.Float64:
			v = math.Float64bits(c.Floats[i] + 0) // -0 is 0
		case c.Kind == table.Bool:
			v = 2
			if c.Bools[i] {
				v = 3
			}
		case c.Kind == table.String:
			v = uint64(c.Codes[i])
		default:
			v = uint64(c.Ints[i])
		}
		hashes[i] = mix(hashes[i] ^ mix(v+salt))
	}
}

// mix is the finaliser of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
