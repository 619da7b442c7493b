package preprocess_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A graph is fitted on training rows, and then means the same for any row.
func Example() {
	train, err := table.New(
		table.FloatColumn("age", []float64{17, 25, 42, 70}),
		table.StringColumn("city", []string{"Oslo", "Rome", "Oslo", "Bern"}))
	if err != nil {
		panic(err)
	}
	graph, _, err := preprocess.Fit(context.Background(), train, nil, nil,
		&preprocess.Impute{},
		&preprocess.Bin{Columns: []string{"age"}, Edges: []float64{0, 18, 30, 50, 80, 120},
			Labels: []string{"Child", "Youth", "Adult", "Mid-Age", "Senior"}, Into: "age_group"},
		&preprocess.OneHot{Columns: []string{"city"}, DropFirst: true})
	if err != nil {
		panic(err)
	}
	// Rows that come later: a missing age, and a city that training did not hold.
	age := table.FloatColumn("age", []float64{0, 81})
	age.SetMissing(0)
	rows, err := table.New(age, table.StringColumn("city", []string{"Rome", "Lima"}))
	if err != nil {
		panic(err)
	}
	out, err := graph.Transform(rows)
	if err != nil {
		panic(err)
	}
	for _, c := range out.Columns {
		fmt.Println(c.Name, c.Strings())
	}
	// Output:
	// age [38.5 81]
	// age_group [Adult Senior]
	// city_Oslo [0 0]
	// city_Rome [1 0]
}

// Auto needs no knowledge of the columns.
func ExampleAuto() {
	train, err := table.New(
		table.FloatColumn("age", []float64{17, 25, 42, 70}),
		table.StringColumn("city", []string{"Oslo", "Rome", "Oslo", "Bern"}),
		table.IntColumn("version", []int64{3, 3, 3, 3}))
	if err != nil {
		panic(err)
	}
	graph, features, err := preprocess.Fit(context.Background(), train, nil, nil, &preprocess.Auto{Family: "linear"})
	if err != nil {
		panic(err)
	}
	fmt.Println(features.Names())
	fmt.Println(graph.Notes()[0])
	// Output:
	// [age city_Oslo city_Rome]
	// version: dropped: one value only
}
