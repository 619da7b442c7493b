package linear

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/moments"
	"github.com/runnel-dev/runnel/learn/vector"
)

// problemOf makes random, correlated features with a target, and weights with
// zeros among them where asked for.
func problemOf(rows, features int, weighted bool, seed uint64) (*design, []float64) {
	r := rand.New(rand.NewPCG(seed, 0))
	x := &learn.Matrix{Rows: rows}
	y := make([]float64, rows)
	common := make([]float64, rows)
	for i := range rows {
		common[i] = r.NormFloat64()
		y[i] = common[i] + r.NormFloat64()
	}
	for j := range features {
		column := make([]float64, rows)
		for i := range column {
			column[i] = float64(j+1)*(r.NormFloat64()+common[i]/2) - 30
		}
		x.Columns = append(x.Columns, column)
		x.Names = append(x.Names, "x")
	}
	opts := &learn.Options{Threads: 2}
	if weighted {
		for range rows {
			opts.Weights = append(opts.Weights, max(0, r.Float64()-0.1))
		}
	}
	d, err := newDesign(context.Background(), x, &learn.Target{Task: learn.Regression, Values: y}, opts, true)
	if err != nil {
		panic(err)
	}
	return d, y
}

func plainGram(d *design) []float64 {
	n := len(d.columns)
	g := make([]float64, n*n)
	for j := range n {
		for k := range n {
			for i := range d.rows {
				w := 1.0
				if d.weights != nil {
					w = d.weights[i]
				}
				g[j*n+k] += w * (d.columns[j][i] - d.center[j]) * d.inverse[j] * (d.columns[k][i] - d.center[k]) * d.inverse[k]
			}
		}
	}
	return g
}

func TestGramAsPlain(t *testing.T) {
	for _, c := range []struct {
		rows, features int
		weighted       bool
	}{{1, 1, false}, {5, 3, true}, {600, 5, false}, {1500, 33, true}, {1500, 33, false}, {700, 64, false}, {300, 70, true}} {
		d, _ := problemOf(c.rows, c.features, c.weighted, 1)
		got, err := d.gram(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		near(t, "product", got, plainGram(d), 1e-12)
	}
}

func TestPassesAsPlain(t *testing.T) {
	for _, features := range []int{1, 3, 4, 9} {
		d, y := problemOf(1100, features, true, 2)
		r := rand.New(rand.NewPCG(3, 0))
		u := make([]float64, features)
		for j := range u {
			u[j] = r.NormFloat64()
		}
		s := squares{design: d, target: y, mean: 0.25, scale: 2}
		got, rest, err := s.descent(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		want, wantRest := make([]float64, features), 0.0
		for i := range d.rows {
			e := (y[i] - 0.25) / 2
			for j := range u {
				e -= u[j] * (d.columns[j][i] - d.center[j]) * d.inverse[j]
			}
			wantRest += d.weights[i] * e * e
			for j := range u {
				want[j] += d.weights[i] * e * (d.columns[j][i] - d.center[j]) * d.inverse[j]
			}
		}
		near(t, "inner product", got, want, 1e-12)
		near(t, "rest", []float64{rest}, []float64{wantRest}, 1e-12)
	}
}

// Both ways to write the normal equations have the same solution.
func TestByRowsAsByColumns(t *testing.T) {
	for _, alpha := range []float64{0, 0.5, 100} {
		for _, weighted := range []bool{false, true} {
			d, y := problemOf(30, 50, weighted, 4)
			m := moments.Of(y, d.weights)
			s := squares{design: d, target: y, mean: m.Mean, scale: math.Sqrt(m.Squares / d.total), alpha: alpha}
			rows, err := s.byRows(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			columns, err := s.byColumns(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			near(t, "coefficient", rows, columns, 1e-8)
		}
	}
}

// Of dependent equations the solution is the one of least norm: it lies in the
// space of the matrix.
func TestFactorOfSingularMatrix(t *testing.T) {
	const n, rank = 12, 7
	r := rand.New(rand.NewPCG(5, 0))
	half := make([][]float64, n)
	for i := range half {
		half[i] = make([]float64, rank)
		norm := 0.0
		for k := range half[i] {
			half[i][k] = r.NormFloat64()
			norm += half[i][k] * half[i][k]
		}
		for k := range half[i] {
			half[i][k] /= math.Sqrt(norm)
		}
	}
	a, z, want, b := make([]float64, n*n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		z[i] = r.NormFloat64()
		for j := range n {
			a[i*n+j] = vector.Inner(half[i], half[j])
		}
	}
	for i := range n { // A z lies in the space, and is its own shortest solution of A x = A A z
		want[i] = vector.Inner(a[i*n:(i+1)*n], z)
	}
	for i := range n {
		b[i] = vector.Inner(a[i*n:(i+1)*n], want)
	}
	f, err := factorise(t.Context(), a, n, 2, tolerance)
	if err != nil {
		t.Fatal(err)
	}
	if f.rank != rank || f.least != 0 {
		t.Errorf("rank %d with a least pivot of %v, want %d with 0", f.rank, f.least, rank)
	}
	near(t, "unknown", f.solve(b), want, 1e-9)
}
