package split

import (
	"cmp"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// ByUser holds back a part of what each user did, for tests of recommendations:
// of the items that a user has rows of, the fractions are held back, rounded up,
// and at least one is trained on. Rows of the same user and item stay together,
// so that what is held back is new to the user. By times those items are held
// back that the user came to last; without, with nil, items at random. Users and
// items are indices from 0, one a row, and so are times; a row where a user or an item is below 0 is trained on. A
// missing time (NaN) counts as the earliest.
func ByUser(users, items []int32, times []float64, f Fractions, seed uint64) ([]Part, error) {
	if _, err := f.counts(len(users)); err != nil {
		return nil, err
	}
	var rows []int
	for i := range users {
		if users[i] >= 0 && items[i] >= 0 {
			rows = append(rows, i)
		}
	}
	when := func(a, b int) int {
		if times == nil {
			return 0
		}
		return cmp.Compare(times[a], times[b])
	}
	sorting.Stable(rows, func(a, b int) int {
		return cmp.Or(cmp.Compare(users[a], users[b]), cmp.Compare(items[a], items[b]), when(a, b))
	})
	parts := make([]Part, len(users))
	r := rand.New(rand.NewPCG(seed, 0))
	var firsts []int // of a user's items, the rows that came first
	for k, row := range rows {
		if k == 0 || users[row] != users[rows[k-1]] || items[row] != items[rows[k-1]] {
			firsts = append(firsts, row)
		}
		if k+1 < len(rows) && users[row] == users[rows[k+1]] {
			continue
		}
		if times == nil {
			r.Shuffle(len(firsts), func(i, j int) { firsts[i], firsts[j] = firsts[j], firsts[i] })
		} else {
			sorting.Ordered(firsts)
			sorting.Stable(firsts, when)
		}
		n, _ := f.counts(len(firsts)) // which fails as above
		for i, first := range firsts {
			if i >= n[Train]+n[Validation] {
				parts[first] = Test
			} else if i >= n[Train] {
				parts[first] = Validation
			}
		}
		firsts = firsts[:0]
	}
	for k, row := range rows { // which follow the first of the same user and item
		if k > 0 && users[row] == users[rows[k-1]] && items[row] == items[rows[k-1]] {
			parts[row] = parts[rows[k-1]]
		}
	}
	return parts, nil
}
