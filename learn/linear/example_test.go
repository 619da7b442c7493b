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

func ExampleLasso() {
	x := &learn.Matrix{Names: []string{"rooms", "noise"}, Columns: [][]float64{{1, 2, 3, 4, 5}, {3, 1, 2, 1, 3}}, Rows: 5}
	y := &learn.Target{Task: learn.Regression, Values: []float64{90, 190, 300, 390, 500}}
	p := linear.NewLasso()
	p.Alpha = 5
	m, err := p.Fit(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f\n", m.(*linear.Model).Coefficients()[0])
	// Output: [99.5 0.0]
}

// A model goes on learning from the rows that come in, as the day's, without those
// that it has seen.
func ExampleSGD_PartialFit() {
	days := [][]float64{{-2, -1, 2, 1}, {-1.5, 1.2, 0.9, -0.8}, {2.2, -1.1, -2.5, 0.7}}
	p := linear.NewSGD()
	p.Alpha = 0.01
	var m *linear.Model
	for _, day := range days {
		x := &learn.Matrix{Names: []string{"balance"}, Columns: [][]float64{day}, Rows: len(day)}
		y := &learn.Target{Task: learn.Classification, Classes: []string{"late", "paid"}, Labels: make([]int32, len(day))}
		for i, v := range day {
			if v > 0 {
				y.Labels[i] = 1
			}
		}
		next, err := p.PartialFit(context.Background(), m, x, y, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		m = next
	}
	_, rounds := m.Converged()
	chance := m.Predict(&learn.Matrix{Names: []string{"balance"}, Columns: [][]float64{{2}}, Rows: 1})[1]
	fmt.Println("rounds:", rounds, "paid:", chance > 0.9)
	// Output: rounds: 3 paid: true
}
