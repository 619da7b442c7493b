package metrics_test

import (
	"fmt"

	"github.com/runnel-dev/runnel/learn/metrics"
)

func ExampleClassification() {
	truth := []int32{0, 1, 1, 0}
	probabilities := []float64{0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.7, 0.3}
	r, err := metrics.Classification(truth, probabilities, []string{"stays", "leaves"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Metrics["accuracy"], r.Metrics["roc_auc"], r.Confusion)
	// Output: 0.75 1 [[2 0] [1 1]]
}

func ExampleRegression() {
	r, err := metrics.Regression([]float64{1, 2, 3}, []float64{1, 2, 4}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f %.2f\n", r.Metrics["r2"], r.Metrics["rmse"])
	// Output: 0.50 0.58
}
