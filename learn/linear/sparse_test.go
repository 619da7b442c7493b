package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/vector"
)

// Whatever the matrix, its rank included, the minimum meets the conditions of one.
func TestQuadratic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, rank := rapid.IntRange(1, 12).Draw(t, "n"), rapid.IntRange(1, 12).Draw(t, "rank")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		x := make([][]float64, n)
		normal := func(n int) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = r.NormFloat64()
			}
			return out
		}
		for i := range x {
			x[i] = normal(rank)
			if i > 0 && r.IntN(6) == 0 {
				copy(x[i], x[i-1])
			}
		}
		y := normal(rank)
		q := quadratic{a: make([]float64, n*n), lasso: make([]float64, n), threads: 1}
		b := make([]float64, n)
		for i := range n {
			for j := range n {
				q.a[i*n+j] = vector.Inner(x[i], x[j])
			}
			b[i] = vector.Inner(x[i], y)
			if r.IntN(4) > 0 {
				q.lasso[i] = r.Float64()
			}
		}
		u, left := make([]float64, n), append([]float64(nil), b...)
		if _, err := q.minimise(t.Context(), u, left, 1e-12, 100_000); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			pull := b[i] - vector.Inner(q.a[i*n:(i+1)*n], u)
			off := math.Abs(pull - q.lasso[i]*sign(u[i]))
			if u[i] == 0 {
				off = max(0, math.Abs(pull)-q.lasso[i])
			}
			if !(off < 1e-7) {
				t.Errorf("coefficient %d, %v, is pulled at with %v, and holds against %v", i, u[i], pull, q.lasso[i])
			}
		}
	})
}

// Of more features than are taken at once, the solution is that of all of them,
// and as many rows as it has features that matter find those.
func TestManyFeatures(t *testing.T) {
	const rows, features = 150, atOnce + 300
	r := rand.New(rand.NewPCG(3, 0))
	x := &learn.Matrix{Rows: rows}
	value := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	class := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
	for j := range features {
		column := make([]float64, rows)
		for i := range column {
			column[i] = r.NormFloat64()
			if j < 5 {
				value.Values[i] += float64(j+1) * column[i]
			}
		}
		x.Names, x.Columns = append(x.Names, fmt.Sprint(j)), append(x.Columns, column)
	}
	for i, v := range value.Values {
		class.Labels[i] = int32(min(2, max(0, (v+12)/8)))
	}
	lasso := NewLasso()
	lasso.Alpha, lasso.Tolerance = 0.5, 1e-12
	m := mustFit(t, lasso, x, value)
	w := m.row(0)
	for j, v := range w {
		if pull := pullOf(x, residuals(m, x, value), j) / rows; !holds(v, pull, 0.5, 1e-6) {
			t.Errorf("lasso: coefficient %d, %v, is pulled at with %v", j, v, pull)
		}
		if (v != 0) != (j < 5) {
			t.Errorf("lasso: coefficient %d is %v", j, v)
		}
	}
	sparse := NewLogistic()
	sparse.L1Ratio, sparse.C, sparse.Tolerance = 1, 0.1, 1e-9
	m = mustFit(t, sparse, x, class)
	holdsSparse(t, m, x, class, 10)
}

// holdsSparse checks the conditions of the optimum of a logistic regression.
func holdsSparse(t *testing.T, m *Model, x *learn.Matrix, y *learn.Target, penalty float64) {
	t.Helper()
	p := m.Predict(x)
	for k, class := range m.seen {
		left := make([]float64, x.Rows)
		for i, l := range y.Labels {
			left[i] = -p[i*m.classes+int(class)]
			if l == class {
				left[i]++
			}
		}
		for j, v := range m.row(k) {
			if pull := pullOf(x, left, j); !holds(v, pull, penalty, 1e-4) {
				t.Errorf("coefficient %d of class %d, %v, is pulled at with %v", j, class, v, pull)
			}
		}
	}
}

// Of many classes, whose scores' second derivatives are bounded one by one, the
// optimum is the same.
func TestManyClasses(t *testing.T) {
	const rows, features, classes = 160, 38, 40
	if (features+1)*classes <= fullSecond {
		t.Fatal("these are few")
	}
	r := rand.New(rand.NewPCG(4, 0))
	x := &learn.Matrix{Names: make([]string, features), Columns: make([][]float64, features), Rows: rows}
	y := &learn.Target{Task: learn.Classification, Classes: make([]string, classes), Labels: make([]int32, rows)}
	for j := range x.Columns {
		x.Columns[j] = make([]float64, rows)
	}
	for i := range rows {
		y.Labels[i] = int32(r.IntN(classes))
		for j := range x.Columns {
			x.Columns[j][i] = r.NormFloat64() + 2*math.Sin(float64(int(y.Labels[i])*(j+1)))
		}
	}
	p := NewLogistic()
	p.L1Ratio, p.C, p.Tolerance = 1, 0.2, 1e-6
	holdsSparse(t, mustFit(t, p, x, y), x, y, 5)
}

// holds says that a coefficient stays as it is where the loss pulls at it so hard.
func holds(v, pull, penalty, tolerance float64) bool {
	if v == 0 {
		return math.Abs(pull) <= penalty+tolerance
	}
	return math.Abs(pull-penalty*sign(v)) <= tolerance
}

func pullOf(x *learn.Matrix, left []float64, j int) float64 { return vector.Inner(x.Columns[j], left) }

func residuals(m *Model, x *learn.Matrix, y *learn.Target) []float64 {
	out := m.Predict(x)
	for i, v := range y.Values {
		out[i] = v - out[i]
	}
	return out
}

func mustFit(t *testing.T, e learn.Estimator, x *learn.Matrix, y *learn.Target) *Model {
	t.Helper()
	m, err := e.Fit(t.Context(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, steps := m.(*Model).Converged(); !ok {
		t.Errorf("%T has not converged after %d steps", e, steps)
	}
	return m.(*Model)
}

// With hardly any penalty, and features close to dependent, the steps are Newton's:
// few lead to where there is none.
func TestWeakPenalty(t *testing.T) {
	const rows, features = 4000, 30
	r := rand.New(rand.NewPCG(1, 0))
	x := &learn.Matrix{Rows: rows}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b"}, Labels: make([]int32, rows)}
	base, score := make([]float64, rows), make([]float64, rows)
	for i := range base {
		base[i] = r.NormFloat64()
	}
	for j := range features {
		column := make([]float64, rows)
		for i := range column {
			column[i] = base[i] + 0.001*r.NormFloat64()
			score[i] += column[i] * math.Sin(float64(j))
		}
		x.Names, x.Columns = append(x.Names, string(rune('a'+j))), append(x.Columns, column)
	}
	for i, s := range score {
		if s+0.04*r.NormFloat64() > 0 {
			y.Labels[i] = 1
		}
	}
	fit := func(l1 float64) *Model {
		p := NewLogistic()
		p.C, p.L1Ratio, p.Tolerance = 1e12, l1, 1e-6
		m, err := p.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m.(*Model)
	}
	want := fit(0).Coefficients()[0]
	for _, l1 := range []float64{0.5, 1} {
		m := fit(l1)
		if ok, steps := m.Converged(); !ok || steps > 25 {
			t.Errorf("share %v: converged %v after %d steps", l1, ok, steps)
		}
		near(t, "coefficient", m.Coefficients()[0], want, 1e-3)
	}
}
