package profile

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/sieve"
)

// gathered is what a pass over all rows leaves.
type gathered struct {
	hashes   *sieve.Sieve     // of all rows; nil where they are not counted
	patterns map[uint64]int64 // rows by the set of columns that they miss
	complete int64
	classes  map[string]int64 // rows by their class
	order    []string         // classes in order of first appearance
}

// Bounds of a pass over all rows.
const (
	mostHashes = 500_000_000 // rows whose duplicates are counted: 2 bytes each
	mostTold   = 64          // columns that patterns of missing values tell apart
)

// gather reads all rows once: the sample, duplicate rows, missing values, classes.
func (b *builder) gather(ctx context.Context, parts func(func(*table.Table) error) error) error {
	gaps := b.gaps()
	told := gaps[:min(len(gaps), mostTold)]
	if len(gaps) > len(told) {
		b.note("Patterns of missing values tell the %d columns with the most of them apart, of %s.", len(told), count(int64(len(gaps))))
	}
	n := int(b.p.Rows)
	b.rows = gathered{patterns: map[uint64]int64{}, classes: map[string]int64{}}
	if n <= mostHashes {
		b.rows.hashes = sieve.New(n)
	} else {
		b.note("Duplicate rows were not counted: there are more than %s rows.", count(mostHashes))
	}
	chosen := choose(n, min(n, b.o.Sample), b.o.Seed)
	var samples []*table.Table
	offset := 0
	err := parts(func(t *table.Table) error {
		if len(chosen) < n {
			samples = append(samples, t.Take(within(chosen, offset, t.Rows())).Compact())
		} else {
			samples = append(samples, t)
		}
		if b.rows.hashes != nil {
			for _, h := range hashRows(t) {
				b.rows.hashes.Add(h)
			}
		}
		b.countPatterns(t, gaps, told)
		b.countClasses(t)
		offset += t.Rows()
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	if b.sample, err = table.Concat(samples...); err != nil {
		return err
	}
	if len(chosen) < n {
		b.p.Sample = &Sample{Rows: len(chosen), Seed: b.o.Seed, For: []string{"correlations", "associations with the target", "principal components", "grids"}}
	}
	b.missing(told)
	return b.duplicates(ctx, parts)
}

// choose draws k of n rows without replacement (Knuth's algorithm S), ascending.
func choose(n, k int, seed uint64) []int {
	random := rand.New(rand.NewPCG(seed, 0x5eed0f70175))
	rows := make([]int, 0, k)
	for i := 0; len(rows) < k; i++ {
		if random.IntN(n-i) < k-len(rows) {
			rows = append(rows, i)
		}
	}
	return rows
}

// within are the chosen of the rows that follow offset, counted from there.
func within(chosen []int, offset, rows int) []int {
	from, _ := slices.BinarySearch(chosen, offset)
	to, _ := slices.BinarySearch(chosen, offset+rows)
	out := slices.Clone(chosen[from:to])
	for i := range out {
		out[i] -= offset
	}
	return out
}

// gaps are the columns that miss values, those that miss most first.
func (b *builder) gaps() []int {
	var gaps []int
	for i := range b.columns {
		b.p.Missing.Cells += b.columns[i].Missing
		if b.columns[i].Missing > 0 {
			gaps = append(gaps, i)
		}
	}
	sorting.Stable(gaps, func(i, j int) int { return cmp.Compare(b.columns[j].Missing, b.columns[i].Missing) })
	return gaps
}

func (b *builder) countPatterns(t *table.Table, gaps, told []int) {
	masks := make([]uint64, t.Rows())
	for k, i := range told {
		c := t.Columns[i]
		for row := range masks {
			if c.Missing(row) {
				masks[row] |= 1 << k
			}
		}
	}
	for row, m := range masks {
		b.rows.patterns[m]++
		if m == 0 && !slices.ContainsFunc(gaps[len(told):], func(i int) bool { return t.Columns[i].Missing(row) }) {
			b.rows.complete++
		}
	}
}

// missing keeps the ten most frequent sets of columns that are missing together.
func (b *builder) missing(told []int) {
	b.p.Missing.Complete = b.rows.complete
	counts := b.rows.patterns
	delete(counts, 0)
	masks := make([]uint64, 0, len(counts))
	for m := range counts {
		masks = append(masks, m)
	}
	sorting.Func(masks, func(x, y uint64) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y)) })
	for _, m := range masks[:min(len(masks), 10)] {
		p := Pattern{Rows: counts[m]}
		for ; m != 0; m &= m - 1 {
			p.Columns = append(p.Columns, b.columns[told[bits.TrailingZeros64(m)]].Name)
		}
		b.p.Missing.Patterns = append(b.p.Missing.Patterns, p)
	}
}

func (b *builder) countClasses(t *table.Table) {
	if b.p.Target == nil || b.p.Target.Task != classification {
		return
	}
	c := t.Columns[b.at]
	for i := range c.Len() {
		if c.Missing(i) {
			continue
		}
		text := c.Text(i)
		if b.rows.classes[text] == 0 {
			b.rows.order = append(b.rows.order, text)
		}
		b.rows.classes[text]++
	}
}

// duplicates counts the rows that equal an earlier one, by a 64-bit hash of all
// values. Of very many rows it takes a second reading.
func (b *builder) duplicates(ctx context.Context, parts func(func(*table.Table) error) error) error {
	if b.rows.hashes == nil {
		return nil
	}
	hashes, times := b.rows.hashes.Again()
	if times == nil {
		times = make([]int64, len(hashes))
		err := parts(func(t *table.Table) error {
			for _, h := range hashRows(t) {
				if at, ok := slices.BinarySearch(hashes, h); ok {
					times[at]++
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	for _, n := range times {
		b.p.Duplicates += max(0, n-1)
	}
	return nil
}

func hashRows(t *table.Table) []uint64 {
	hashes := make([]uint64, t.Rows())
	for i, c := range t.Columns {
		hashColumn(c, uint64(i), hashes)
	}
	return hashes
}

func hashColumn(c *table.Column, salt uint64, hashes []uint64) {
	words := make([]uint64, len(c.Dict)) // codes differ from part to part
	for code, s := range c.Dict {
		words[code] = hashText(s)
	}
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
			v = words[c.Codes[i]]
		default:
			v = uint64(c.Ints[i])
		}
		hashes[i] = mix(hashes[i] ^ mix(v+salt))
	}
}

func hashText(s string) uint64 {
	h := mix(uint64(len(s)))
	for len(s) > 0 {
		n := min(8, len(s))
		word := uint64(0)
		for i := range n {
			word |= uint64(s[i]) << (8 * i)
		}
		h, s = mix(h^word), s[n:]
	}
	return h
}

// mix is the finaliser of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
