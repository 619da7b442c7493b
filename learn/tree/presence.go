package tree

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/runnel-dev/runnel/learn/bins"
)

// A presence holds of each row the features that are not in their usual bin, and their
// bins. Where most are in it, as in pictures and counts of words, that is a few lines of
// cache a row, and a histogram needs no more: the usual bin has the other rows.
//
// Features are in groups, and every row has a record of each. With a word for 32 of
// them, it is the words, which have a bit for each feature that is present, then how many
// are present before each word, in 16 bits, then the bins of those present.
type presence struct {
	usual  []uint8 // of each feature
	groups []group
}

type group struct {
	words   int
	records []uint8
	place   []uint32 // of each row's record
}

// grouped is the number of features of a group, and recordWords of words in it. A
// record may be read as if it had all words.
const (
	grouped     = 1024
	recordWords = grouped / 32
)

// newPresence is nil where bins are other than the usual ones too often to pay.
func newPresence(data *bins.Matrix, threads int) *presence {
	const samples = 256
	p := &presence{usual: make([]uint8, len(data.Columns))}
	step, present, seen := max(1, data.Rows/samples), 0, 0
	for j, col := range data.Columns {
		var count [256]int
		for i := 0; i < len(col); i += step {
			b := col[i]
			count[b]++
			seen++
			present++
			if count[b] > count[p.usual[j]] {
				p.usual[j] = b
			}
		}
		present -= count[p.usual[j]]
	}
	if 2*present > seen {
		return nil
	}
	for from := 0; from < len(p.usual); from += grouped {
		to := min(from+grouped, len(p.usual))
		g, ok := newGroup(data.Columns[from:to], p.usual[from:to], data.Rows, threads)
		if !ok {
			return nil
		}
		p.groups = append(p.groups, g)
	}
	return p
}

// newGroup makes the records of some features; not of more than can be numbered.
func newGroup(columns [][]uint8, usual []uint8, rows, threads int) (group, bool) {
	const block = 64 // rows at a time, as bins.Matrix has them
	parts := make([][]uint8, threads)
	g := group{words: (len(usual) + 31) / 32, place: make([]uint32, rows)}
	each(threads, threads, func(t int) bool {
		some := bins.Matrix{Columns: columns, Rows: rows}
		byRow := make([]uint8, block*len(usual))
		to := rows * (t + 1) / threads
		for from := rows * t / threads; from < to; from += block {
			n := min(block, to-from)
			some.RowsInto(from, from+n, byRow)
			for i := range n {
				g.place[from+i] = uint32(len(parts[t]))
				parts[t] = g.pack(parts[t], byRow[i*len(usual):][:len(usual)], usual)
			}
		}
		return true
	})
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if size > math.MaxUint32 {
		return g, false
	}
	g.records = make([]uint8, 0, size+8*recordWords)
	for t, part := range parts {
		for i := rows * t / threads; i < rows*(t+1)/threads; i++ {
			g.place[i] += uint32(len(g.records))
		}
		g.records = append(g.records, part...)
	}
	g.records = g.records[:cap(g.records)]
	return g, true
}

// pack appends a row's record.
func (g *group) pack(records, row, usual []uint8) []uint8 {
	var head [6 * recordWords]uint8
	at := len(records)
	records = append(records, head[:6*g.words]...)
	n := 0
	for w := range g.words {
		bins := row[w*32 : min(w*32+32, len(row))]
		m := differing(bins, usual[w*32:])
		binary.LittleEndian.PutUint32(records[at+4*w:], m)
		binary.LittleEndian.PutUint16(records[at+4*g.words+2*w:], uint16(n))
		n += bits.OnesCount32(m)
		for ; m != 0; m &= m - 1 {
			records = append(records, bins[bits.TrailingZeros32(m)])
		}
	}
	return records
}

// differing has a bit for each bin that is not the usual one, of at most 32.
func differing(row, usual []uint8) (word uint32) {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	n := len(row) &^ 7
	for j := 0; j < n; j += 8 {
		x := binary.LittleEndian.Uint64(row[j:]) ^ binary.LittleEndian.Uint64(usual[j:])
		differs := (x&low + low | x) & high >> 7
		word |= uint32(differs*0x0102040810204080>>56) << j
	}
	for j := n; j < len(row); j++ {
		if row[j] != usual[j] {
			word |= 1 << j
		}
	}
	return word
}

// look says whether the record of a row has a feature, by its word and bit: 1, or 0; and
// where the feature's bin is in records, or would be.
func (g *group) look(row, word, bit uint32) (present, at uint32) {
	place := g.place[row]
	record := g.records[place:]
	m := binary.LittleEndian.Uint32(record[4*word:])
	before := binary.LittleEndian.Uint16(record[4*uint32(g.words)+2*word:])
	n := uint32(bits.OnesCount32(m & (1<<(bit&31) - 1)))
	return m >> (bit & 31) & 1, place + uint32(6*g.words) + uint32(before) + n
}

// column writes the bins of a feature of some rows to where a column has them.
func (p *presence) column(rows []uint32, feature int32, col []uint8) {
	g, k := &p.groups[feature/grouped], uint32(feature%grouped)
	usual := p.usual[feature]
	for _, r := range rows {
		present, at := g.look(r, k/32, k%32)
		col[r] = usual ^ (usual^g.records[at])&-uint8(present) // without a branch
	}
}

// slotted is the number of features that are looked for at once.
const slotted = 32

// slots are some features of a group that are looked for in a row.
type slots struct {
	word  [slotted]uint32
	bit   [slotted]uint32 // set in the word; none where there is no feature
	below [slotted]uint32
	tag   [slotted]uint32 // the place of the feature in cells
	count [slotted]uint32 // of the rows that have it
	n     int
}

// none looks for no feature.
func (s *slots) none() {
	s.bit = [slotted]uint32{}
	s.n = 0
}

// add looks for one more feature of the group.
func (s *slots) add(slot int, feature int32) {
	k := uint32(feature % grouped)
	s.word[slot], s.bit[slot], s.below[slot] = k/32, 1<<(k%32), 1<<(k%32)-1
	s.tag[slot] = uint32(slot) * (apart * tallied)
	s.n = slot + 1
}

// foundRows is how many rows are looked at in one go.
const foundRows = 128

// found is what some rows have of the features that are looked for, row by row: where
// the bin is in the group's records, and the tag of the feature plus the code of the row.
type found struct {
	at  [foundRows*slotted + 16]uint32
	tag [foundRows*slotted + 16]uint32
}

// find looks for features in at most foundRows rows, which have codes, and returns how
// many it found. Rows up to the capacity of theirs may be looked at next. Where it is
// fast it uses what not every processor has.
func (f *found) find(g *group, rows, codes []uint32, s *slots, fast bool) int {
	if fast {
		return findFast(f, g, rows, codes, s)
	}
	n := 0
	var there [slotted]uint8 // the slots of what the row has, listed without a branch
	for i, r := range rows {
		place := g.place[r]
		record := g.records[place:]
		count := 0
		for k := range s.n {
			there[count&(slotted-1)] = uint8(k)
			if binary.LittleEndian.Uint32(record[4*s.word[k&(slotted-1)]:])&s.bit[k&(slotted-1)] != 0 {
				count++
			}
		}
		for _, k := range there[:count] {
			k, w := k&(slotted-1), s.word[k&(slotted-1)]
			before := binary.LittleEndian.Uint16(record[4*uint32(g.words)+2*w:])
			lower := binary.LittleEndian.Uint32(record[4*w:]) & s.below[k]
			f.at[n] = place + uint32(6*g.words) + uint32(before) + uint32(bits.OnesCount32(lower))
			f.tag[n] = s.tag[k] + codes[i]
			s.count[k]++
			n++
		}
	}
	return n
}
