package cluster_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
)

func ExampleKMeans_Fit() {
	x := &learn.Matrix{Names: []string{"visits", "spent"}, Rows: 6, Columns: [][]float64{
		{1, 2, 1.5, 30, 31, 29},
		{10, 11, 9, 200, 210, 190},
	}}
	c, labels, err := cluster.KMeans{K: 2, Tolerance: 1e-4}.Fit(context.Background(), x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for k, center := range c.Centers {
		fmt.Println(k, center, c.Sizes[k])
	}
	fmt.Println(labels)
	// Output:
	// 0 [1.5 10] 3
	// 1 [30 200] 3
	// [0 0 0 1 1 1]
}
