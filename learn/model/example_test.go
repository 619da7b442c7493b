package model_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A model takes raw rows, as a table or as decoded JSON, after it was stored
// and read back.
func Example() {
	ctx := context.Background()
	rows, err := table.New(
		table.FloatColumn("rooms", []float64{2, 3, 4, 2, 3, 4}),
		table.StringColumn("town", []string{"Bern", "Bern", "Bern", "Rome", "Rome", "Rome"}),
		table.FloatColumn("rent", []float64{1000, 1500, 2000, 800, 1300, 1800}))
	check(err)
	y, _, err := preprocess.Target(rows, "rent", learn.Regression, nil)
	check(err)
	graph, features, err := preprocess.Fit(ctx, rows.Without("rent"), y, nil, &preprocess.Auto{Family: "linear"})
	check(err)
	x, err := preprocess.Matrix(features, nil)
	check(err)
	fitted, err := linear.LeastSquares{}.Fit(ctx, x, y, nil)
	check(err)
	description, weights, err := model.Encode(&model.Model{Task: y.Task, Target: "rent", Inputs: model.Describe(rows, "rent"),
		Graph: graph, Features: x.Names, Estimator: fitted})
	check(err)

	m, err := model.Decode(description, weights)
	check(err)
	for _, row := range []any{map[string]any{"rooms": 5.0, "town": "Rome"}, []any{1.0, "Bern"}, map[string]any{"rooms": "five", "town": "Rome"}} {
		raw, err := m.FromJSON(row)
		if err != nil {
			fmt.Println(err)
			continue
		}
		p, err := m.Predict(raw)
		check(err)
		fmt.Printf("%.0f\n", p.Value(0))
	}
	// Output:
	// 2300
	// 500
	// column "rooms", row 1: "five" is no number
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
