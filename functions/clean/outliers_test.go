package clean_test

import (
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn/splitmix"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A row that is far from the others by its numbers together, none of which is far
// out, is left out of those to learn from, and judged by all the same.
func TestIsolationForest(t *testing.T) {
	rng := splitmix.Source{State: 3}
	const rows = 600
	x, y, z := make([]float64, rows), make([]float64, rows), make([]string, rows)
	split := make([]step.Subset, rows)
	for i := range rows { // along a diagonal, but two in a corner
		x[i], z[i] = rng.Unit(), []string{"no", "yes"}[i%2]
		y[i] = x[i] + rng.Unit()/10
		if i%3 == 2 {
			split[i] = step.Test
		}
	}
	x[90], y[90], split[90] = 0.05, 0.95, step.Train
	x[92], y[92], split[92] = 0.06, 0.95, step.Test
	tbl := &table.Table{Columns: []*table.Column{table.FloatColumn("x", x), table.FloatColumn("y", y), table.StringColumn("z", z)}}
	got := run(t, tbl, split, "z", rows, map[string]any{"outliers": "isolation_forest", "contamination": 0.0025})
	for i, s := range got.rawSplit {
		if want := split[i]; i != 90 && s != want || i == 90 && s != step.Excluded {
			t.Errorf("row %d is %v", i, s)
		}
	}
	if note := "left out 1 row: to learn from, and an isolation forest finds them far from the others"; !slices.Contains(got.notes, note) {
		t.Errorf("the notes are %q, want %q", got.notes, note)
	}
}
