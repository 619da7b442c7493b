// Package recommend learns from what users did with items which other items they
// may want: matrix factorisation by implicit feedback, top lists, and how good
// they are on what users did later.
package recommend

import (
	"cmp"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// An Event is something that a user did with an item: bought, read, played. The
// weight says how much of it, such as how often; 0 counts as 1. Time is in any
// unit, and only needed for splits.
type Event struct {
	User, Item string
	Weight     float64
	Time       int64
}

// history is what each user did, or to each item was done: the others' indices,
// ascending, and weights.
type history struct {
	start  []int32 // of each, and where the last ends
	others []int32
	weight []float64
}

func (h *history) of(i int) ([]int32, []float64) {
	return h.others[h.start[i]:h.start[i+1]], h.weight[h.start[i]:h.start[i+1]]
}

// together is the sum of two weights, as far as there are numbers.
func together(a, b float64) float64 { return min(a+b, math.MaxFloat64) }

// cells adds up the weights of each user and item, and numbers both in the order
// of their names, so that the order of events does not matter.
func cells(events []Event) (users, items []string, byUser, byItem history, err error) {
	if len(events) == 0 || len(events) > math.MaxInt32 {
		return nil, nil, byUser, byItem, fmt.Errorf("recommend: %d events to learn from: want 1 to %d", len(events), math.MaxInt32)
	}
	number := func(of func(Event) string) ([]string, map[string]int32) {
		at := map[string]int32{}
		var names []string
		for _, e := range events {
			if _, ok := at[of(e)]; !ok {
				at[of(e)] = 0
				names = append(names, of(e))
			}
		}
		sorting.Ordered(names)
		for i, n := range names {
			at[n] = int32(i)
		}
		return names, at
	}
	users, user := number(func(e Event) string { return e.User })
	items, item := number(func(e Event) string { return e.Item })
	type cell struct {
		user, item int32
		weight     float64
	}
	all := make([]cell, 0, len(events))
	for i, e := range events {
		if !(e.Weight >= 0) || math.IsInf(e.Weight, 0) {
			return nil, nil, byUser, byItem, fmt.Errorf("recommend: the weight of event %d, of user %q and item %q, is %v: want a number that is not negative", i, e.User, e.Item, e.Weight)
		}
		all = append(all, cell{user[e.User], item[e.Item], cmp.Or(e.Weight, 1)})
	}
	sorting.Stable(all, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.item, b.item), cmp.Compare(a.weight, b.weight))
	})
	merged := all[:1]
	for _, c := range all[1:] {
		if last := &merged[len(merged)-1]; last.user == c.user && last.item == c.item {
			last.weight = together(last.weight, c.weight)
		} else {
			merged = append(merged, c)
		}
	}
	byUser.start, byItem.start = make([]int32, len(users)+1), make([]int32, len(items)+1)
	for _, c := range merged {
		byUser.start[c.user+1]++
		byItem.start[c.item+1]++
		byUser.others, byUser.weight = append(byUser.others, c.item), append(byUser.weight, c.weight)
	}
	for i := range users {
		byUser.start[i+1] += byUser.start[i]
	}
	for i := range items {
		byItem.start[i+1] += byItem.start[i]
	}
	byItem.others, byItem.weight = make([]int32, len(merged)), make([]float64, len(merged))
	next := append([]int32{}, byItem.start...)
	for _, c := range merged {
		byItem.others[next[c.item]], byItem.weight[next[c.item]] = c.user, c.weight
		next[c.item]++
	}
	return users, items, byUser, byItem, nil
}

// LeaveLast splits events for a test by what each user did last: the latest item
// of every user of at least two, if it is new to them, is for testing. Of events
// at the same time the later one in the list is the latest.
func LeaveLast(events []Event) (train, test []Event) {
	last, items := map[string]int{}, map[[2]string]int{}
	seen := map[string]int{}
	for i, e := range events {
		seen[e.User]++
		items[[2]string{e.User, e.Item}]++
		if at, ok := last[e.User]; !ok || e.Time >= events[at].Time {
			last[e.User] = i
		}
	}
	for i, e := range events {
		if last[e.User] == i && seen[e.User] > 1 && items[[2]string{e.User, e.Item}] == 1 {
			test = append(test, e)
		} else {
			train = append(train, e)
		}
	}
	return train, test
}

// ByTime splits events for a test by time: the latest share of them is for
// testing, but for what its user had done before, and for users and items that
// no earlier event knows.
func ByTime(events []Event, share float64) (train, test []Event) {
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(events[a].Time, events[b].Time) })
	from := len(order) - int(math.Round(share*float64(len(order))))
	from = max(0, min(from, len(order)))
	users, items, done := map[string]bool{}, map[string]bool{}, map[[2]string]bool{}
	for _, i := range order[:from] {
		e := events[i]
		train = append(train, e)
		users[e.User], items[e.Item], done[[2]string{e.User, e.Item}] = true, true, true
	}
	for _, i := range order[from:] {
		if e := events[i]; users[e.User] && items[e.Item] && !done[[2]string{e.User, e.Item}] {
			test = append(test, e)
			done[[2]string{e.User, e.Item}] = true
		}
	}
	return train, test
}

// DefaultFactors is how many factors suit events where nobody says how many: an
// eighth of the items or users, whichever are fewer, within 8 and 64. Many more
// than that say of each item by itself what users did, and nothing of others.
func DefaultFactors(events []Event) int {
	users, items := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		users[e.User], items[e.Item] = true, true
	}
	return max(8, min(64, len(users)/8, len(items)/8))
}
