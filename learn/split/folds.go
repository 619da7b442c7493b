package split

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// A Fold is one round of cross-validation: rows to fit on and rows to measure
// on, both in rising order.
type Fold struct {
	Train, Test []int
}

// Folds says how rows are divided for cross-validation. Without Shuffle the
// folds are scikit-learn's (KFold, StratifiedKFold, GroupKFold) row by row.
type Folds struct {
	K       int    `json:"folds" default:"5" min:"2" doc:"Number of folds."`
	Shuffle bool   `json:"shuffle" default:"true" doc:"Shuffle the rows first; without it folds are runs of neighbouring rows."`
	Repeats int    `json:"repeats" default:"1" min:"1" doc:"How often the whole is done, each time shuffled anew."`
	Seed    uint64 `json:"seed" default:"0" doc:"Seed of the shuffle."`
}

// Plain divides rows into folds whose sizes differ by at most one.
func (f Folds) Plain(rows int) ([]Fold, error) {
	if err := f.check(rows, "rows"); err != nil {
		return nil, err
	}
	return f.repeat(rows, func(r *rand.Rand, of []int32) {
		order := identity(rows)
		shuffle(r, order)
		start := 0
		for k := range f.K {
			end := start + rows/f.K
			if k < rows%f.K {
				end++
			}
			for _, i := range order[start:end] {
				of[i] = int32(k)
			}
			start = end
		}
	}), nil
}

// Stratified divides rows into folds with the same share of every class, as far
// as whole rows allow. A class with fewer rows than folds is missing from some
// of them; a note says so.
func (f Folds) Stratified(labels []int32, classes []string) (folds []Fold, notes []string, err error) {
	if err := f.check(len(labels), "rows"); err != nil {
		return nil, nil, err
	}
	// Classes in order of appearance, as scikit-learn numbers them.
	var seen []int32
	members := make([][]int, len(classes))
	for i, l := range labels {
		if l < 0 || int(l) >= len(classes) {
			return nil, nil, fmt.Errorf("split: label %d in row %d is none of the %d classes", l, i, len(classes))
		}
		if members[l] == nil {
			seen = append(seen, l)
		}
		members[l] = append(members[l], i)
	}
	for l, rows := range members {
		if n := len(rows); n > 0 && n < f.K {
			notes = append(notes, fmt.Sprintf("class %q has %d row(s), fewer than the %d folds: it is missing from the test rows of some", classes[l], n, f.K))
		}
	}
	folds = f.repeat(len(labels), func(r *rand.Rand, of []int32) {
		// Sorted by class and dealt out one by one, each fold gets this many of each class.
		at := 0
		for _, l := range seen {
			share := make([]int, f.K)
			for range members[l] {
				share[at%f.K]++
				at++
			}
			var dealt []int
			for k, n := range share {
				for range n {
					dealt = append(dealt, k)
				}
			}
			shuffle(r, dealt)
			for j, i := range members[l] {
				of[i] = int32(dealt[j])
			}
		}
	})
	return folds, notes, nil
}

// Group divides rows into folds of about equal size; the rows of a group are all
// in one fold. Groups go, the largest first, to the fold with the fewest rows;
// Shuffle changes the order of groups of equal size.
func (f Folds) Group(groups []int32) ([]Fold, error) {
	size, err := sizes(groups)
	if err != nil {
		return nil, err
	}
	if err := f.check(len(present(size)), "groups"); err != nil {
		return nil, err
	}
	return f.repeat(len(groups), func(r *rand.Rand, of []int32) {
		order := present(size)
		slices.Reverse(order)
		shuffle(r, order)
		sorting.Stable(order, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
		rows := make([]int, f.K)
		fold := make([]int32, len(size))
		for _, g := range order {
			lightest := 0
			for k, n := range rows {
				if n < rows[lightest] {
					lightest = k
				}
			}
			rows[lightest] += size[g]
			fold[g] = int32(lightest)
		}
		for i, g := range groups {
			of[i] = fold[g]
		}
	}), nil
}

// TimeSeries divides rows that are in order of time: fold after fold tests on
// the next k-th part and trains on all before it, less a gap of rows
// (scikit-learn's TimeSeriesSplit).
func TimeSeries(rows, k, gap int) ([]Fold, error) {
	test := rows / max(k+1, 1)
	first := rows - k*test
	switch {
	case k < 2:
		return nil, fmt.Errorf("split: %d fold(s): cross-validation needs at least 2", k)
	case gap < 0:
		return nil, fmt.Errorf("split: a gap of %d rows: it is at least 0", gap)
	case test == 0 || first-gap < 1:
		return nil, fmt.Errorf("split: %d rows are too few for %d folds in time with a gap of %d: use fewer folds", rows, k, gap)
	}
	all := identity(rows)
	folds := make([]Fold, k)
	for i := range folds {
		start := first + i*test
		folds[i] = Fold{Train: all[: start-gap : start-gap], Test: all[start : start+test : start+test]}
	}
	return folds, nil
}

// TimeOrder is TimeSeries for rows in any order: times says when each is from.
// Rows of the same time are in the order that they have.
func TimeOrder(times []int64, k, gap int) ([]Fold, error) {
	folds, err := TimeSeries(len(times), k, gap)
	if err != nil {
		return nil, err
	}
	order := identity(len(times))
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	rows := func(places []int) []int {
		out := make([]int, len(places))
		for i, p := range places {
			out[i] = order[p]
		}
		sorting.Ordered(out)
		return out
	}
	for i, f := range folds {
		folds[i] = Fold{rows(f.Train), rows(f.Test)}
	}
	return folds, nil
}

func (f Folds) check(n int, what string) error {
	switch {
	case f.K < 2:
		return fmt.Errorf("split: %d fold(s): cross-validation needs at least 2", f.K)
	case n < f.K:
		return fmt.Errorf("split: %d %s cannot be divided into %d folds: use fewer folds", n, what, f.K)
	case f.Repeats > 1 && !f.Shuffle:
		return fmt.Errorf("split: %d repeats without shuffling would all be the same", f.Repeats)
	}
	return nil
}

// repeat makes the folds of every repeat from an assignment of rows to folds,
// each with its own stream of random numbers; nil when not shuffling.
func (f Folds) repeat(rows int, assign func(r *rand.Rand, of []int32)) []Fold {
	var out []Fold
	of := make([]int32, rows)
	for repeat := range max(f.Repeats, 1) {
		var r *rand.Rand
		if f.Shuffle {
			r = rand.New(rand.NewPCG(f.Seed, uint64(repeat)))
		}
		assign(r, of)
		folds := make([]Fold, f.K)
		for i, k := range of {
			for j := range folds {
				if j == int(k) {
					folds[j].Test = append(folds[j].Test, i)
				} else {
					folds[j].Train = append(folds[j].Train, i)
				}
			}
		}
		out = append(out, folds...)
	}
	return out
}

func identity(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func shuffle(r *rand.Rand, v []int) {
	if r != nil {
		r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
	}
}
