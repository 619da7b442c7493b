package bins

import (
	"math"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn/splitmix"
)

func TestAxisFindsTheBin(t *testing.T) {
	special := []float64{0, math.Copysign(0, -1), 5e-324, -5e-324, 1e-323, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), 1, math.Nextafter(1, 2)}
	value := rapid.OneOf(rapid.SampledFrom(special), rapid.Float64(), rapid.Map(rapid.IntRange(-9, 9), func(i int) float64 { return float64(i) }))
	rapid.Check(t, func(t *rapid.T) {
		edges := rapid.SliceOfN(rapid.Map(value, func(v float64) float64 {
			return max(-math.MaxFloat64, min(math.MaxFloat64, v))
		}), 0, 300).Draw(t, "edges")
		slices.Sort(edges)
		edges = slices.Compact(edges)
		a := NewAxis(edges)
		for _, v := range append(rapid.SliceOf(value).Draw(t, "values"), edges...) {
			want := sort.Search(len(edges), func(i int) bool { return v <= edges[i] })
			if got := a.Bin(v); got != want {
				t.Fatalf("%v is in bin %d, want %d", v, got, want)
			}
			if v > a.Edge(want) || want > 0 && v <= a.Edge(want-1) {
				t.Fatalf("%v is outside of bin %d", v, want)
			}
		}
	})
}

func TestBinEdges(t *testing.T) {
	many := make([]float64, 100_000)
	rng := splitmix.Source{State: 9}
	for i := range many {
		many[i] = rng.Unit()
	}
	frequent := slices.Clone(many)
	for i := range frequent {
		if i%10 < 9 {
			frequent[i] = 0.5
		}
	}
	rare := make([]float64, 100_000) // two values, one of them in a single row
	rare[77_777] = 4
	for _, c := range []struct {
		name  string
		col   []float64
		max   int
		edges int
	}{
		{"constant", []float64{3, 3, 3}, 255, 0},
		{"all missing", []float64{math.NaN(), math.NaN()}, 255, 0},
		{"few", []float64{1, 3, 2, 2, math.NaN(), 10}, 255, 3},
		{"neighbours", []float64{1, math.Nextafter(1, 2)}, 255, 1},
		{"extremes", []float64{math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64 / 2}, 255, 2},
		{"subnormal", []float64{0, 5e-324, -5e-324}, 255, 2},
		{"two bins", []float64{5, 4, 3, 2, 1}, 2, 1},
		{"quantiles", many, 255, 254},
		{"one value frequent", frequent, 255, 254},
		{"a rare value", rare, 255, 1},
	} {
		bins, a, finite := binColumn(c.col, c.max)
		edges := a.edges
		if !finite {
			t.Errorf("%s: taken for infinite", c.name)
		}
		for i, v := range c.col {
			if want := a.Bin(v); v == v && int(bins[i]) != want || v != v && bins[i] != Missing {
				t.Fatalf("%s: row %d is in bin %d, want %d", c.name, i, bins[i], want)
			}
		}
		if len(edges) != c.edges {
			t.Errorf("%s: %d edges, want %d", c.name, len(edges), c.edges)
		}
		count := make([]int, len(edges)+1)
		for _, v := range c.col {
			if v == v {
				count[a.Bin(v)]++
			}
		}
		if c.edges > 0 && slices.Min(count) == 0 {
			t.Errorf("%s: a bin is empty: %v", c.name, count)
		}
		if c.name == "quantiles" && slices.Max(count) > 3*len(many)/255 {
			t.Errorf("%s: a bin has %d rows", c.name, slices.Max(count))
		}
	}
	if _, a, _ := binColumn([]float64{1, 3, 2}, 255); !slices.Equal(a.edges, []float64{1.5, 2.5}) {
		t.Errorf("edges of 1, 2, 3 are %v, want the midpoints", a.edges)
	}
	late := slices.Repeat([]float64{2, 4}, quantileRows) // with a value that the sample lacks
	late[len(late)-2] = 3
	if bins, a, _ := binColumn(late, 255); !slices.Equal(a.edges, []float64{2.5, 3.5}) || bins[0] != 0 || bins[1] != 2 || bins[len(bins)-2] != 1 {
		t.Errorf("edges of 2, 4 and a late 3 are %v, bins begin with %v", a.edges, bins[:2])
	}
	for _, col := range [][]float64{{1, math.Inf(1)}, append(slices.Clone(many), math.Inf(-1)), append(slices.Clone(late), math.Inf(1), math.Inf(1))} {
		if _, _, finite := binColumn(col, 255); finite {
			t.Error("an infinite value is taken for a finite one")
		}
	}
}

// Columns of small whole numbers are binned as any others are.
func TestWholeNumbers(t *testing.T) {
	nan := math.NaN()
	many := make([]float64, 3*quantileRows) // each value once and more, -0 among them
	for i := range many {
		many[i] = math.Copysign(float64(i%1000*(i%1000)%1009), float64(i)-0.5)
	}
	for _, c := range []struct {
		col []float64
		ok  bool
	}{
		{[]float64{0, 3, 3, nan, 255, 4, math.Copysign(0, -1)}, true},
		{[]float64{7}, true}, {[]float64{nan, nan}, true}, {[]float64{0, wholes - 1}, true},
		{[]float64{1, 2, 3, 4, 5, 6}, true}, {slices.Repeat([]float64{1, 2, 3, nan, 1, 7, 1, 9, 8}, 50), true}, {many, true},
		{[]float64{0, wholes}, false}, {[]float64{0, -1}, false}, {[]float64{0, 0.5}, false},
		{[]float64{0, math.Inf(1)}, false}, {[]float64{0, 1 << 40}, false},
	} {
		for _, most := range []int{2, 5, 255} {
			want, axis, _ := binAny(c.col, most)
			bins, a, ok := binWhole(c.col, most)
			if ok != c.ok || ok && (!slices.Equal(bins, want) || !slices.Equal(a.edges, axis.edges)) {
				t.Errorf("%d bins of %v ...: %v, at %v, want at %v", most, c.col[:min(8, len(c.col))], ok, a.edges, axis.edges)
			}
		}
	}
}
