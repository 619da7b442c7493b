package tree

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

// drawProblem draws a small binned problem with missing values and weights.
func drawProblem(t *rapid.T, classes int) (*bins.Matrix, *target, []uint32, []uint32) {
	n := rapid.IntRange(2, 60).Draw(t, "rows")
	x := &learn.Matrix{Rows: n}
	for range rapid.IntRange(1, 6).Draw(t, "features") {
		col := make([]float64, n)
		for i := range col {
			if col[i] = float64(rapid.IntRange(0, 9).Draw(t, "x")); col[i] == 9 {
				col[i] = math.NaN()
			}
		}
		x.Columns = append(x.Columns, col)
	}
	y := &learn.Target{Task: learn.Regression}
	if classes > 0 {
		y = &learn.Target{Task: learn.Classification, Classes: make([]string, classes)}
	}
	weight, rows := make([]uint32, n), []uint32{}
	for i := range n {
		if classes > 0 {
			y.Labels = append(y.Labels, int32(rapid.IntRange(0, classes-1).Draw(t, "class")))
		} else {
			y.Values = append(y.Values, rapid.Float64Range(-10, 10).Draw(t, "y"))
		}
		if weight[i] = uint32(rapid.IntRange(0, 3).Draw(t, "weight")); weight[i] > 0 {
			rows = append(rows, uint32(i))
		}
	}
	data, err := bins.Cut(t.Context(), x, 255, 1)
	if err != nil {
		t.Fatal(err)
	}
	return data, newTarget(y), weight, rows
}

// growing is what trees with leaves of that size are grown from.
func growing(data *bins.Matrix, y *target, minLeaf int) growth {
	return growth{Forest: &Forest{MinLeaf: minLeaf}, data: data, byRow: data.ByRow(1), target: y}
}

// impurity is the weighted impurity of rows, by definition.
func impurity(y *target, weight, rows []uint32) (impurity, total float64) {
	sums := make([]float64, max(1, y.classes))
	squares := 0.0
	for _, r := range rows {
		w := float64(weight[r])
		total += w
		if y.classes > 0 {
			sums[y.labels[r]] += w
			continue
		}
		v := float64(y.values[r]) * y.unit
		sums[0] += w * v
		squares += w * v * v
	}
	if total == 0 {
		return 0, 0
	}
	if y.classes == 0 {
		return squares - sums[0]*sums[0]/total, total
	}
	for _, s := range sums {
		squares += s * s
	}
	return total - squares/total, total
}

// The split that is found is the best of all, and its gain is what it removes.
func TestSearchFindsTheBestSplit(t *testing.T) {
	for _, classes := range []int{0, 2, 3, 5} {
		rapid.Check(t, func(t *rapid.T) {
			data, y, weight, rows := drawProblem(t, classes)
			if len(rows) == 0 {
				return
			}
			minLeaf := rapid.IntRange(1, 4).Draw(t, "minLeaf")
			parent, total := impurity(y, weight, rows)
			// gain of a split by definition, negative if it leaves a side too small.
			gain := func(feature, bin int, missingLeft bool) float64 {
				var left, right []uint32
				for _, r := range rows {
					b := int(data.Columns[feature][r])
					if b == bins.Missing && missingLeft || b != bins.Missing && b <= bin {
						left = append(left, r)
					} else {
						right = append(right, r)
					}
				}
				if len(left) < minLeaf || len(right) < minLeaf {
					return -1
				}
				l, _ := impurity(y, weight, left)
				r, _ := impurity(y, weight, right)
				return max(0, (parent-l-r)/total) // no split adds to it but by rounding
			}
			want := -1.0
			for feature := range data.Columns {
				for bin := range 10 {
					want = max(want, gain(feature, bin, false), gain(feature, bin, true))
				}
			}
			c := newCriterion(growing(data, y, minLeaf), nil)
			c.load(weight)
			if _, pure := c.open(rows, sum{}); pure != (parent < 1e-9) && classes > 0 {
				t.Fatalf("pure is %v, the impurity %v", pure, parent)
			}
			features := make([]int32, len(data.Columns))
			for j := range features {
				features[j] = int32(j)
			}
			got := split{gain: -1}
			c.search(rows, features, &got)
			if want < 0 || got.gain < 0 {
				if (want < 0) != (got.gain < 0) {
					t.Fatalf("found a gain of %v, want %v", got.gain, want)
				}
				return
			}
			is := gain(int(got.feature), int(got.bin), got.missingLeft)
			if math.Abs(is-want) > 1e-6 || math.Abs(got.gain*c.unit()-want) > 1e-6 {
				t.Fatalf("found %+v, which removes %v and says %v, want %v", got, is, got.gain*c.unit(), want)
			}
		})
	}
}

// Histograms of many rows at once are those of each row added by itself.
func TestFillsAgree(t *testing.T) {
	rng := splitmix.Source{State: 5}
	n := 5000
	codes, cols := make([]uint8, n), make([][]uint8, 5)
	adds, wide, rows := [256]uint64{}, []sum{}, []uint32{}
	for code := range adds {
		adds[code] = uint64(1+rng.Below(1000)) | uint64(rng.Below(1000))<<32
	}
	for j := range cols {
		cols[j] = make([]uint8, n)
		for i := range cols[j] {
			cols[j][i] = uint8(rng.Next())
		}
	}
	for i := range n {
		codes[i] = uint8(rng.Next())
		if rng.Below(3) > 0 {
			rows = append(rows, uint32(i))
			wide = append(wide, unpack(adds[codes[i]]))
		}
	}
	var four, five [5][256]uint64
	fillPacked4(&four, rows, codes, &adds, cols[0], cols[1], cols[2], cols[3])
	fillPacked(&four[4], rows, codes, &adds, cols[4])
	fillPacked5(&five, rows, codes, &adds, cols[0], cols[1], cols[2], cols[3], cols[4])
	for j, col := range cols {
		var want [256]uint64
		for _, r := range rows {
			want[col[r]] += adds[codes[r]]
		}
		var one, sparse [256]uint64
		var wideBins, wideSparse [256]sum
		var seen, wideSeen [4]uint64
		fillPacked(&one, rows, codes, &adds, col)
		fillPackedSeen(&sparse, rows, codes, &adds, col, 1, &seen)
		fillWide(&wideBins, rows, wide, col)
		fillWideSeen(&wideSparse, rows, wide, col, 1, &wideSeen)
		if four[j] != want || five[j] != want || one != want || sparse != want {
			t.Fatalf("histograms of feature %d differ", j)
		}
		var c [5][256]cell
		lists := [][]cell{
			takePacked(&four[j], &c[0]), takePacked(&one, &c[1]), takePackedSeen(&sparse, &seen, &c[2]),
			takeWide(&wideBins, &c[3]), takeWideSeen(&wideSparse, &wideSeen, &c[4]),
		}
		for k, list := range lists[1:] {
			if !slices.Equal(list, lists[0]) {
				t.Fatalf("list %d of feature %d differs", k+1, j)
			}
		}
		if one != [256]uint64{} || sparse != [256]uint64{} || wideBins != [256]sum{} || wideSparse != [256]sum{} {
			t.Fatal("a histogram is not cleared")
		}
	}
}
