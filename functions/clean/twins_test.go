package clean

import (
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table/sieve"
	"pgregory.net/rapid"
)

// TestTwins finds the rows that looking at all sums at once finds, also where
// different sums begin alike.
func TestTwins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sums := rapid.SliceOf(rapid.Custom(func(t *rapid.T) (s preprocess.RowSum) {
			s[0], s[15] = rapid.ByteRange(0, 3).Draw(t, "head"), rapid.ByteRange(0, 3).Draw(t, "tail")
			return s
		})).Draw(t, "sums")
		split := make([]step.Subset, len(sums))
		for i := range split {
			split[i] = step.Subset(rapid.IntRange(0, 2).Draw(t, "subset"))
		}
		var want []int64
		met := map[preprocess.RowSum]bool{}
		for _, s := range []step.Subset{step.Train, step.Validation, step.Test} {
			for _, r := range step.RowsOf(split, s, len(sums)) {
				if met[sums[r]] {
					want = append(want, int64(r))
				}
				met[sums[r]] = true
			}
		}
		w := &twins{sieve: sieve.New(len(sums))}
		if rapid.Bool().Draw(t, "sift") {
			w.sieve = sieve.Sifting(len(sums))
		}
		for _, s := range sums {
			w.note(s)
		}
		w.sort()
		var got []int64
		for i, s := range sums {
			if left, ok := w.meet(s, int64(i), func(a, b int64) bool { return split[a] < split[b] }); ok {
				got = append(got, left)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("left out %v, want %v", got, want)
		}
	})
}
