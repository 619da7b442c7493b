package predict

import (
	"slices"
	"strings"

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

// times writes the texts of inputs that are times as the model reads them, from all
// the layouts that a CSV file may have them in. What is no time stays, for the model
// to say so.
func times(inputs []model.Input, t *table.Table) *table.Table {
	out := slices.Clone(t.Columns)
	orders := CSV(inputs).DateOrders
	for _, in := range inputs {
		j := slices.IndexFunc(out, func(c *table.Column) bool { return c.Name == in.Name })
		if in.Kind != table.Time || j < 0 || out[j].Kind != table.String {
			continue
		}
		c := *out[j]
		c.Dict = slices.Clone(c.Dict)
		for i, text := range c.Dict {
			if at, ok := csv.ParseTime(strings.TrimSpace(text), orders[in.Name]); ok {
				c.Dict[i] = at.Format(table.TimeLayout)
			}
		}
		out[j] = &c
	}
	return &table.Table{Columns: out}
}
