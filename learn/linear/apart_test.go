package linear

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// Classes that are far apart and hardly penalised leave next to no second
// derivatives: the optimum, which a penalty makes finite, is found all the same, and
// no intercepts run away together.
func TestSparseFarApart(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 3))
		rows, columns := 6+random.IntN(60), 1+random.IntN(5)
		apart, ratio := []float64{2, 5, 8, 30, 300}[seed%5], []float64{1, 0.5, 0.1}[seed%3]
		x := &learn.Matrix{Names: make([]string, columns), Rows: rows, Columns: make([][]float64, columns)}
		y := &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}}
		for i := range rows {
			class := i % 3
			y.Labels = append(y.Labels, int32(class))
			for j := range x.Columns {
				v := random.NormFloat64()
				switch j {
				case 0:
					v += float64(apart * float64(class))
				case class:
					v += apart
				}
				x.Columns[j] = append(x.Columns[j], v)
			}
		}
		m, err := Logistic{C: 1e6, L1Ratio: ratio, Tolerance: 1e-6, MaxIter: 1000}.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		model := m.(*Model)
		if converged, steps := model.Converged(); !converged {
			t.Errorf("seed %d: not converged after %d steps", seed, steps)
		}
		for _, v := range model.Intercepts() {
			if !(math.Abs(v) < 1e6) {
				t.Errorf("seed %d: the intercepts are %v", seed, model.Intercepts())
				break
			}
		}
	}
}
