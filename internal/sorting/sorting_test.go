package sorting

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

// row has a key with ties, and a place to tell them apart.
type row struct{ key, place int }

func rows(t *rapid.T) []row {
	n := rapid.OneOf(rapid.IntRange(0, 60), rapid.IntRange(0, 3000)).Draw(t, "n")
	few := rapid.IntRange(1, 200).Draw(t, "keys")
	shape := rapid.SampledFrom([]string{"random", "ascending", "descending", "saw"}).Draw(t, "shape")
	draws := rapid.SliceOfN(rapid.IntRange(0, few-1), 64, 64).Draw(t, "draws")
	out := make([]row, n)
	for i := range out {
		key := (draws[i%64] + draws[i/64%64]) % few
		switch shape {
		case "ascending":
			key = i * few / n
		case "descending":
			key = (n - i) * few / n
		case "saw":
			key = i % few
		}
		out[i] = row{key, i}
	}
	return out
}

func byKey(a, b row) int { return cmp.Compare(a.key, b.key) }

func slice(s []row, compare func(a, b row) int) {
	sort.Slice(s, func(i, j int) bool { return compare(s[i], s[j]) < 0 })
}

func sliceStable(s []row, compare func(a, b row) int) {
	sort.SliceStable(s, func(i, j int) bool { return compare(s[i], s[j]) < 0 })
}

// TestSamePermutation compares what guests do with package slices, ties included: an artifact
// of a guest has the bytes of the node's.
func TestSamePermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rows(t)
		Func(in[:len(in)/3], byKey) // a part in order is what the routines look for
		for name, sorts := range map[string][2]func([]row, func(a, b row) int){
			"func":   {slice, slices.SortFunc[[]row]},
			"stable": {sliceStable, slices.SortStableFunc[[]row]},
		} {
			got, want := slices.Clone(in), slices.Clone(in)
			sorts[0](got, byKey)
			sorts[1](want, byKey)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %v, slices: %v", name, got, want)
			}
		}
	})
}

func TestOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOf(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), 1}))).Draw(t, "values")
		got, want := slices.Clone(in), slices.Clone(in)
		sort.Slice(got, func(i, j int) bool { return cmp.Less(got[i], got[j]) })
		slices.Sort(want)
		for i := range got {
			if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
				t.Fatalf("%v, slices: %v", got, want)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	m := map[string]int{"b": 1, "": 2, "a": 3, "é": 4, "Z": 5}
	if got, want := Keys(m), slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Keys(map[string]bool(nil)); len(got) != 0 {
		t.Errorf("of no map: %q", got)
	}
}
