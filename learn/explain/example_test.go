package explain_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/tree"
)

// rooms and age of flats, and their prices: age counts for nothing.
func flats() (*learn.Matrix, *learn.Target) {
	x := &learn.Matrix{Names: []string{"rooms", "age"}, Columns: [][]float64{{1, 2, 3, 4, 1, 2, 3, 4}, {5, 5, 5, 5, 50, 50, 50, 50}}, Rows: 8}
	return x, &learn.Target{Task: learn.Regression, Values: []float64{100, 200, 300, 400, 100, 200, 300, 400}}
}

func ExampleTrees_Explain() {
	x, y := flats()
	f := tree.NewForest()
	f.Bootstrap = false
	m, err := f.Fit(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	e := m.(*tree.ForestModel).Ensemble()
	e.Features = x.Names
	trees, err := explain.NewTrees(e)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := trees.Explain(context.Background(), x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f on average", v.Base[0])
	for j, added := range v.Of(3, 0) {
		fmt.Printf(", %+.0f for %s", added, v.Features[j])
	}
	fmt.Printf(": %.0f\n", v.Margin(3, 0))
	// Output: 250 on average, +150 for rooms, +0 for age: 400
}

func ExampleKernel() {
	x, _ := flats()
	price := func(x *learn.Matrix) []float64 { // any model
		out := make([]float64, x.Rows)
		for i := range out {
			out[i] = 100*x.Columns[0][i] - x.Columns[1][i]
		}
		return out
	}
	v, err := explain.Kernel{}.Explain(context.Background(), price, x, x.Take([]int{3}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f %+.1f %+.1f\n", v.Base[0], v.Of(0, 0)[0], v.Of(0, 0)[1])
	// Output: 222.5 +150.0 +22.5
}
