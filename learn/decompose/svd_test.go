package decompose

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/vector"
)

func TestSVDScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/svd.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                      string
		Centre                    bool
		X, Components, Scores     [][]float64
		Singular, Variance, Share []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		x := &learn.Matrix{Names: make([]string, len(c.X)), Columns: c.X, Rows: len(c.X[0])}
		var first *Directions
		for _, threads := range []int{1, 3} {
			d, err := SVD{Components: len(c.Components), Rounds: 20, Centre: c.Centre}.Fit(t.Context(), x, &learn.Options{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = d
			} else if !reflect.DeepEqual(d, first) {
				t.Errorf("%s: other directions with %d threads", c.Name, threads)
			}
		}
		close := func(what string, got, want []float64) {
			t.Helper()
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= 1e-9*max(1, math.Abs(want[i]))) {
					t.Fatalf("%s, centred %v: %s %d is %v, want %v", c.Name, c.Centre, what, i, got[i], want[i])
				}
			}
		}
		close("singular value", first.Singular, c.Singular)
		close("variance", first.Variance, c.Variance)
		close("share", first.Share, c.Share)
		scores := first.Project(x)
		for k := range c.Components {
			close("component", first.Components[k], c.Components[k])
			close("score", scores[k], c.Scores[k])
		}
	}
}

// Directions are orthonormal, no more than the rows have, and as many as asked
// for they give the rows back, whatever the units.
func TestSVDProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows, features := rapid.IntRange(2, 12).Draw(r, "rows"), rapid.IntRange(1, 8).Draw(r, "features")
		unit := math.Pow(10, float64(rapid.IntRange(-140, 140).Draw(r, "unit")))
		x := &learn.Matrix{Names: make([]string, features), Columns: make([][]float64, features), Rows: rows}
		for j := range x.Columns {
			for range rows {
				x.Columns[j] = append(x.Columns[j], unit*float64(rapid.IntRange(-4, 4).Draw(r, "value")))
			}
		}
		d, err := SVD{Components: features, Centre: rapid.Bool().Draw(r, "centre")}.Fit(t.Context(), x, nil)
		if err != nil {
			r.Fatal(err)
		}
		if len(d.Components) > min(rows, features) {
			r.Fatalf("%d directions of %d rows", len(d.Components), rows)
		}
		for a, u := range d.Components {
			for b, v := range d.Components[:a+1] {
				want := 0.0
				if a == b {
					want = 1
				}
				if got := vector.Inner(u, v); math.Abs(got-want) > 1e-9 {
					r.Fatalf("directions %d and %d have the product %v", a, b, got)
				}
			}
		}
		along := d.Project(x)
		for j, col := range x.Columns {
			for i, v := range col {
				back := d.Mean[j]
				for k, c := range d.Components {
					back += along[k][i] * c[j]
				}
				if math.Abs(back-v) > 1e-9*unit {
					r.Fatalf("feature %d of row %d comes back as %v, was %v", j, i, back, v)
				}
			}
		}
	})
}

func TestSVDErrors(t *testing.T) {
	x := func(v ...float64) *learn.Matrix {
		return &learn.Matrix{Names: []string{"age"}, Columns: [][]float64{v}, Rows: len(v)}
	}
	for want, c := range map[string]struct {
		s SVD
		x *learn.Matrix
	}{
		`feature "age" is NaN in row 1`: {SVD{}, x(1, math.NaN())}, "1 rows of 1 features": {SVD{}, x(1)},
		"-1 components": {SVD{Components: -1}, x(1, 2)}, "too large to take means of": {SVD{}, x(1e200, 1)},
	} {
		if _, err := c.s.Fit(t.Context(), c.x, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// However many features there are to the directions, the rounds find what a span
// of all of them finds.
func TestSVDRounds(t *testing.T) {
	x := &learn.Matrix{Names: make([]string, 60), Columns: make([][]float64, 60), Rows: 80}
	for j := range x.Columns {
		for i := range x.Rows {
			x.Columns[j] = append(x.Columns[j], math.Pow(0.5, float64(j))*math.Sin(float64(i*i+j*j+i*j)))
		}
	}
	exact, err := SVD{Components: 2, Extra: 58}.Fit(t.Context(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, rounds := range []int{6, 40} {
		got, err := SVD{Components: 2, Extra: 2, Rounds: rounds}.Fit(t.Context(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range exact.Components {
			for j := range want {
				if math.Abs(got.Components[k][j]-want[j]) > 1e-9 {
					t.Fatalf("%d rounds: entry %d of direction %d is %v, want %v", rounds, j, k, got.Components[k][j], want[j])
				}
			}
		}
	}
}

// The directions of many rows are those that the products of their features only
// stretch, by the squares of their singular values: where all products are
// decomposed, where a span of them is, and where the rows have to tell of weak ones.
func TestSVDByProducts(t *testing.T) {
	for _, c := range []struct {
		features int
		falls    float64
	}{{20, 0.9}, {140, 0.5}, {20, 0.01}} {
		x := &learn.Matrix{Names: make([]string, c.features), Columns: make([][]float64, c.features), Rows: 300}
		for j := range x.Columns {
			for i := range x.Rows {
				x.Columns[j] = append(x.Columns[j], math.Pow(c.falls, float64(j))*math.Sin(float64(i*i+j*j+i*j)))
			}
		}
		d, err := SVD{Components: 3}.Fit(t.Context(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		along := d.Project(x)
		for k, direction := range d.Components {
			for j, col := range x.Columns {
				stretched := d.Singular[k] * d.Singular[k] * direction[j]
				if got := vector.Inner(along[k], col); math.Abs(got-stretched) > 1e-9*d.Singular[0]*d.Singular[k] {
					t.Fatalf("%+v: entry %d of direction %d becomes %v, want %v", c, j, k, got, stretched)
				}
			}
		}
	}
}
