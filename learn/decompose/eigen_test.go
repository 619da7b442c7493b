package decompose

import (
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/vector"
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
		norm, smallest := 1e-300, 1.0
		for i := range n {
			for j := i; j < n; j++ {
				v := rapid.SampledFrom([]float64{0, 1, -1, 0.5, 1e-9, 3}).Draw(t, "v") * rapid.Float64Range(0, 1).Draw(t, "w")
				a[i][j], a[j][i], work[i][j], work[j][i] = v, v, v, v
				norm = max(norm, math.Abs(v)*float64(n))
				if v != 0 {
					smallest = min(smallest, math.Abs(v))
				}
			}
		}
		values, vectors, err := eigen(work)
		if err != nil {
			t.Fatal(err)
		}
		if smallest > 1e-100 { // below, gonum 0.17 scales more of a slice than there is, and panics
			for k, want := range peerValues(t, a) {
				if got := values[k]; math.Abs(got-want) > 1e-13*norm {
					t.Errorf("value %d is %v, gonum's %v", k, got, want)
				}
			}
		}
		for k, v := range vectors {
			if k > 0 && values[k] > values[k-1] {
				t.Errorf("value %d, %v, is above the one before it, %v", k, values[k], values[k-1])
			}
			for i := range n {
				if got, want := vector.Inner(a[i], v), values[k]*v[i]; math.Abs(got-want) > 1e-13*norm {
					t.Errorf("vector %d, row %d: %v, want %v", k, i, got, want)
				}
			}
			for l := range k + 1 {
				want := 0.0
				if l == k {
					want = 1
				}
				if got := vector.Inner(v, vectors[l]); math.Abs(got-want) > 1e-13 {
					t.Errorf("vectors %d and %d have the product %v", k, l, got)
				}
			}
		}
	})
	if _, _, err := eigen([][]float64{{math.Inf(1)}}); err == nil {
		t.Error("an infinite matrix has eigenvectors")
	}
}

// peerValues are the eigenvalues by LAPACK's dsyev, as gonum has it, in descending order.
func peerValues(t *rapid.T, a [][]float64) []float64 {
	symmetric := mat.NewSymDense(len(a), nil)
	for i := range a {
		for j := i; j < len(a); j++ {
			symmetric.SetSym(i, j, a[i][j])
		}
	}
	var peer mat.EigenSym
	if !peer.Factorize(symmetric, false) {
		t.Fatal("gonum finds no eigenvalues")
	}
	values := peer.Values(nil)
	slices.Reverse(values)
	return values
}
