package tree

import (
	"encoding/binary"
	"math/bits"

	"github.com/runnel-dev/runnel/learn/bins"
)

// A presence says of each row which features are not in their usual bin: a bit a
// feature. Where most are, as in pictures and counts of words, a histogram needs only
// the rows that its feature is present in: the usual bin has the others.
type presence struct {
	usual []uint8 // of each feature
	bits  []uint64
	words int // of bits a row

	masks [64]uint64 // what the fast kernel notes down, for each grower its own
	found [64]uint64
}

// chunk is the number of features whose bits the fast kernel looks up at once.
const chunk = 1024

// newPresence is nil where bins are other than the usual ones too often to pay.
func newPresence(data *bins.Matrix, byRow []uint8, threads int) *presence {
	const samples = 256
	p := &presence{usual: make([]uint8, len(data.Columns)), words: (len(data.Columns) + 63) / 64}
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
	if p.words > 8 {
		p.words = (p.words + 15) &^ 15 // whole lines of cache
	}
	p.bits = make([]uint64, data.Rows*p.words+chunk/64)
	each(threads, threads, func(t int) bool {
		for i := data.Rows * t / threads; i < data.Rows*(t+1)/threads; i++ {
			presentBits(byRow[i*len(p.usual):][:len(p.usual)], p.usual, p.bits[i*p.words:][:p.words])
		}
		return true
	})
	return p
}

// presentBits sets a bit for each bin that differs from the usual one.
func presentBits(row, usual []uint8, into []uint64) {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	n := len(row) &^ 7
	for j := 0; j < n; j += 8 {
		x := binary.LittleEndian.Uint64(row[j:]) ^ binary.LittleEndian.Uint64(usual[j:])
		differs := (x&low + low | x) & high >> 7
		into[j>>6] |= differs * 0x0102040810204080 >> 56 << (j & 63)
	}
	for j := n; j < len(row); j++ {
		if row[j] != usual[j] {
			into[j>>6] |= 1 << (j & 63)
		}
	}
}

// find returns, for each of the features, a bit for each of the rows, in their order,
// that says whether the feature is present there. It reuses into.
// Where it is fast it may use what not every processor has.
func (p *presence) find(rows []uint32, features []int32, into []uint64, fast bool) []uint64 {
	blocks := (len(rows) + 63) / 64
	if n := blocks * len(features); cap(into) < n {
		into = make([]uint64, n)
	}
	into = into[:blocks*len(features)]
	if fast && p.findFast(rows, features, into) {
		return into
	}
	for k, f := range features {
		words, column := into[k*blocks:][:blocks], p.bits[f>>6:]
		for b := range words {
			word := uint64(0)
			for i, r := range rows[b*64 : min(b*64+64, len(rows))] {
				word |= column[int(r)*p.words] >> (f & 63) & 1 << i
			}
			words[b] = word
		}
	}
	return into
}

func ones(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}
