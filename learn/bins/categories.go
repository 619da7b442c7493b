package bins

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// MostCategory is the greatest number of a category.
const MostCategory = 1<<16 - 1

// Categories gives each category of a column a bin of its own, in ascending order:
// categories are whole numbers from 0 to [MostCategory], NaN where missing. Where
// there are more than most, the most frequent ones have a bin; others, as what is
// below 0, share the bin after the last one. A value that is no category is an error.
func Categories(col []float64, most int) (bins []uint8, categories []int32, err error) {
	most = min(most, Missing-1)
	count := map[int32]int{}
	for i, v := range col {
		switch {
		case v != v:
		case v != math.Trunc(v) || v > MostCategory || math.IsInf(v, -1):
			return nil, nil, fmt.Errorf("row %d is %v: categories are whole numbers up to %d", i, v, MostCategory)
		case v >= 0:
			count[int32(v)]++
		}
	}
	categories = make([]int32, 0, len(count))
	for c := range count {
		categories = append(categories, c)
	}
	slices.SortFunc(categories, func(a, b int32) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	categories = categories[:min(len(categories), most)]
	slices.Sort(categories)
	return Lookup(col, categories), categories, nil
}

// Lookup finds the bins of categories, which ascend: that after the last one for
// what is none of them.
func Lookup(col []float64, categories []int32) []uint8 {
	known := map[float64]uint8{}
	for b, c := range categories {
		known[float64(c)] = uint8(b)
	}
	bins := make([]uint8, len(col))
	for i, v := range col {
		b, ok := known[v]
		switch {
		case v != v:
			b = Missing
		case !ok:
			b = uint8(len(categories))
		}
		bins[i] = b
	}
	return bins
}
