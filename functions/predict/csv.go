package predict

import (
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// CSV says how a CSV file is read whose rows a model of those inputs predicts:
// text stays text, even where every value happens to be a number, and a date
// such as 03/04/2024 is of the month that it was of in training. Other kinds
// are found out: the model takes what fits an input, and names what does not.
func CSV(inputs []model.Input) *csv.Options {
	o := &csv.Options{Kinds: map[string]table.Kind{}, DateOrders: map[string]csv.DateOrder{}, SkipAbsent: true}
	for _, in := range inputs {
		if in.Kind == table.String {
			o.Kinds[in.Name] = table.String
		}
		switch in.DateOrder {
		case "month_first":
			o.DateOrders[in.Name] = csv.MonthFirst
		case "day_first":
			o.DateOrders[in.Name] = csv.DayFirst
		}
	}
	return o
}
