package neural

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// Scores are those of the predictions, and gradients what differences show.
func TestModelGradients(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		task := learn.Classification
		if classes == 0 {
			task = learn.Regression
		}
		x, y := learntest.Data(task, 130, 60)
		for i := range y.Labels {
			y.Labels[i] = min(y.Labels[i], int32(classes)-1)
		}
		n := New()
		n.Hidden, n.Activation, n.Epochs, n.Batch = []int{12, 7}, tanh, 10, 20
		fitted, err := n.Fit(t.Context(), x, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := fitted.(*Model)
		scores, gradients := m.Gradients(x)
		p, outputs := m.Predict(x), m.Scores()
		for i := range x.Rows {
			var got, want float64
			switch classes {
			case 0:
				got, want = scores[i], p[i]
			case 2:
				got, want = scores[i], math.Log(p[3*i+1]/p[3*i])
			case 3:
				got, want = scores[3*i+2]-scores[3*i], math.Log(p[3*i+2]/p[3*i])
			}
			if math.Abs(got-want) > 1e-4 {
				t.Errorf("%d classes, row %d: the score is %v, want %v", classes, i, got, want)
			}
		}
		const h = 1e-2
		for j := range x.Columns {
			moved := func(by float64) []float64 {
				other := x.Take(rowsTo(x.Rows))
				for i := range other.Columns[j] {
					other.Columns[j][i] += by
				}
				s, _ := m.Gradients(other)
				return s
			}
			above, below := moved(h), moved(-h)
			for i := range x.Rows * outputs {
				d := (above[i] - below[i]) / (2 * h)
				if got := gradients[i*len(x.Columns)+j]; math.Abs(got-d) > 2e-3*(1+math.Abs(d)) {
					t.Fatalf("%d classes, score %d by feature %d: %v, and by difference %v", classes, i, j, got, d)
				}
			}
		}
	}
}

func rowsTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
