package server

import (
	"strings"

	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// readDates reads, in the rows of a request, the texts of the inputs that are
// times, in the layouts that a CSV file may have them in, by the order of day and
// month that training's file had. What it cannot read it leaves for the model to
// complain about. The rows are changed in place.
func readDates(inputs []model.Input, rows any) {
	orders := map[string]csv.DateOrder{"month_first": csv.MonthFirst, "day_first": csv.DayFirst} // none: csv.DateAuto
	read := func(in model.Input, v any) any {
		text, ok := v.(string)
		if !ok {
			return v
		}
		if at, ok := csv.ParseTime(strings.TrimSpace(text), orders[in.DateOrder]); ok {
			return at
		}
		return v
	}
	list, ok := rows.([]any)
	if !ok || single(rows) {
		list = []any{rows}
	}
	for j, in := range inputs {
		if in.Kind != table.Time {
			continue
		}
		for _, row := range list {
			switch row := row.(type) {
			case map[string]any:
				if v, ok := row[in.Name]; ok {
					row[in.Name] = read(in, v)
				}
			case []any:
				if j < len(row) {
					row[j] = read(in, row[j])
				}
			}
		}
	}
}
