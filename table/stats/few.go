package stats

import "github.com/runnel-dev/runnel/internal/sorting"

// fewest is up to how many distinct keys of a block are sorted by counting them.
const fewest = 1 << 8

// sortFew sorts keys of few distinct values by counting these in a hash table,
// and reports whether it did: else keys are as they were.
func sortFew(keys []uint64) bool {
	var (
		slots  [4 * fewest]uint16 // place in distinct and 1; 0: free
		values [fewest]uint64
		counts [fewest]uint32
	)
	distinct := values[:0]
	last, place := uint64(0), -1
	for _, k := range keys {
		if k != last || place < 0 {
			at := k * 0x9e3779b97f4a7c15 >> 54
			for slots[at] != 0 && distinct[slots[at]-1] != k {
				at = (at + 1) % uint64(len(slots))
			}
			if slots[at] == 0 {
				if len(distinct) == fewest {
					return false
				}
				distinct = append(distinct, k)
				slots[at] = uint16(len(distinct))
			}
			last, place = k, int(slots[at]-1)
		}
		counts[place]++
	}
	var order [fewest]uint8
	for i := range distinct {
		order[i] = uint8(i)
	}
	sorting.Func(order[:len(distinct)], func(x, y uint8) int {
		if values[x] < values[y] {
			return -1
		}
		return 1
	})
	at := 0
	for _, i := range order[:len(distinct)] {
		for range counts[i] {
			keys[at] = values[i]
			at++
		}
	}
	return true
}
