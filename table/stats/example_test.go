package stats_test

import (
	"encoding/json"
	"fmt"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/stats"
)

// Parts of a table are described apart; one description is stored and loaded.
func Example() {
	monday, _ := table.New(table.FloatColumn("delay", []float64{2, 11, 33}))
	tuesday, _ := table.New(table.FloatColumn("delay", []float64{-4, 2}))
	s := stats.Of(monday, nil)
	stored, _ := json.Marshal(stats.Of(tuesday, nil))
	loaded, err := stats.Read(stored)
	if err != nil {
		fmt.Println(err)
	}
	if err := s.Merge(loaded); err != nil {
		fmt.Println(err)
	}
	c := s.Column("delay")
	fmt.Println(c.Count, c.Mean(), c.Quantile(0.5), c.Distinct(), c.Top(1))
	// Output: 5 8.8 2 4 [{2 2}]
}
