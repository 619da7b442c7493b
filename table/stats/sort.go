package stats

import (
	"math"
	"math/bits"
)

// Keys are numbers as unsigned integers in the same order.
const sign = 1 << 63

func floatKey(v float64) uint64 {
	b := math.Float64bits(v)
	return b ^ (uint64(int64(b)>>63) | sign)
}

func keyFloat(k uint64) float64 {
	return math.Float64frombits(k ^ (uint64(int64(^k)>>63) | sign))
}

func intKey(v int64) uint64 { return uint64(v) ^ sign }

func keyInt(k uint64) int64 { return int64(k ^ sign) }

// sortKeys sorts by radix, 8 bits at a time, over the highest 32 of the bits in
// which keys differ: few keys are the same in all of those. Insertion puts these
// in order, or, where it would move too many, a sort over all bits. Where one
// pass is not enough, keys of few distinct values are counted. spare is as
// long as keys; one of the two is returned.
func sortKeys(keys, spare []uint64) []uint64 {
	if len(keys) < 2 {
		return keys
	}
	var differ uint64
	for _, k := range keys {
		differ |= k ^ keys[0]
	}
	high := 64 - bits.LeadingZeros64(differ)
	if high > 8 && sortFew(keys) {
		return keys
	}
	low := max(0, high-32)
	sorted := radix(keys, spare[:len(keys)], low, high)
	if low == 0 || inserted(sorted) {
		return sorted
	}
	if &sorted[0] == &keys[0] {
		return radix(keys, spare[:len(keys)], 0, high)
	}
	return radix(spare[:len(keys)], keys, 0, high)
}

// radix sorts by the bits from low up to high, keeping the order of equals.
func radix(keys, spare []uint64, low, high int) []uint64 {
	for shift := low; shift < high; shift += 8 {
		var at [256]uint32
		for _, k := range keys {
			at[k>>(uint(shift)&63)&255]++
		}
		var sum uint32
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for _, k := range keys {
			b := k >> (uint(shift) & 63) & 255
			spare[at[b]] = k
			at[b]++
		}
		keys, spare = spare, keys
	}
	return keys
}

// inserted sorts keys that are almost sorted; false: they were not, and are not.
func inserted(keys []uint64) bool {
	moves := 2 * len(keys)
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		j := i
		for ; j > 0 && keys[j-1] > k; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
		if moves -= i - j; moves < 0 {
			return false
		}
	}
	return true
}

// runs finds the distinct ones of sorted keys and how often each occurs. The
// slices given are appended to.
func runs(keys []uint64, distinct []uint64, counts []int64) ([]uint64, []int64) {
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j] == keys[i] {
			j++
		}
		distinct, counts = append(distinct, keys[i]), append(counts, int64(j-i))
		i = j
	}
	return distinct, counts
}
