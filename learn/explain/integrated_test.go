package explain_test

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/neural"
)

// A polynomial's integrated gradients are known: of a*b from the middle they are
// those of the path, and all sum to the difference.
func TestIntegratedPolynomial(t *testing.T) {
	of := func(x *learn.Matrix) (scores, gradients []float64) {
		for i := range x.Rows {
			a, b, c := x.Columns[0][i], x.Columns[1][i], x.Columns[2][i]
			scores = append(scores, a*b+c*c*c, 2*c)
			gradients = append(gradients, b, a, 3*c*c, 0, 0, 2)
		}
		return scores, gradients
	}
	background := &learn.Matrix{Names: []string{"a", "b", "c"}, Columns: [][]float64{{0, 2}, {1, 3}, {-1, 3}}, Rows: 2}
	x := &learn.Matrix{Names: background.Names, Columns: [][]float64{{4, 1}, {5, 2}, {2, 1}}, Rows: 2}
	v, err := explain.Integrated(t.Context(), of, background, x, nil)
	if err != nil {
		t.Fatal(err)
	}
	// On the way from (1, 2, 1) the mean of b is (5+2)/2, of a (4+1)/2, of 3cc what c*c*c grows by, over c's.
	for i, want := range [][]float64{{3 * 3.5, 3 * 2.5, 8 - 1, 0, 0, 2}, {0, 0, 0, 0, 0, 0}} {
		for a, w := range want {
			if got := v.Added[i*6+a]; math.Abs(got-w) > 1e-12 {
				t.Errorf("row %d, value %d: %v, want %v", i, a, got, w)
			}
		}
	}
	if v.Base[0] != 3 || v.Base[1] != 2 {
		t.Errorf("base %v, want 3 and 2", v.Base)
	}
}

// Completeness (Sundararajan et al., proposition 1), a feature that nothing depends on
// adds nothing (sensitivity), and threads change no bit, for networks of every kind.
func TestIntegratedNetwork(t *testing.T) {
	for _, activation := range []string{"relu", "tanh", "gelu"} {
		for _, task := range []learn.Task{learn.Classification, learn.Regression} {
			x, y := learntest.Data(task, 200, 70)
			x.Names = append(x.Names, "constant")
			x.Columns = append(x.Columns, make([]float64, x.Rows))
			n := neural.New()
			n.Hidden, n.Activation, n.Epochs = []int{20, 10}, activation, 60
			n.Batch, n.Rate = 25, 0.01
			fitted, err := n.Fit(t.Context(), x, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := fitted.(*neural.Model)
			some := x.Take([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
			one, err := explain.Integrated(t.Context(), m.Gradients, x, some, &explain.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			more, err := explain.Integrated(t.Context(), m.Gradients, x, some, &explain.Options{Threads: 4})
			if err != nil {
				t.Fatal(err)
			}
			scores, _ := m.Gradients(some)
			for i := range some.Rows {
				for k := range one.Outputs() {
					size := 0.0
					for j, a := range one.Of(i, k) {
						size += math.Abs(a)
						if a != more.Of(i, k)[j] {
							t.Fatalf("%s, %s: value %d of row %d is %v, and %v by 4 threads", activation, task, j, i, a, more.Of(i, k)[j])
						}
					}
					if one.Of(i, k)[4] != 0 {
						t.Errorf("%s, %s: a constant feature adds %v", activation, task, one.Of(i, k)[4])
					}
					if gap := one.Margin(i, k) - scores[i*one.Outputs()+k]; math.Abs(gap) > 3e-4*size+1e-5 {
						t.Errorf("%s, %s, row %d: base and values sum to %v, and the score is %v", activation, task, i, one.Margin(i, k), scores[i*one.Outputs()+k])
					}
				}
			}
		}
	}
}

func TestIntegratedRefuses(t *testing.T) {
	of := func(*learn.Matrix) (scores, gradients []float64) { return []float64{0}, []float64{0} }
	one := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{1}}, Rows: 1}
	none := &learn.Matrix{Names: []string{"a"}, Columns: [][]float64{{math.NaN()}}, Rows: 1}
	two := &learn.Matrix{Names: []string{"a", "b"}, Columns: [][]float64{{1}, {2}}, Rows: 1}
	for name, background := range map[string]*learn.Matrix{"an empty background": none, "another background": two} {
		if _, err := explain.Integrated(t.Context(), of, background, one, nil); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}
