package order

import "github.com/runnel-dev/runnel/internal/sorting"

const (
	fewest = 1 << 10 // distinct values that are looked up
	slots  = 4 * fewest
)

// A book counts the distinct ones of some keys, at most fewest of them. It is a
// hash table without deletion (Knuth 6.4, algorithm L).
type book struct {
	keys   []uint64 // ascending once sorted
	counts []int32
	slot   [slots]uint16 // place in keys and 1; 0: free
}

// place is that of a key, which is counted; -1 where there are too many.
func (b *book) place(k uint64) int {
	for at := k * 0x9e3779b97f4a7c15 >> 52; ; at++ {
		s := &b.slot[at&(slots-1)]
		if *s == 0 {
			if len(b.keys) == fewest {
				return -1
			}
			b.keys, b.counts = append(b.keys, k), append(b.counts, 0)
			*s = uint16(len(b.keys))
		}
		if i := int(*s) - 1; b.keys[i] == k {
			b.counts[i]++
			return i
		}
	}
}

// sort puts keys in ascending order, counts with them, and returns what became
// of each place.
func (b *book) sort() (moved []uint16) {
	order := make([]uint16, len(b.keys))
	for i := range order {
		order[i] = uint16(i)
	}
	sorting.Func(order, func(x, y uint16) int {
		if b.keys[x] < b.keys[y] {
			return -1
		}
		return 1
	})
	keys, counts := make([]uint64, len(order)), make([]int32, len(order))
	moved = make([]uint16, len(order))
	for to, from := range order {
		keys[to], counts[to], moved[from] = b.keys[from], b.counts[from], uint16(to)
	}
	b.keys, b.counts = keys, counts
	return moved
}

// sortFew sorts values of few distinct ones by counting these, and reports
// whether it did.
func sortFew(values []float64) bool {
	var b book
	for _, v := range values {
		if b.place(key(v)) < 0 {
			return false
		}
	}
	b.sort()
	at := 0
	for i, k := range b.keys {
		v := value(k)
		for range b.counts[i] {
			values[at] = v
			at++
		}
	}
	return true
}

// ofFew is Of for values of few distinct ones; nil where they are not.
func ofFew(values []float64) []int32 {
	var b book
	places := make([]uint16, len(values))
	for i, v := range values {
		if v != v {
			continue
		}
		p := b.place(key(v))
		if p < 0 {
			return nil
		}
		places[i] = uint16(p)
	}
	moved := b.sort()
	sum := int32(0)
	for i, n := range b.counts {
		b.counts[i] = sum
		sum += n
	}
	rows := make([]int32, sum)
	for i, v := range values {
		if v != v {
			continue
		}
		at := &b.counts[moved[places[i]]]
		rows[*at] = int32(i)
		*at++
	}
	return rows
}
