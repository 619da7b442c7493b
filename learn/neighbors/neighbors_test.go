package neighbors

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/distance"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConformance(t *testing.T) {
	for _, n := range []Neighbors{{}, {K: 7, Weights: "distance"}} {
		learntest.Estimator(t, func() learn.Estimator { return n }, learntest.Config{Restore: FromState, RowOrder: true})
	}
}

func TestScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		K                          int
		Weights                    string
		X, More                    [][]float64
		Labels                     []int32
		Values                     []float64
		Probabilities, Predictions []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		x := &learn.Matrix{Names: make([]string, len(c.X)), Columns: c.X, Rows: len(c.X[0])}
		more := &learn.Matrix{Names: x.Names, Columns: c.More, Rows: len(c.More[0])}
		for want, y := range map[*[]float64]*learn.Target{
			&c.Probabilities: {Task: learn.Classification, Labels: c.Labels, Classes: []string{"a", "b", "c"}},
			&c.Predictions:   {Task: learn.Regression, Values: c.Values},
		} {
			m, err := Neighbors{K: c.K, Weights: c.Weights}.Fit(t.Context(), x, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range m.Predict(more) {
				if math.Abs(got-(*want)[i]) > 1e-9 {
					t.Fatalf("k %d, %s, %s: value %d is %v, want %v", c.K, c.Weights, y.Task, i, got, (*want)[i])
				}
			}
		}
	}
}

// A tree, and blocks of distances, find what sorting all rows by distance finds,
// of rows that are as far the first.
func TestSearch(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows, features := rapid.IntRange(1, 200).Draw(r, "rows"), rapid.IntRange(1, 4).Draw(r, "features")
		m := &Model{k: rapid.IntRange(1, 12).Draw(r, "k"), features: features, rows: make([]float64, rows*features)}
		top := rapid.SampledFrom([]int{1, 3, 1000}).Draw(r, "values")
		for i := range m.rows {
			m.rows[i] = float64(rapid.IntRange(0, top).Draw(r, "value")) / 7
		}
		x := &learn.Matrix{Columns: make([][]float64, features), Rows: rapid.IntRange(1, 150).Draw(r, "queries")}
		for j := range x.Columns {
			for range x.Rows {
				x.Columns[j] = append(x.Columns[j], float64(rapid.IntRange(0, top).Draw(r, "value"))/7)
			}
		}
		for _, tree := range []bool{false, true} {
			m.tree, m.tiles = nil, distance.Tiles(m.rows, features, 1, nil)
			if tree {
				m.tree = newTree(m.rows, features)
			}
			f := m.finder()
			n := min(x.Rows, distance.Wide)
			f.find(x, 0, n)
			for i := range n {
				away := make([]float64, rows)
				order := make([]int32, rows)
				for q := range rows {
					order[q] = int32(q)
					for j, col := range x.Columns {
						d := col[i] - m.rows[q*features+j]
						away[q] += float64(d * d)
					}
				}
				slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(away[a], away[b]) })
				if want := order[:min(m.k, rows)]; !slices.Equal(f.lists[i].rows, want) {
					r.Fatalf("tree %v: the nearest of row %d are %v, want %v", tree, i, f.lists[i].rows, want)
				}
			}
		}
	})
}

// What is at no finite distance from any row has no neighbours, and no answer.
func TestNoNeighbours(t *testing.T) {
	for _, rows := range []int{20, 2000} { // without a tree and with one
		x := &learn.Matrix{Names: []string{"a", "b"}, Columns: make([][]float64, 2), Rows: rows}
		values := &learn.Target{Task: learn.Regression}
		classes := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}}
		for i := range rows {
			x.Columns[0], x.Columns[1] = append(x.Columns[0], float64(i)), append(x.Columns[1], float64(i%7))
			values.Values, classes.Labels = append(values.Values, 100+float64(i%101)), append(classes.Labels, int32(i%2))
		}
		far := &learn.Matrix{Names: x.Names, Columns: [][]float64{{math.Inf(1), 1e200, -1e155, math.NaN(), 3}, {0, 0, 0, 0, 3}}, Rows: 5}
		for _, weights := range []string{"uniform", "distance"} {
			for _, y := range []*learn.Target{values, classes} {
				m, err := Neighbors{K: 3, Weights: weights}.Fit(t.Context(), x, y, nil)
				if err != nil {
					t.Fatal(err)
				}
				out, n := m.Predict(far), m.Outputs()
				for i, v := range out {
					if answer := i/n == 4; (v == v) != answer {
						t.Errorf("%d rows, %s, %s: value %d of row %d is %v", rows, weights, y.Task, i%n, i/n, v)
					}
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	x := &learn.Matrix{Names: []string{"age"}, Columns: [][]float64{{1, 2}}, Rows: 2}
	gap := &learn.Matrix{Names: x.Names, Columns: [][]float64{{math.NaN(), 1, math.NaN()}}, Rows: 3}
	for want, weights := range map[string][]float64{`feature "age" is missing in row 2: impute first`: {0, 1, 1}, `feature "age" is missing in row 0`: {1, 0, 0}} {
		if _, err := (Neighbors{}).Fit(t.Context(), gap, &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3}}, &learn.Options{Weights: weights}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	y := &learn.Target{Task: learn.Regression, Values: []float64{1, 2}}
	for want, n := range map[string]Neighbors{"k is -1": {K: -1}, `weights is "near"`: {Weights: "near"}} {
		if _, err := n.Fit(t.Context(), x, y, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	long := make([]float64, Most/100+1)
	wide := &learn.Matrix{Names: make([]string, 100), Columns: make([][]float64, 100), Rows: len(long)}
	for j := range wide.Columns {
		wide.Columns[j] = long
	}
	if _, err := (Neighbors{}).Fit(t.Context(), wide, &learn.Target{Task: learn.Regression, Values: long}, nil); err == nil || !strings.Contains(err.Error(), "a model keeps all") {
		t.Errorf("error %v, want one of too many rows", err)
	}
}

// A state that is restored predicts, and is the same state again.
func FuzzFromState(f *testing.F) {
	f.Add("classification", "uniform", 5.0, 3.0, 4, 2, []byte{0, 1, 2, 0})
	f.Add("regression", "distance", 2.0, 1.0, 2, 1, []byte{7, 9})
	f.Add("regression", "uniform", -1.0, 1.5, 1, 0, []byte{})
	f.Fuzz(func(t *testing.T, task, weights string, k, outputs float64, rows, features int, data []byte) {
		labels, values := make([]int32, len(data)), make([]float64, len(data))
		for i, b := range data {
			labels[i], values[i] = int32(b)-1, float64(b)
		}
		s := learn.State{Kind: Kind, Params: map[string]any{"task": task, "weights": weights, "k": k, "outputs": outputs}, Tensors: map[string]learn.Tensor{
			"rows":   {Shape: []int{rows, features}, Data: make([]float64, max(0, min(256, rows*features)))},
			"labels": {Shape: []int{rows}, Data: labels},
			"values": {Shape: []int{rows}, Data: values},
		}}
		m, err := FromState(s)
		if err != nil {
			return
		}
		x := &learn.Matrix{Names: make([]string, features), Columns: make([][]float64, features), Rows: 1}
		for j := range x.Columns {
			x.Columns[j] = []float64{1}
		}
		if p := m.Predict(x); len(p) != m.Outputs() {
			t.Fatalf("%d values, want %d", len(p), m.Outputs())
		}
		if _, err := FromState(m.State()); err != nil {
			t.Fatal(err)
		}
	})
}
