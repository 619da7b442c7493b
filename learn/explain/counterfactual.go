package explain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// A Search looks for the nearest changes of a row that make a model say something
// else (Wachter, Mittelstadt and Russell, "Counterfactual explanations without
// opening the black box", 2018). Which values are plausible, how far they are, and
// what is asked for is up to whoever searches. Single changes are all tried; of
// several, those that go on from the most promising ones.
type Search struct {
	Options []int                              // how many other values each column could have
	Cost    func(column, option int) float64   // how far such a value is from the row's own; positive
	Judge   func(changes [][]Change) []float64 // of each set of changes, how far the model then says what is asked for: yes above 0
	Most    int                                // changes at a time; 0: 3
	Beam    int                                // sets of changes that are gone on from; 0: 20
	Found   int                                // counterfactuals that are returned; 0: 3
}

// A Change gives a column another of its values.
type Change struct{ Column, Option int }

// A Counterfactual is changes, in the order of columns, and what they cost together.
type Counterfactual struct {
	Changes []Change
	Cost    float64
}

type judged struct {
	Counterfactual
	score float64
}

// Find returns the cheapest counterfactuals that it finds, each of other columns.
// There may be none.
func (s Search) Find(ctx context.Context) ([]Counterfactual, error) {
	most, beam, found := cmp.Or(s.Most, 3), cmp.Or(s.Beam, 20), cmp.Or(s.Found, 3)
	if most < 0 || beam < 0 || found < 0 {
		return nil, fmt.Errorf("changes %d, beam %d and found %d must be positive", s.Most, s.Beam, s.Found)
	}
	start, best := []judged{{}}, map[string]judged{}
	for range most {
		var next [][]Change
		tried := map[string]bool{}
		for _, from := range start {
			for c, n := range s.Options {
				if slices.ContainsFunc(from.Changes, func(ch Change) bool { return ch.Column == c }) {
					continue
				}
				for o := range n {
					set := append(slices.Clone(from.Changes), Change{c, o})
					slices.SortFunc(set, func(a, b Change) int { return a.Column - b.Column })
					if key := fmt.Sprint(set); !tried[key] {
						tried[key] = true
						next = append(next, set)
					}
				}
			}
		}
		list, err := s.judge(ctx, next)
		if err != nil {
			return nil, err
		}
		start = start[:0:0]
		for _, j := range list {
			if j.score <= 0 {
				start = append(start, j)
				continue
			}
			key := columnsOf(j.Changes)
			if b, known := best[key]; !known || j.Cost < b.Cost {
				best[key] = j
			}
		}
		slices.SortStableFunc(start, func(a, b judged) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Cost, b.Cost))
		})
		start = start[:min(beam, len(start))]
	}
	var out []judged
	for _, j := range best {
		if len(j.Changes) > 1 {
			var err error
			if j, err = s.cheapen(ctx, j); err != nil {
				return nil, err
			}
		}
		out = append(out, j)
	}
	slices.SortFunc(out, func(a, b judged) int {
		return cmp.Or(cmp.Compare(a.Cost, b.Cost), slices.CompareFunc(a.Changes, b.Changes, compareChanges))
	})
	var unique []Counterfactual
	seen := map[string]bool{}
	for _, j := range out {
		if key := columnsOf(j.Changes); !seen[key] && len(unique) < found {
			seen[key] = true
			unique = append(unique, j.Counterfactual)
		}
	}
	return unique, nil
}

func compareChanges(a, b Change) int {
	return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Option, b.Option))
}

func columnsOf(changes []Change) string {
	var key []int
	for _, c := range changes {
		key = append(key, c.Column)
	}
	return fmt.Sprint(key)
}

func (s Search) judge(ctx context.Context, sets [][]Change) ([]judged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, nil
	}
	scores := s.Judge(sets)
	out := make([]judged, len(sets))
	for i, set := range sets {
		out[i] = judged{Counterfactual{Changes: set}, scores[i]}
		for _, c := range set {
			out[i].Cost += s.Cost(c.Column, c.Option)
		}
	}
	return out, nil
}

// cheapen leaves out changes that are not needed, and makes others smaller, one
// after the other, until nothing is left to gain.
func (s Search) cheapen(ctx context.Context, j judged) (judged, error) {
	for {
		var next [][]Change
		for i, c := range j.Changes {
			next = append(next, slices.Delete(slices.Clone(j.Changes), i, i+1))
			for o := range s.Options[c.Column] {
				if s.Cost(c.Column, o) < s.Cost(c.Column, c.Option) {
					set := slices.Clone(j.Changes)
					set[i].Option = o
					next = append(next, set)
				}
			}
		}
		list, err := s.judge(ctx, next)
		if err != nil {
			return j, err
		}
		better := j
		for _, l := range list {
			if l.score > 0 && l.Cost < better.Cost {
				better = l
			}
		}
		if better.Cost >= j.Cost {
			return j, nil
		}
		j = better
	}
}
