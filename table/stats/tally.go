package stats

import (
	"cmp"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// counters is how many values a tally follows once it is no longer exact.
const counters = 512

// A tally counts values: all of them up to a bound, beyond which it follows the
// most frequent. A value's true count is at most missed more than its counter.
// Values are sorted.
//
// Misra and Gries 1982; merging by Agarwal et al., "Mergeable Summaries", 2012.
type tally[K cmp.Ordered] struct {
	keys   []K
	counts []int64
	exact  int   // the bound
	over   bool  // the bound was exceeded
	missed int64 // the most that a counter can be short by
}

// add adds the counts of other values, which are sorted. Neither slice is kept.
func (t *tally[K]) add(keys []K, counts []int64) {
	if len(keys) == 0 {
		return
	}
	// New values move in from the end backwards, within memory that is there.
	fresh := 0
	i := 0
	for j, k := range keys {
		for i < len(t.keys) && t.keys[i] < k {
			i++
		}
		if i < len(t.keys) && t.keys[i] == k {
			t.counts[i] += counts[j]
		} else {
			fresh++
		}
	}
	if fresh == 0 {
		return
	}
	i = len(t.keys) - 1
	at := i + fresh
	t.keys = slices.Grow(t.keys, fresh)[:at+1]
	t.counts = slices.Grow(t.counts, fresh)[:at+1]
	for j := len(keys) - 1; j >= 0; j-- {
		for i >= 0 && t.keys[i] > keys[j] {
			t.keys[at], t.counts[at] = t.keys[i], t.counts[i]
			i, at = i-1, at-1
		}
		if i >= 0 && t.keys[i] == keys[j] {
			continue // counted above; moved with the next
		}
		t.keys[at], t.counts[at] = keys[j], counts[j]
		at--
	}
}

// reduced keeps the most frequent values, and takes from each the count of the
// most frequent that goes, which it returns. It works in place.
func reduced[K any](keys []K, counts []int64) ([]K, []int64, int64) {
	if len(keys) <= counters {
		return keys, counts, 0
	}
	cut := largest(counts, counters)
	n := 0
	for i, c := range counts {
		if c > cut {
			keys[n], counts[n] = keys[i], c-cut
			n++
		}
	}
	clear(keys[n:]) // let go of strings
	return keys[:n], counts[:n], cut
}

// largest is the count that n others are at least as large as.
func largest(counts []int64, n int) int64 {
	// Most counts are small: those below 256 are counted by size.
	var small [256]int
	large := 0
	for _, c := range counts {
		if c < int64(len(small)) {
			small[c]++
		} else {
			large++
		}
	}
	if large > n {
		sorted := slices.Clone(counts)
		sorting.Ordered(sorted)
		return sorted[len(sorted)-1-n]
	}
	rest := n - large
	for c := len(small) - 1; c > 0; c-- {
		if rest -= small[c]; rest < 0 {
			return int64(c)
		}
	}
	return 0
}

// reduce brings a tally that is over its bound down to its counters.
func (t *tally[K]) reduce() {
	t.over = true
	var cut int64
	t.keys, t.counts, cut = reduced(t.keys, t.counts)
	t.missed += cut
}
