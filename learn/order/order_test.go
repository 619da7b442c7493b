package order_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/order"
	"pgregory.net/rapid"
)

var numbers = rapid.OneOf(
	rapid.SliceOfN(rapid.OneOf(
		rapid.Float64(),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}),
	), 0, 50),
	rapid.SliceOfN(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 2, 3, -1, -2, 7, math.NaN()}), 0, 50),
	rapid.SliceOfN(rapid.Map(rapid.IntRange(-1500, 1500), func(i int) float64 { return float64(i) }), 3000, 4000),   // two digits
	rapid.SliceOfN(rapid.Map(rapid.IntRange(-600, 600), func(i int) float64 { return float64(i) / 7 }), 1000, 4000), // few and not so few
)

func TestSortAgainstComparison(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := numbers.Draw(t, "values")
		want := slices.Clone(values)
		slices.SortFunc(want, func(a, b float64) int {
			if math.IsNaN(a) || math.IsNaN(b) { // last
				return cmp.Compare(boolInt(math.IsNaN(a)), boolInt(math.IsNaN(b)))
			}
			return cmp.Compare(a, b)
		})
		order.Sort(values)
		for i := range want {
			if math.Float64bits(values[i]) != math.Float64bits(want[i]+0) && !(math.IsNaN(values[i]) && math.IsNaN(want[i])) {
				t.Fatalf("%v, want %v", values, want)
			}
		}
	})
}

func TestOfAgainstComparison(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := numbers.Draw(t, "values")
		var want []int32
		for i, v := range values {
			if !math.IsNaN(v) {
				want = append(want, int32(i))
			}
		}
		slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(values[a], values[b]) })
		if got := order.Of(values); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func BenchmarkSort(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 300_000)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	work := make([]float64, len(values))
	b.Run("radix", func(b *testing.B) {
		for b.Loop() {
			copy(work, values)
			order.Sort(work)
		}
	})
	b.Run("few", func(b *testing.B) {
		for b.Loop() {
			for i, v := range values {
				work[i] = math.Round(v*100) / 7
			}
			order.Sort(work)
		}
	})
	b.Run("slices", func(b *testing.B) {
		for b.Loop() {
			copy(work, values)
			slices.Sort(work)
		}
	})
}
