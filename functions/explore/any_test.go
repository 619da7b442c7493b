package explore_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/table"
	"pgregory.net/rapid"
)

func anyColumn(t *rapid.T, name string, rows int) *table.Column {
	var c *table.Column
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		c = table.FloatColumn(name, rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, math.Inf(1), math.NaN()})), rows, rows).Draw(t, name))
	case 1:
		c = table.IntColumn(name, rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 3)), rows, rows).Draw(t, name))
	case 2:
		c = table.BoolColumn(name, rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, name))
	case 3:
		c = table.StringColumn(name, rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[^/:(]{0,8}`), rapid.SampledFrom([]string{"a", "b", ""})), rows, rows).Draw(t, name))
	default:
		values := make([]time.Time, rows)
		for i := range values {
			values[i] = time.UnixMicro(rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1e15)).Draw(t, "time"))
		}
		c = table.TimeColumn(name, values)
	}
	for i := range rows {
		if rapid.IntRange(0, 9).Draw(t, "missing") == 0 {
			c.SetMissing(i)
		}
	}
	return c
}

// Whatever the table, there is a profile that is JSON, and a report that keeps its promises.
func TestWhateverTheTable(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		rows := rapid.IntRange(0, 30).Draw(t, "rows")
		tbl := &table.Table{}
		for j := range rapid.IntRange(1, 5).Draw(t, "columns") {
			tbl.Columns = append(tbl.Columns, anyColumn(t, fmt.Sprint("c", j), rows))
		}
		like := events.Dataset{
			Name:   rapid.SampledFrom([]string{"", "a<b>", "\x00日本"}).Draw(t, "name"),
			Target: rapid.SampledFrom([]string{"", "c0"}).Draw(t, "target"),
			Task:   rapid.SampledFrom([]string{"", "classification", "regression"}).Draw(t, "task"),
		}
		params := map[string]any{
			"rare": rapid.SampledFrom([]int{1, 5}).Draw(t, "rare"),
			// At 0 the table is read part by part.
			"whole": rapid.SampledFrom([]int{0, 1000}).Draw(t, "whole"),
		}
		_, _, html := run(outer, tbl, like, params)
		checkPage(t, html)
	})
}
