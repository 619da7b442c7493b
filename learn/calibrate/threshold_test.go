package calibrate_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/calibrate"
)

// TestThreshold is as good as the best of a thousand thresholds.
func TestThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		y := &learn.Target{Task: learn.Classification, Classes: []string{"no", "yes"}, Labels: make([]int32, n)}
		p := make([]float64, 2*n)
		for i := range n {
			y.Labels[i] = int32(rapid.IntRange(0, 1).Draw(t, "y"))
			p[2*i+1] = float64(rapid.IntRange(0, 20).Draw(t, "p")) / 20
		}
		y.Labels[0], y.Labels[1] = 0, 1
		metric := rapid.SampledFrom([]string{"accuracy", "f1", "youden", "cost"}).Draw(t, "metric")
		c := calibrate.ThresholdParams{Metric: metric, FalsePositive: 1, FalseNegative: rapid.Float64Range(0.1, 10).Draw(t, "cost")}
		at, value, err := c.Threshold(y, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		measure := func(at float64) float64 {
			var tp, fp, fn, tn float64
			for i, l := range y.Labels {
				switch said := p[2*i+1] >= at; {
				case said && l == 1:
					tp++
				case said:
					fp++
				case l == 1:
					fn++
				default:
					tn++
				}
			}
			switch metric {
			case "accuracy":
				return (tp + tn) / float64(n)
			case "f1":
				return 2 * tp / (2*tp + fp + fn)
			case "youden":
				return tp/(tp+fn) + tn/(fp+tn) - 1
			}
			return -(fp + c.FalseNegative*fn) / float64(n)
		}
		if metric == "cost" {
			value = -value
		}
		if got := measure(at); !(at > 0 && at < 1) || math.Abs(got-value) > 1e-9 {
			t.Fatalf("%s at %v is said to be %v, and is %v", metric, at, value, got)
		}
		for k := 1; k < 1000; k++ {
			if other := measure(float64(k) / 1000); other > value+1e-9 {
				t.Fatalf("%s at %v is %v, at the threshold %v it is %v", metric, float64(k)/1000, other, at, value)
			}
		}
	})
}
