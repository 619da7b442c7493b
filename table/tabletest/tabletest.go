// Package tabletest makes tables for tests.
package tabletest

import (
	"fmt"
	"math"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
)

// Table draws a table of 1 to 6 columns of any kind and up to maxRows rows,
// with missing values, extreme numbers and strings that need quoting.
func Table(maxRows int) *rapid.Generator[*table.Table] {
	return rapid.Custom(func(t *rapid.T) *table.Table {
		rows := rapid.IntRange(0, maxRows).Draw(t, "rows")
		kinds := rapid.SliceOfN(rapid.SampledFrom([]table.Kind{table.Float64, table.Int64, table.Bool, table.String, table.Time}), 1, 6).Draw(t, "kinds")
		columns := make([]*table.Column, len(kinds))
		for j, k := range kinds {
			columns[j] = Column(fmt.Sprintf("%v %d", k, j), k, rows).Draw(t, "column")
		}
		out, err := table.New(columns...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	})
}

// Column draws a column: full, or with missing values.
func Column(name string, kind table.Kind, rows int) *rapid.Generator[*table.Column] {
	return rapid.Custom(func(t *rapid.T) *table.Column {
		c := &table.Column{Name: name, Kind: kind}
		switch kind {
		case table.Float64:
			c.Floats = draw(t, rows, rapid.OneOf(rapid.Float64(), rapid.Just(math.Inf(-1)), rapid.Just(math.Copysign(0, -1))))
		case table.Bool:
			c.Bools = draw(t, rows, rapid.Bool())
		case table.String:
			words := rapid.SliceOfNDistinct(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a,b", "\"", "\n", "é"})), 1, 5, rapid.ID[string]).Draw(t, "words")
			full := table.StringColumn(name, draw(t, rows, rapid.SampledFrom(words)))
			c.Codes, c.Dict = full.Codes, full.Dict
		case table.Time:
			c.Ints = draw(t, rows, rapid.Int64Range(-1<<55, 1<<55))
		default:
			c.Ints = draw(t, rows, rapid.Int64())
		}
		if rapid.Bool().Draw(t, "missing") {
			for i, missing := range draw(t, rows, rapid.Bool()) {
				if missing {
					c.SetMissing(i)
				}
			}
		}
		return c
	})
}

func draw[T any](t *rapid.T, n int, g *rapid.Generator[T]) []T {
	return rapid.SliceOfN(g, n, n).Draw(t, "values")
}
