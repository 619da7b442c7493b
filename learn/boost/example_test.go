package boost_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
)

func ExampleBoosting() {
	x := &learn.Matrix{Names: []string{"hours"}, Columns: [][]float64{nil}}
	y := &learn.Target{Task: learn.Regression}
	for i := range 100 {
		x.Columns[0] = append(x.Columns[0], float64(i))
		y.Values = append(y.Values, float64(i/25)) // a stair of four steps
	}
	x.Rows = 100
	b := boost.New()
	b.Increasing = []string{"hours"}
	m, err := b.Fit(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	few := &learn.Matrix{Names: x.Names, Columns: [][]float64{{10, 40, 90}}, Rows: 3}
	for _, v := range m.Predict(few) {
		fmt.Printf("%.2f ", v)
	}
	// Output: 0.00 1.00 3.00
}
