package decompose

import (
	"cmp"
	"errors"
	"math"

	"github.com/runnel-dev/runnel/internal/sorting"
)

// eigen finds the eigenvalues of a symmetric matrix, descending, and their unit
// vectors: vectors[k] is that of values[k]. It is the cyclic Jacobi method
// (Golub and Van Loan, Matrix Computations, section 8.5), whose every operation
// is written out, so that its bits are those of every processor. It overwrites a.
func eigen(a [][]float64) (values []float64, vectors [][]float64, err error) {
	n := len(a)
	largest := 0.0
	for _, row := range a {
		for _, x := range row {
			largest = max(largest, math.Abs(x)) // NaN stays
		}
	}
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return nil, nil, errors.New("it holds values that are no numbers, or infinite")
	}
	_, exponent := math.Frexp(largest)
	scale(a, -exponent)       // so that squares neither overflow nor vanish
	v := make([][]float64, n) // rows are the vectors
	for i := range v {
		v[i] = make([]float64, n)
		v[i][i] = 1
	}
	for sweep := 0; ; sweep++ {
		off, all := 0.0, 0.0
		for i := range n {
			for j := range n {
				all += float64(a[i][j] * a[i][j])
				if j != i {
					off += float64(a[i][j] * a[i][j])
				}
			}
		}
		if off <= 1e-32*all {
			break
		}
		if sweep == 60 { // it converges quadratically: ten are plenty
			return nil, nil, errors.New("its eigenvectors do not converge")
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, p, q)
			}
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	for _, i := range order {
		values = append(values, math.Ldexp(a[i][i], exponent))
		vectors = append(vectors, v[i])
	}
	return values, vectors, nil
}

// scale multiplies by a power of two, which is exact.
func scale(a [][]float64, exponent int) {
	for _, row := range a {
		for j, x := range row {
			row[j] = math.Ldexp(x, exponent)
		}
	}
}

// rotate makes a[p][q] zero.
func rotate(a, v [][]float64, p, q int) {
	apq := a[p][q]
	if apq == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * apq)
	t := 1 / (math.Abs(theta) + math.Sqrt(1+float64(theta*theta)))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(1+float64(t*t))
	s := t * c
	for k := range a {
		akp, akq := a[k][p], a[k][q]
		a[k][p] = float64(c*akp) - float64(s*akq)
		a[k][q] = float64(s*akp) + float64(c*akq)
	}
	turn(a[p], a[q], c, s)
	a[p][q], a[q][p] = 0, 0
	turn(v[p], v[q], c, s)
}

func turn(x, y []float64, c, s float64) {
	for k, xk := range x {
		yk := y[k]
		x[k] = float64(c*xk) - float64(s*yk)
		y[k] = float64(s*xk) + float64(c*yk)
	}
}
