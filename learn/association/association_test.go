package association_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/association"
	"pgregory.net/rapid"
)

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }

func numbers(v []*float64) []float64 {
	out := make([]float64, len(v))
	for i, p := range v {
		out[i] = math.NaN()
		if p != nil {
			out[i] = *p
		}
	}
	return out
}

func TestReference(t *testing.T) {
	var ref struct {
		Numbers           [][]*float64
		Pearson, Spearman [][]float64
		Categories        map[string][]int32
		Pairs             []struct {
			X, Y                      string
			Cramer, Corrected, Lambda float64
		}
		Eta map[string][]float64
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(b, &ref)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range ref.Numbers {
		for j := range ref.Numbers {
			x, y := numbers(ref.Numbers[i]), numbers(ref.Numbers[j])
			if got := association.Pearson(x, y); !close(got, ref.Pearson[i][j]) {
				t.Errorf("Pearson of %d and %d = %v, want %v", i, j, got, ref.Pearson[i][j])
			}
			if got := association.Spearman(x, y); !close(got, ref.Spearman[i][j]) {
				t.Errorf("Spearman of %d and %d = %v, want %v", i, j, got, ref.Spearman[i][j])
			}
		}
	}
	for _, p := range ref.Pairs {
		x, y := ref.Categories[p.X], ref.Categories[p.Y]
		c := association.Cross(x, y, int(slices.Max(x))+1, int(slices.Max(y))+1)
		if v, w, l := c.CramersV(false), c.CramersV(true), c.Lambda(); !close(v, p.Cramer) || !close(w, p.Corrected) || !close(l, p.Lambda) {
			t.Errorf("%s and %s: %v, %v, %v, want %+v", p.X, p.Y, v, w, l, p)
		}
	}
	for name, etas := range ref.Eta {
		k := ref.Categories[name]
		for j, want := range etas {
			if got := association.CorrelationRatio(k, numbers(ref.Numbers[j]), int(slices.Max(k))+1); !close(got, want) {
				t.Errorf("eta of %s and %d = %v, want %v", name, j, got, want)
			}
		}
	}
}

func TestDegenerate(t *testing.T) {
	nan := math.NaN()
	for name, got := range map[string]float64{
		"constant":        association.Pearson([]float64{0.1, 0.1, 0.1}, []float64{1, 2, 3}),
		"one pair":        association.Spearman([]float64{1, nan}, []float64{1, 2}),
		"nothing":         association.Pearson(nil, nil),
		"one category":    association.Cross([]int32{0, 0}, []int32{0, 1}, 1, 2).CramersV(true),
		"no pairs":        association.Cross([]int32{-1}, []int32{0}, 2, 2).Lambda(),
		"constant target": association.CorrelationRatio([]int32{0, 1}, []float64{0.3, 0.3}, 2),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: %v, want NaN", name, got)
		}
	}
}

// The ranks of a pair with missing values are those of the complete pairs alone.
func TestSpearmanIsPairwiseComplete(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) float64 {
		if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
			return math.NaN()
		}
		return float64(rapid.IntRange(-3, 3).Draw(t, "value"))
	})
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(value, 2, 30).Draw(t, "x")
		y := rapid.SliceOfN(value, len(x), len(x)).Draw(t, "y")
		var cx, cy []float64
		for i := range x {
			if !math.IsNaN(x[i]) && !math.IsNaN(y[i]) {
				cx, cy = append(cx, x[i]), append(cy, y[i])
			}
		}
		got, want := association.Spearman(x, y), association.Spearman(cx, cy)
		if !(close(got, want) || math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%v, want %v", got, want)
		}
		if other := association.Spearman(y, x); !(close(got, other) || math.IsNaN(got) && math.IsNaN(other)) {
			t.Fatalf("%v, and %v the other way round", got, other)
		}
	})
}
