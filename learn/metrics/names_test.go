package metrics

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestRange has no report with a metric out of its range, the worst of models
// included, and every range that has ends met by one.
func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, n := rapid.IntRange(1, 40).Draw(t, "rows"), rapid.IntRange(2, 4).Draw(t, "classes")
		labels, classes := make([]int32, rows), make([]string, n)
		for k := range classes {
			classes[k] = fmt.Sprint(k)
		}
		probabilities := make([]float64, rows*n)
		values, predicted := make([]float64, rows), make([]float64, rows)
		for i := range labels {
			labels[i] = int32(rapid.IntRange(0, n-1).Draw(t, "label"))
			sure := rapid.Float64Range(0, 1).Draw(t, "sure")
			if rapid.Bool().Draw(t, "certain") {
				sure = 1
			}
			said := rapid.IntRange(0, n-1).Draw(t, "said")
			for k := range n {
				probabilities[i*n+k] = (1 - sure) / float64(n-1)
			}
			probabilities[i*n+said] = sure
			values[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "value")
			predicted[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "predicted")
		}
		of, err := Classification(labels, probabilities, classes, nil)
		if err != nil {
			t.Fatal(err)
		}
		numbers, err := Regression(values, predicted, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*Report{of, numbers} {
			for name, v := range r.Metrics {
				if least, greatest := Range(name); v < least-1e-9 || v > greatest+1e-9 {
					t.Errorf("%s is %v, and its range %v to %v", name, v, least, greatest)
				}
			}
		}
	})
	worst, err := Classification([]int32{0, 1, 2}, []float64{0, 1, 0, 0, 0, 1, 1, 0, 0}, []string{"a", "b", "c"}, nil)
	if err != nil || worst.Metrics["brier"] != 2 || worst.Metrics["accuracy"] != 0 {
		t.Errorf("%+v, %v", worst, err)
	}
	if least, greatest := Range("acuracy"); !math.IsInf(least, -1) || !math.IsInf(greatest, 1) {
		t.Errorf("what is no metric is between %v and %v", least, greatest)
	}
}
