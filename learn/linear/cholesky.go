package linear

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/vector"
)

// A factor is the pivoted Cholesky factorisation of a symmetric, positive
// semi-definite matrix A of which S A S has a unit diagonal:
// P S A S P' = L L', with L of rank columns (Higham, Accuracy and Stability of
// Numerical Algorithms, 10.3). What is left when the largest pivot falls below
// the tolerance is taken for rounding.
type factor struct {
	scale []float64   // S's diagonal
	order []int       // row i of L belongs to variable order[i]
	l     [][]float64 // rows of L, at most rank long
	rank  int
	least float64 // the smallest pivot; 0 where rank < n
	inner *factor // of L'L where rank < n
}

// factorise factors A, row-major, which it leaves as it is. A variable whose
// diagonal is 0 is taken to be absent.
func factorise(ctx context.Context, a []float64, n, threads int, tolerance float64) (*factor, error) {
	f := &factor{scale: make([]float64, n), order: make([]int, n), l: make([][]float64, n)}
	left := make([]float64, n) // what is left of the diagonal
	room := make([]float64, n*n)
	for i := range n {
		f.order[i] = i
		f.l[i] = room[i*n : i*n : (i+1)*n]
		if v := a[i*n+i]; v > 0 {
			f.scale[i], left[i] = 1/math.Sqrt(v), 1
		}
	}
	for j := range n {
		pivot := j
		for i := j + 1; i < n; i++ {
			if left[i] > left[pivot] {
				pivot = i
			}
		}
		if !(left[pivot] > tolerance) {
			break
		}
		f.order[j], f.order[pivot] = f.order[pivot], f.order[j]
		f.l[j], f.l[pivot] = f.l[pivot], f.l[j]
		left[j], left[pivot] = left[pivot], left[j]

		f.least = left[j]
		diagonal := math.Sqrt(left[j])
		rowJ, column, s := f.l[j], a[f.order[j]*n:][:n], f.scale[f.order[j]]/diagonal
		below := func(i int) {
			o := f.order[i]
			v := float64(column[o]*f.scale[o]*s) - vector.Inner(f.l[i], rowJ)/diagonal
			f.l[i] = append(f.l[i], v)
			left[i] -= float64(v * v)
		}
		const run = 64
		runs, spread := (n-j-1+run-1)/run, 1
		if j*(n-j) > 1<<16 { // worth a thread's start
			spread = threads
		}
		err := parallel.Each(ctx, spread, runs, func(_, r int) {
			for i := j + 1 + r*run; i < min(j+1+(r+1)*run, n); i++ {
				below(i)
			}
		})
		if err != nil {
			return nil, err
		}
		f.l[j] = append(f.l[j], diagonal)
		f.rank++
	}
	if f.rank == n || f.rank == 0 {
		return f, nil
	}
	f.least = 0
	// L'L, for the solution of least norm.
	r := f.rank
	m := make([]float64, r*r)
	for _, row := range f.l {
		for j, v := range row {
			vector.Add(m[j*r:][:len(row)], v, row)
		}
	}
	var err error
	f.inner, err = factorise(ctx, m, r, threads, 0)
	return f, err
}

// solve returns x with A x = b; where A is singular, of all x that are nearest
// the one of which S^-1 x has the least norm.
func (f *factor) solve(b []float64) []float64 {
	n, r := len(b), f.rank
	c := make([]float64, r)
	for i := range c { // L11 c = b1
		o := f.order[i]
		c[i] = (float64(b[o]*f.scale[o]) - vector.Inner(f.l[i][:i], c)) / f.l[i][i]
	}
	x := make([]float64, n)
	if f.inner != nil { // x = L (L'L)^-1 c, since L L' is the matrix and L' x = c
		for i, v := range f.inner.solve(c) {
			c[i] = v
		}
		for i, row := range f.l {
			o := f.order[i]
			x[o] = vector.Inner(row, c[:len(row)]) * f.scale[o]
		}
		return x
	}
	for i := r - 1; i >= 0; i-- { // L' x = c
		c[i] /= f.l[i][i]
		vector.Add(c[:i], -c[i], f.l[i][:i])
	}
	for i, v := range c {
		o := f.order[i]
		x[o] = v * f.scale[o]
	}
	return x
}

// null returns x with A x = 0 for the i-th of the variables that depend on others,
// n - rank of them.
func (f *factor) null(i int) []float64 {
	row := f.l[f.rank+i]
	x, c := make([]float64, len(f.l)), make([]float64, f.rank)
	for k, v := range row {
		c[k] = -v
	}
	for k := f.rank - 1; k >= 0; k-- { // L11' c = -row
		c[k] /= f.l[k][k]
		vector.Add(c[:k], -c[k], f.l[k][:k])
	}
	for k, v := range c {
		x[f.order[k]] = v * f.scale[f.order[k]]
	}
	x[f.order[f.rank+i]] = f.scale[f.order[f.rank+i]]
	return x
}
