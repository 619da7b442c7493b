package recommend

import (
	"cmp"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// A Fold is one round of a cross-validation.
type Fold struct {
	Train, Test []Event
}

// Folds divides what each user did into k folds at random, so that in each round
// about one in k of a user's items is to judge by. Events of the same user and item stay
// together, and a user of one item is trained on.
func Folds(events []Event, k int, seed uint64) []Fold {
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(events[a].User, events[b].User), cmp.Compare(events[a].Item, events[b].Item))
	})
	folds := make([]Fold, k)
	r := rand.New(rand.NewPCG(seed, 0x666f6c6473))
	for len(order) > 0 {
		var items [][]int // of one user: the events of each
		for user := events[order[0]].User; len(order) > 0 && events[order[0]].User == user; {
			n := 1
			for n < len(order) && events[order[n]].User == user && events[order[n]].Item == events[order[0]].Item {
				n++
			}
			items = append(items, order[:n])
			order = order[n:]
		}
		r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		from := r.IntN(k)
		for place, of := range items {
			for f := range folds {
				to := &folds[f].Train
				if (from+place)%k == f && len(items) > 1 {
					to = &folds[f].Test
				}
				for _, i := range of {
					*to = append(*to, events[i])
				}
			}
		}
	}
	return folds
}
