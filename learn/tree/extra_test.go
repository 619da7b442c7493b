package tree

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/bins"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/splitmix"
)

func TestExtraTreesConform(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator {
		e := NewExtraTrees()
		e.Estimators = 20
		return e
	}, learntest.Config{Missing: true, Restore: FromState, RowOrder: true, Copies: true})
}

func TestExtraTreesHaveANameOfTheirOwn(t *testing.T) {
	x, y := learntest.Data(learn.Regression, 50, 1)
	e := NewExtraTrees()
	e.Estimators = 3
	m, err := e.Fit(t.Context(), x, y, nil)
	if err != nil || m.State().Kind != KindExtra {
		t.Errorf("kind %q, %v", m.State().Kind, err)
	}
	e.MaxBins = 1
	if _, err := e.Fit(t.Context(), x, y, nil); err == nil || !strings.HasPrefix(err.Error(), "extra trees: max_bins is 1") {
		t.Errorf("the error is %v", err)
	}
}

// A cut falls between two neighbours as often as their distance says.
func TestCutsAreUniform(t *testing.T) {
	values := []float64{-3, -2.5, 0, 1, 7}
	x := &learn.Matrix{Names: []string{"x"}, Columns: [][]float64{values}, Rows: len(values)}
	data, err := bins.Cut(t.Context(), x, 255, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{newPlaces(x, data), &splitmix.Source{State: 9}}
	const draws = 100_000
	for _, span := range [][2]int{{0, 4}, {1, 3}, {3, 4}} {
		count := make([]int, len(values))
		for range draws {
			count[c.between(0, span[0], span[1])]++
		}
		for bin, n := range count {
			p := 0.0
			if bin >= span[0] && bin < span[1] {
				p = (values[bin+1] - values[bin]) / (values[span[1]] - values[span[0]])
			}
			if d := math.Abs(float64(n) - p*draws); d > 5*math.Sqrt(p*(1-p)*draws) {
				t.Errorf("of %v, bin %d is cut after %d times, want about %.0f", values[span[0]:span[1]+1], bin, n, p*draws)
			}
		}
	}
}

// Whatever cut is drawn, its gain is what it removes, and its sides are as large as
// they must be.
func TestCutsGainWhatTheySay(t *testing.T) {
	for _, classes := range []int{0, 2, 4} {
		rapid.Check(t, func(t *rapid.T) {
			data, y, weight, rows := drawProblem(t, classes)
			if len(rows) == 0 {
				return
			}
			minLeaf := rapid.IntRange(1, 3).Draw(t, "minLeaf")
			x := &learn.Matrix{Rows: data.Rows}
			for j := range data.Columns {
				col := make([]float64, data.Rows)
				for i, b := range data.Columns[j] {
					if col[i] = float64(b); b == bins.Missing {
						col[i] = math.NaN()
					}
				}
				x.Columns = append(x.Columns, col)
			}
			rng := &splitmix.Source{State: rapid.Uint64().Draw(t, "seed")}
			c := newCriterion(growing(data, y, minLeaf), &cutter{newPlaces(x, data), rng})
			c.load(weight)
			c.open(rows, sum{})
			features := make([]int32, len(data.Columns))
			for j := range features {
				features[j] = int32(j)
			}
			for range 3 { // nothing is left behind
				got := split{gain: -1}
				constant := c.search(rows, features, &got)
				for j, col := range data.Columns {
					same := !slices.ContainsFunc(rows, func(r uint32) bool { return col[r] != col[rows[0]] })
					if slices.Contains(constant, int32(j)) != same {
						t.Fatalf("feature %d is constant: %v, want %v", j, !same, same)
					}
				}
				if got.gain < 0 {
					return
				}
				var left, right []uint32
				for _, r := range rows {
					if b := data.Columns[got.feature][r]; b == bins.Missing && got.missingLeft || b != bins.Missing && b <= got.bin {
						left = append(left, r)
					} else {
						right = append(right, r)
					}
				}
				parent, total := impurity(y, weight, rows)
				l, _ := impurity(y, weight, left)
				r, _ := impurity(y, weight, right)
				if is := (parent - l - r) / total; math.Abs(got.gain*c.unit()-is) > 1e-6 || len(left) < minLeaf || len(right) < minLeaf {
					t.Fatalf("%+v with %d and %d rows removes %v and says %v", got, len(left), len(right), is, got.gain*c.unit())
				}
			}
		})
	}
}
