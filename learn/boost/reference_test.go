package boost

import (
	"math"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// A small ensemble predicts what scikit-learn's does, whose gradients are float32.
func TestPredictsWhatScikitLearnPredicts(t *testing.T) {
	var file struct {
		X, Holes             learntest.Columns
		Value, Count, Weight []float64
		Two, Three           []int32
		Cases                []struct {
			Name, Target, Loss string
			Missing, Weighted  bool
			L2                 float64
			Depth              int
			Predicted          []float64
		}
	}
	learntest.ReadJSON(t, "testdata/fits.json", &file)
	targets := map[string]*learn.Target{
		"value": {Task: learn.Regression, Values: file.Value},
		"count": {Task: learn.Regression, Values: file.Count},
		"two":   {Task: learn.Classification, Labels: file.Two, Classes: []string{"0", "1"}},
		"three": {Task: learn.Classification, Labels: file.Three, Classes: []string{"0", "1", "2"}},
	}
	losses := map[string]string{"squared_error": "squared", "absolute_error": "absolute", "poisson": "poisson", "log_loss": "auto"}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			b := New()
			b.Loss, b.Estimators, b.MaxLeaves, b.MinLeaf, b.L2, b.MaxDepth = losses[c.Loss], 20, 8, 10, c.L2, c.Depth
			x, opts := file.X.Matrix(), &learn.Options{}
			if c.Missing {
				x = file.Holes.Matrix()
			}
			if c.Weighted {
				opts.Weights = file.Weight
			}
			m, err := b.Fit(t.Context(), x, targets[c.Target], opts)
			if err != nil {
				t.Fatal(err)
			}
			worst, wrong := 0.0, 0
			for i, p := range m.Predict(x) {
				d := math.Abs(p - c.Predicted[i])
				worst = max(worst, d)
				if d > 2e-5 {
					wrong++
				}
			}
			t.Logf("the greatest difference is %.2g", worst)
			if wrong > 0 {
				t.Errorf("%d of %d predictions differ, by up to %.3g", wrong, len(c.Predicted), worst)
			}
		})
	}
}
