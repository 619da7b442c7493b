package explain

import (
	"context"
	"fmt"
	"math/bits"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"pgregory.net/rapid"
)

// Against background rows, the values are Shapley's, of features and of groups of them.
func TestAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		background := anyRows(t, len(e.Features), rapid.IntRange(1, 4).Draw(t, "background"))
		trees, err := NewTrees(e)
		if err != nil {
			t.Fatal(err)
		}
		groups := rapid.IntRange(1, len(e.Features)).Draw(t, "groups")
		of := rapid.SliceOfN(rapid.IntRange(0, groups-1), len(e.Features), len(e.Features)).Draw(t, "group of a feature")
		got, err := trees.GroupsAgainst(context.Background(), background, x, make([]string, groups), of, nil)
		if groups == len(e.Features) {
			for j := range of {
				of[j] = j
			}
			got, err = trees.Against(context.Background(), background, x, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Rows {
			row := rowOf(x, i)
			base, want := shapley(groups, e.Outputs(), func(set uint) []float64 {
				mean := make([]float64, e.Outputs())
				for b := range background.Rows {
					mixed := rowOf(background, b)
					for j := range mixed {
						if set>>of[j]&1 == 1 {
							mixed[j] = row[j]
						}
					}
					for k, v := range e.Margins(mixed) {
						mean[k] += v / float64(background.Rows)
					}
				}
				return mean
			})
			for k, margin := range e.Margins(row) {
				near(t, "the base", got.Base[k], base[k], 1e-11)
				near(t, "the sum", got.Margin(i, k), margin, 1e-9)
				for j, v := range want[k] {
					near(t, fmt.Sprintf("row %d, output %d, feature %d", i, k, j), got.Of(i, k)[j], v, 1e-11)
				}
			}
		}
	})
}

// Interaction values are those of the definition, and sum to the values.
func TestInteractionsAgainstDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		trees, err := NewTrees(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := trees.Interactions(context.Background(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		values, err := trees.Explain(context.Background(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := len(e.Features)
		for i := range x.Rows {
			row := rowOf(x, i)
			for k := range e.Base {
				m := got.Of(i, k)
				for a := range n {
					sum := 0.0
					for b := range n {
						sum += m[a*n+b]
						if a == b {
							continue
						}
						want := 0.0
						for set := range uint(1) << n {
							if set>>a&1 == 0 && set>>b&1 == 0 {
								both := worth(e, row, set|1<<a|1<<b)[k] - worth(e, row, set|1<<a)[k] - worth(e, row, set|1<<b)[k] + worth(e, row, set)[k]
								want += weight(bits.OnesCount(set), n-1) / 2 * both
							}
						}
						near(t, fmt.Sprintf("row %d, output %d, features %d and %d", i, k, a, b), m[a*n+b], want, 1e-11)
					}
					near(t, "the sum", sum, values.Of(i, k)[a], 1e-11)
				}
			}
		}
	})
}

// Any number of threads gives the same bits, and rows explain alone as among others.
func TestThreads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, x := anyEnsemble(t)
		trees, err := NewTrees(e)
		if err != nil {
			t.Fatal(err)
		}
		explain := func(x *learn.Matrix, threads int) []float64 {
			var all []float64
			for _, how := range []func() (*Values, error){
				func() (*Values, error) { return trees.Explain(context.Background(), x, &Options{Threads: threads}) },
				func() (*Values, error) {
					return trees.Against(context.Background(), x.Take([]int{0}), x, &Options{Threads: threads})
				},
			} {
				v, err := how()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, v.Added...)
			}
			return all
		}
		one, many := explain(x, 1), explain(x, 7)
		for i := range one {
			if one[i] != many[i] {
				t.Fatalf("value %d is %v with one thread and %v with seven", i, one[i], many[i])
			}
		}
		for i, v := range explain(x.Take([]int{0}), 3)[:len(e.Features)*e.Outputs()] {
			if v != one[i] {
				t.Fatalf("value %d of a row by itself is %v, among others %v", i, v, one[i])
			}
		}
	})
}
