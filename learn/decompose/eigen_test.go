package decompose

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Every vector is turned by the matrix into itself times its value, the vectors
// are orthogonal units, and the values come in order.
func TestEigen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		a, work := make([][]float64, n), make([][]float64, n)
		for i := range a {
			a[i], work[i] = make([]float64, n), make([]float64, n)
		}
		norm := 1e-300
		for i := range n {
			for j := i; j < n; j++ {
				v := rapid.SampledFrom([]float64{0, 1, -1, 0.5, 1e-9, 3}).Draw(t, "v") * rapid.Float64Range(0, 1).Draw(t, "w")
				a[i][j], a[j][i], work[i][j], work[j][i] = v, v, v, v
				norm = max(norm, math.Abs(v)*float64(n))
			}
		}
		values, vectors, err := eigen(work)
		if err != nil {
			t.Fatal(err)
		}
		symmetric := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				symmetric.SetSym(i, j, a[i][j])
			}
		}
		var peer mat.EigenSym // LAPACK's dsyev, by gonum
		if !peer.Factorize(symmetric, false) {
			t.Fatal("gonum finds no eigenvalues")
		}
		for k, want := range peer.Values(nil) { // in ascending order
			if got := values[n-1-k]; math.Abs(got-want) > 1e-13*norm {
				t.Errorf("value %d is %v, gonum's %v", n-1-k, got, want)
			}
		}
		for k, v := range vectors {
			if k > 0 && values[k] > values[k-1] {
				t.Errorf("value %d, %v, is above the one before it, %v", k, values[k], values[k-1])
			}
			for i := range n {
				if got, want := dot(a[i], v), values[k]*v[i]; math.Abs(got-want) > 1e-13*norm {
					t.Errorf("vector %d, row %d: %v, want %v", k, i, got, want)
				}
			}
			for l := range k + 1 {
				want := 0.0
				if l == k {
					want = 1
				}
				if got := dot(v, vectors[l]); math.Abs(got-want) > 1e-13 {
					t.Errorf("vectors %d and %d have the product %v", k, l, got)
				}
			}
		}
	})
	if _, _, err := eigen([][]float64{{math.Inf(1)}}); err == nil {
		t.Error("an infinite matrix has eigenvectors")
	}
}
