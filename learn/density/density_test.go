package density_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/density"
	"pgregory.net/rapid"
)

func TestReference(t *testing.T) {
	var cases []struct {
		Name                                 string
		Values, Edges, Quantiles, X, Density []float64
		Counts                               []int64
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(b, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			slices.Sort(c.Values)
			for i, q := range []float64{0, 0.1, 0.25, 0.5, 0.75, 0.99, 1} {
				if got := density.Quantile(c.Values, q); math.Abs(got-c.Quantiles[i]) > 1e-12*math.Abs(got) {
					t.Errorf("quantile %v = %v, want %v", q, got, c.Quantiles[i])
				}
			}
			edges := density.Edges(c.Values, 0, 1000)
			if len(edges) != len(c.Edges) {
				t.Fatalf("%d edges, want %d", len(edges), len(c.Edges))
			}
			for i, e := range edges {
				if math.Abs(e-c.Edges[i]) > 1e-9*math.Abs(e) {
					t.Errorf("edge %d = %v, want %v", i, e, c.Edges[i])
				}
			}
			if got := density.Histogram(c.Values, c.Edges); !slices.Equal(got, c.Counts) {
				t.Errorf("counts %v, want %v", got, c.Counts)
			}
			x, y := density.Curve(c.Values, len(c.X))
			peak := slices.Max(c.Density)
			for i, want := range c.Density {
				if math.Abs(x[i]-c.X[i]) > 1e-9*math.Abs(x[i]) || math.Abs(y[i]-want) > 1e-3*peak {
					t.Errorf("density at %v = %v, want %v", x[i], y[i], want)
				}
			}
		})
	}
}

func TestEdgesOfWholeNumbers(t *testing.T) {
	for _, c := range []struct {
		values []float64
		most   int
		want   []float64
	}{
		{[]float64{1, 2, 2, 3, 4}, 60, []float64{0.5, 1.5, 2.5, 3.5, 4.5}},
		{[]float64{0, 1, 2, 3, 4, 5, 6}, 3, []float64{-0.5, 2.5, 5.5, 8.5}},
		{[]float64{7, 7, 7}, 10, []float64{6.5, 7.5}},
		{nil, 10, nil},
	} {
		if got := density.Edges(c.values, 1, c.most); !slices.Equal(got, c.want) {
			t.Errorf("Edges(%v, %d) = %v, want %v", c.values, c.most, got, c.want)
		}
	}
}

func TestHistogramCountsEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e300, 1e300), 1, 60).Draw(t, "values")
		most := rapid.IntRange(1, 20).Draw(t, "most")
		step := 0.0
		if rapid.Bool().Draw(t, "whole") {
			step = 1
			for i := range values {
				values[i] = math.Trunc(math.Mod(values[i], 1e6))
			}
		}
		slices.Sort(values)
		edges := density.Edges(values, step, most)
		if len(edges) < 2 || len(edges)-1 > most || !slices.IsSorted(edges) || edges[0] > values[0] || edges[len(edges)-1] < values[len(values)-1] {
			t.Fatalf("edges %v of %v", edges, values)
		}
		sum := int64(0)
		for _, c := range density.Histogram(values, edges) {
			sum += c
		}
		if sum != int64(len(values)) {
			t.Fatalf("%d values counted, want %d", sum, len(values))
		}
		if _, y := density.Curve(values, 16); slices.ContainsFunc(y, func(v float64) bool { return math.IsNaN(v) || v < 0 }) {
			t.Fatalf("density %v", y)
		}
	})
}

func TestStep(t *testing.T) {
	repeat := func(values ...float64) []float64 {
		var out []float64
		for _, v := range values {
			out = append(out, slices.Repeat([]float64{v}, 12)...)
		}
		return out
	}
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{repeat(0, 1.15, 2.3, 4.6), 1.15},
		{repeat(0, 1, 1.5, 2.7), 0},
		{repeat(0, 1, 1000), 0},
		{[]float64{1, 2, 3}, 0},
		{repeat(5), 0},
		{repeat(0, math.MaxFloat64), 0},
		{nil, 0},
	} {
		if got := density.Step(c.values); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("Step(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestGrid(t *testing.T) {
	nan := math.NaN()
	x := []float64{0, 0, 1, 2, nan, 2}
	y := []float64{0, 0, 1, 2, 1, nan}
	g := density.NewGrid(x, y, 2, 2, []int32{1, 1, 0, 0, 0, 0}, 2)
	if !slices.Equal(g.Counts, []int64{2, 0, 0, 2}) || !slices.Equal(g.Classes, []int32{1, -1, -1, 0}) || g.Outside != 0 {
		t.Errorf("%+v", g)
	}
	if g := density.NewGrid(nil, nil, 2, 2, nil, 0); len(g.Counts) != 4 || g.Classes != nil {
		t.Errorf("of nothing: %+v", g)
	}
	if g := density.NewGrid(x, y, 2, 2, []int32{-1, -1, -1, -1, -1, -1}, 0); g.Classes != nil {
		t.Errorf("without classes: %v", g.Classes)
	}
	huge := []float64{-math.MaxFloat64, 0, math.MaxFloat64}
	if g := density.NewGrid(huge, huge, 3, 3, nil, 0); !slices.Equal(g.Counts, []int64{1, 0, 0, 0, 1, 0, 0, 0, 1}) {
		t.Errorf("the whole range: %v", g.Counts)
	}
	var a, b []float64
	for i := range 1000 {
		a, b = append(a, float64(i%10)), append(b, float64(i))
	}
	if g := density.NewGrid(a, b, 15, 10, nil, 0); g.Columns != 10 || g.X0 != -0.5 || g.X1 != 9.5 || g.Rows != 10 || g.Counts[0] != 10 {
		t.Errorf("a column for each of ten values: %d columns from %v to %v", g.Columns, g.X0, g.X1)
	}
	a[3] = 1e6
	if g := density.NewGrid(a, b, 10, 10, nil, 0); g.X1 != 9.5 || g.Outside != 1 {
		t.Errorf("one extreme: range to %v, %d outside", g.X1, g.Outside)
	}
}
