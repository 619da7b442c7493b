package split

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// ByUser holds back a part of what each user did, for tests of recommendations:
// of the items that a user has rows of, the fractions are held back, rounded up,
// and at least one is trained on. Rows of the same user and item stay together,
// so that what is held back is new to the user. By times those items are held
// back that the user came to last; without, with nil, items at random. Users and
// items are indices from 0; a row where either is below 0 is trained on. A
// missing time (NaN) counts as the earliest.
func ByUser[T cmp.Ordered](users, items []int32, times []T, f Fractions, seed uint64) ([]Part, error) {
	if len(items) != len(users) || times != nil && len(times) != len(users) {
		return nil, fmt.Errorf("split: %d users, %d items and %d times are not of the same rows", len(users), len(items), len(times))
	}
	if _, err := f.counts(len(users)); err != nil {
		return nil, err
	}
	rows := make([]int, 0, len(users))
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
	type cell struct {
		rows []int // of a user and an item, the earliest first
		key  int64 // random
	}
	parts := make([]Part, len(users))
	r := rand.New(rand.NewPCG(seed, 0))
	for len(rows) > 0 {
		user := users[rows[0]]
		var cells []cell
		for len(rows) > 0 && users[rows[0]] == user {
			n := 1
			for n < len(rows) && users[rows[n]] == user && items[rows[n]] == items[rows[0]] {
				n++
			}
			cells = append(cells, cell{rows: rows[:n], key: r.Int64()})
			rows = rows[n:]
		}
		sorting.Stable(cells, func(a, b cell) int {
			if times == nil {
				return cmp.Compare(a.key, b.key)
			}
			return cmp.Or(when(a.rows[0], b.rows[0]), cmp.Compare(a.rows[0], b.rows[0]))
		})
		n, err := f.counts(len(cells))
		if err != nil {
			return nil, err
		}
		for k, c := range cells {
			part := Train
			switch {
			case k >= n[Train]+n[Validation]:
				part = Test
			case k >= n[Train]:
				part = Validation
			}
			for _, row := range c.rows {
				parts[row] = part
			}
		}
	}
	return parts, nil
}
