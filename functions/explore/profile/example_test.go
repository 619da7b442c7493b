package profile_test

import (
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/table"
)

func ExampleOf() {
	minutes := make([]float64, 100)
	hours := make([]float64, 100)
	for i := range minutes {
		minutes[i] = float64(i * 37 % 101)
		hours[i] = minutes[i] / 60
	}
	t, err := table.New(table.FloatColumn("minutes", minutes), table.FloatColumn("hours", hours))
	if err != nil {
		panic(err)
	}
	p, err := profile.Of(context.Background(), "trips", t, nil)
	if err != nil {
		panic(err)
	}
	for _, a := range p.Alerts {
		fmt.Println(a.Severity, a.Name, a.Columns, a.Message)
	}
	// Output:
	// medium correlated [minutes hours] Pearson correlation 1.000: they say nearly the same.
}
