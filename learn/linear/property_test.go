package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
)

// solvers are the estimators that come to an optimum which does not depend on how
// the features are laid out, with tolerances that let that be seen.
func solvers() (values, classes map[string]learn.Estimator) {
	lasso, net, plain, sparse := NewLasso(), NewElasticNet(), NewLogistic(), NewLogistic()
	lasso.Alpha, lasso.Tolerance = 0.05, 1e-13
	net.Alpha, net.Tolerance = 0.05, 1e-13
	plain.Tolerance = 1e-9
	sparse.L1Ratio, sparse.Tolerance = 0.5, 1e-9
	return map[string]learn.Estimator{"linear": LeastSquares{}, "ridge": Ridge{Alpha: 1}, "lasso": lasso, "elastic net": net},
		map[string]learn.Estimator{"logistic": plain, "logistic sparse": sparse}
}

// The features' order and scale, and columns that are others' sums, copies or constant,
// change no prediction but for the penalties', which copies share.
func TestFeaturesLaidOut(t *testing.T) {
	values, classes := solvers()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rows, features := rapid.IntRange(12, 60).Draw(t, "rows"), rapid.IntRange(2, 6).Draw(t, "features")
		columns := make([][]float64, features)
		for j := range columns {
			columns[j] = make([]float64, rows)
			for i := range columns[j] {
				columns[j][i] = r.NormFloat64()
			}
		}
		y := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
		k := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
		for i := range rows {
			y.Values[i] = columns[0][i] - 2*columns[1][i] + r.NormFloat64()
			k.Labels[i] = int32(min(2, max(0, y.Values[i]/2+1.5)))
		}
		of := func(columns [][]float64) *learn.Matrix {
			return &learn.Matrix{Names: make([]string, len(columns)), Columns: columns, Rows: rows}
		}
		order := r.Perm(features)
		shuffled := make([][]float64, features)
		for to, from := range order {
			shuffled[to] = columns[from]
		}
		constant := make([]float64, rows)
		for i := range constant {
			constant[i] = 3
		}
		with := append(slices.Clone(columns), constant)
		check := func(name string, e learn.Estimator, y *learn.Target) {
			want := predicted(t, e, of(columns), y)
			compare(t, name+", in another order", predicted(t, e, of(shuffled), y), want)
			compare(t, name+", with a constant", predicted(t, e, of(with), y), want)
		}
		for name, e := range values {
			check(name, e, y)
		}
		for name, e := range classes {
			check(name, e, k)
		}
		for _, by := range []float64{1e-150, 1e-12, 1e12, 1e150} {
			scaled := make([][]float64, features)
			for j := range scaled {
				scaled[j] = make([]float64, rows)
				for i, v := range columns[j] {
					scaled[j][i] = v * by
				}
			}
			lasso := values["lasso"].(Lasso)
			lasso.Alpha *= by
			compare(t, "linear, of another scale", predicted(t, LeastSquares{}, of(scaled), y), predicted(t, LeastSquares{}, of(columns), y))
			compare(t, "lasso, of another scale", predicted(t, lasso, of(scaled), y), predicted(t, values["lasso"], of(columns), y))
		}
		// Of least squares and of penalties on sizes, a copy takes nothing away.
		sum := make([]float64, rows)
		for i := range sum {
			sum[i] = columns[0][i] + columns[1][i]
		}
		compare(t, "linear, with a sum", predicted(t, LeastSquares{}, of(append(slices.Clone(columns), sum)), y), predicted(t, LeastSquares{}, of(columns), y))
		copied := of(append(slices.Clone(columns), columns[0]))
		for _, name := range []string{"linear", "lasso"} {
			compare(t, name+", with a copy", predicted(t, values[name], copied, y), predicted(t, values[name], of(columns), y))
		}
	})
}

func predicted(t *rapid.T, e learn.Estimator, x *learn.Matrix, y *learn.Target) []float64 {
	m, err := e.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.Predict(x)
}

func compare(t *rapid.T, what string, got, want []float64) {
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= 1e-5*max(1, math.Abs(v))) {
			t.Fatalf("%s: prediction %d is %v, want %v", what, i, got[i], v)
		}
	}
}
