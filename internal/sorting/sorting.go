// Package sorting sorts like package slices. In a WASI guest it does so by one
// routine for all types: slices makes a copy of its own for every type of
// element, of 20 to 30 kB in a guest, and functions sort twenty of them. What
// it does to a slice is the same everywhere, ties included.
package sorting

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Keys are those of a map, in ascending order.
func Keys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	Func(keys, strings.Compare)
	return keys
}

// Ordered sorts as slices.Sort does.
func Ordered[E cmp.Ordered](s []E) {
	if compact {
		sort.Slice(s, func(i, j int) bool { return cmp.Less(s[i], s[j]) })
		return
	}
	slices.Sort(s)
}

// Func sorts as slices.SortFunc does: elements that compare equal get the same
// places as there. sort.Slice is written from the same template, and makes the
// same comparisons and swaps.
func Func[E any](s []E, compare func(a, b E) int) {
	if compact {
		sort.Slice(s, func(i, j int) bool { return compare(s[i], s[j]) < 0 })
		return
	}
	slices.SortFunc(s, compare)
}

// Stable sorts as slices.SortStableFunc does.
func Stable[E any](s []E, compare func(a, b E) int) {
	if compact {
		sort.SliceStable(s, func(i, j int) bool { return compare(s[i], s[j]) < 0 })
		return
	}
	slices.SortStableFunc(s, compare)
}
