// Package split divides rows into training, validation and test parts, and into
// folds. A split is exact (the parts have the sizes that were asked for, not
// about them) and depends on the seed, the fractions and the order of the rows,
// nothing else: the same rows in another order are divided otherwise.
//
// Labels and groups are indices from 0. What a caller should tell the user, such
// as a class too small to be in every part, is returned as notes; an error is
// only what cannot be divided at all.
package split

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// A Part is what a row is used for.
type Part uint8

// The parts.
const (
	Train Part = iota
	Validation
	Test
)

// String is the part's name as it is written in tables: train, validation, test.
func (p Part) String() string { return [...]string{"train", "validation", "test"}[p] }

// Rows returns the rows that are assigned to a part, in order.
func Rows(parts []Part, p Part) []int {
	var out []int
	for i, q := range parts {
		if q == p {
			out = append(out, i)
		}
	}
	return out
}

// Fractions says how large the parts are: fractions of all rows, rounded up as
// scikit-learn does. What is left is for training; at least one row always is.
type Fractions struct {
	Validation float64 `json:"validation" default:"0" min:"0" max:"1" doc:"Fraction of the rows kept for validation."`
	Test       float64 `json:"test" default:"0.2" min:"0" max:"1" doc:"Fraction of the rows kept for the final test."`
}

// counts turns the fractions into rows, indexed by Part.
func (f Fractions) counts(rows int) (n [3]int, err error) {
	if !(f.Validation >= 0 && f.Test >= 0 && f.Validation+f.Test < 1) {
		return n, fmt.Errorf("split: fractions of %v for validation and %v for test leave nothing to train on: they are at least 0 and sum to less than 1", f.Validation, f.Test)
	}
	if rows == 0 {
		return n, fmt.Errorf("split: no rows to divide")
	}
	// The margin keeps 0.07 x 100 = 7.000000000000001 at 7.
	up := func(fraction float64) int { return int(math.Ceil(float64(fraction*float64(rows)) - 1e-9)) }
	n[Test] = min(up(f.Test), rows-1)
	n[Validation] = min(up(f.Validation), rows-1-n[Test])
	n[Train] = rows - n[Test] - n[Validation]
	return n, nil
}

// Random divides rows at random.
func Random(rows int, f Fractions, seed uint64) ([]Part, error) {
	parts, _, err := Stratified(make([]int32, rows), []string{""}, f, seed)
	return parts, err
}

// Stratified divides rows at random, each class in the same proportions as far
// as whole rows allow: the largest remainders are rounded up. A class of one row
// goes to train; a note says so.
func Stratified(labels []int32, classes []string, f Fractions, seed uint64) (parts []Part, notes []string, err error) {
	counts := make([]int, len(classes))
	for i, l := range labels {
		if l < 0 || int(l) >= len(classes) {
			return nil, nil, fmt.Errorf("split: label %d in row %d is none of the %d classes", l, i, len(classes))
		}
		counts[l]++
	}
	s, notes, err := NewStream(counts, classes, f, seed)
	if err != nil {
		return nil, nil, err
	}
	parts = make([]Part, len(labels))
	for i, l := range labels {
		if parts[i], err = s.Next(l); err != nil {
			return nil, nil, err
		}
	}
	return parts, notes, nil
}

// ByTime trains on the past: the last rows by time are the test, those before
// them the validation. Rows of equal time stay together, in the later part, so
// the parts can be larger than asked for. A missing time (NaN) counts as the
// earliest.
func ByTime[T cmp.Ordered](times []T, f Fractions) (parts []Part, notes []string, err error) {
	n, err := f.counts(len(times))
	if err != nil {
		return nil, nil, err
	}
	order := make([]int, len(times))
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	// together moves the start of a part back to the first row of its time.
	together := func(start int) int {
		for start > 0 && start < len(order) && cmp.Compare(times[order[start-1]], times[order[start]]) == 0 {
			start--
		}
		return start
	}
	test := together(len(order) - n[Test])
	validation := min(test, together(len(order)-n[Test]-n[Validation]))
	if validation == 0 {
		return nil, nil, fmt.Errorf("split: no row is earlier than the part held back: too many rows share one time to divide %d rows by it", len(order))
	}
	parts = make([]Part, len(times))
	for i, r := range order {
		switch {
		case i >= test:
			parts[r] = Test
		case i >= validation:
			parts[r] = Validation
		}
	}
	if got := len(order) - test; got > n[Test] {
		notes = append(notes, fmt.Sprintf("the test part has %d rows instead of %d: rows of equal time stay together", got, n[Test]))
	}
	if got := test - validation; got != n[Validation] {
		notes = append(notes, fmt.Sprintf("the validation part has %d rows instead of %d: rows of equal time stay together", got, n[Validation]))
	}
	return parts, notes, nil
}

// ByGroup keeps the rows of a group together: groups, in random order, are put
// into a part as long as that brings its size nearer to what was asked for. At
// least one group is trained on.
func ByGroup(groups []int32, f Fractions, seed uint64) (parts []Part, notes []string, err error) {
	want, err := f.counts(len(groups))
	if err != nil {
		return nil, nil, err
	}
	size, err := sizes(groups)
	if err != nil {
		return nil, nil, err
	}
	order := present(size)
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })

	of := make([]Part, len(size))
	var got [3]int
	left := len(order)
	for _, g := range order {
		for _, p := range []Part{Test, Validation} {
			// Nearer than without the group: less than half of it is too much.
			if left > 1 && 2*(want[p]-got[p]) > size[g] {
				of[g] = p
				left--
				break
			}
		}
		got[of[g]] += size[g]
	}
	parts = make([]Part, len(groups))
	for i, g := range groups {
		parts[i] = of[g]
	}
	for _, p := range []Part{Validation, Test} {
		if got[p] != want[p] {
			notes = append(notes, fmt.Sprintf("the %v part has %d rows instead of %d: groups stay whole", p, got[p], want[p]))
		}
	}
	return parts, notes, nil
}

// sizes counts the rows of each group.
func sizes(groups []int32) ([]int, error) {
	var out []int
	for i, g := range groups {
		if g < 0 {
			return nil, fmt.Errorf("split: row %d has the group %d: groups are indices from 0", i, g)
		}
		if n := int(g) + 1; n > len(out) {
			out = append(out, make([]int, n-len(out))...)
		}
		out[g]++
	}
	return out, nil
}

// present is the indices whose size is not 0.
func present(size []int) []int {
	var out []int
	for g, n := range size {
		if n > 0 {
			out = append(out, g)
		}
	}
	return out
}
