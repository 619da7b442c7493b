package linear_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
)

func ExampleRidge() {
	x := &learn.Matrix{Names: []string{"rooms", "age"}, Columns: [][]float64{{1, 2, 3, 4, 5}, {30, 10, 20, 50, 40}}, Rows: 5}
	y := &learn.Target{Task: learn.Regression, Values: []float64{70, 190, 280, 350, 460}}
	m, err := linear.Ridge{Alpha: 0.1}.Fit(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range m.Predict(x) {
		fmt.Printf("%.0f ", v)
	}
	// Output: 73 190 279 350 458
}

func ExampleLogistic() {
	x := &learn.Matrix{Names: []string{"hours"}, Columns: [][]float64{{1, 2, 3, 4, 5, 6}}, Rows: 6}
	y := &learn.Target{Task: learn.Classification, Classes: []string{"failed", "passed"}, Labels: []int32{0, 0, 1, 0, 1, 1}}
	m, err := linear.NewLogistic().Fit(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := m.Predict(x)
	fmt.Printf("after 1 hour %.2f, after 6 hours %.2f\n", p[1], p[11])
	// Output: after 1 hour 0.13, after 6 hours 0.87
}
