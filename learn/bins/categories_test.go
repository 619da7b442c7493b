package bins

import (
	"math"
	"slices"
	"testing"
)

func TestCategories(t *testing.T) {
	nan := math.NaN()
	col := []float64{7, 7, nan, 0, 3, 3, 3, -1, math.Copysign(0, -1)}
	for _, c := range []struct {
		most       int
		categories []int32
		bins       []uint8
	}{
		{255, []int32{0, 3, 7}, []uint8{2, 2, Missing, 0, 1, 1, 1, 3, 0}},
		{2, []int32{0, 3}, []uint8{2, 2, Missing, 0, 1, 1, 1, 2, 0}}, // of equals, the lower number
		{1, []int32{3}, []uint8{1, 1, Missing, 1, 0, 0, 0, 1, 1}},
	} {
		bins, categories, err := Categories(col, c.most)
		if err != nil || !slices.Equal(categories, c.categories) || !slices.Equal(bins, c.bins) {
			t.Errorf("most %d: %v in bins %v, %v, want %v in %v", c.most, categories, bins, err, c.categories, c.bins)
		}
	}
	if bins, categories, err := Categories([]float64{nan, nan}, 9); err != nil || categories == nil || len(categories) > 0 || bins[0] != Missing {
		t.Errorf("of missing values alone: %v, %v, %v", bins, categories, err)
	}
	for _, v := range []float64{0.5, MostCategory + 1, math.Inf(1), math.Inf(-1)} {
		if _, _, err := Categories([]float64{1, v}, 9); err == nil {
			t.Errorf("%v is taken for a category", v)
		}
	}
}
