package preprocess

import (
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// Edges ascend and are finite whatever the numbers are.
func TestBinEdges(t *testing.T) {
	const most = math.MaxFloat64
	next := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }
	for _, c := range []struct {
		name   string
		values []float64
		spec   Bin
		want   []float64
	}{
		{"constant", []float64{7, 7}, Bin{}, []float64{7, 8}},
		{"constant that 1 does not move", []float64{1.7e18, 1.7e18}, Bin{}, []float64{1.7e18, next(1.7e18)}},
		{"negative", []float64{-0x1p53, -0x1p53}, Bin{Method: "width"}, []float64{-0x1p53, -0x1p53 + 1}},
		{"largest", []float64{most, most}, Bin{}, []float64{math.Nextafter(most, 0), most}},
		{"width", []float64{0, 10, 3}, Bin{Method: "width", Bins: 4}, []float64{0, 2.5, 5, 7.5, 10}},
		{"width of an infinite range", []float64{-1e308, 1e308, 0}, Bin{Method: "width", Bins: 4}, []float64{-1e308, -5e307, 0, 5e307, 1e308}},
		{"whole range", []float64{-most, most}, Bin{Method: "width", Bins: 2}, []float64{-most, 0, most}},
		{"quantiles of an infinite range", []float64{-1e308, 1e308}, Bin{Bins: 4}, []float64{-1e308, -5e307, 0, 5e307, 1e308}},
		{"few between", []float64{1e17, 1e17 + 16}, Bin{Method: "width", Bins: 3}, []float64{1e17, 1e17 + 16}},
	} {
		data, err := table.New(table.FloatColumn("x", c.values))
		if err != nil {
			t.Fatal(err)
		}
		f, err := c.spec.Fit(t.Context(), data, nil, &learn.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := f.(*binner).Columns[0].Edges; !slices.Equal(got, c.want) {
			t.Errorf("%s: edges %v, want %v", c.name, got, c.want)
		}
		out, err := f.Transform(data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.values {
			if out.Columns[1].Missing(i) {
				t.Errorf("%s: %v is in no interval", c.name, c.values[i])
			}
		}
	}
}
