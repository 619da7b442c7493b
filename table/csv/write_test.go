package csv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// TestDates writes times as dates where all of a column are, if that is asked for.
func TestDates(t *testing.T) {
	noon := time.Date(2024, 1, 31, 12, 0, 0, 0, time.UTC)
	times := func(name string, missing int, at ...time.Time) *table.Column {
		c := table.TimeColumn(name, at)
		c.SetMissing(missing)
		return c
	}
	day := noon.Truncate(24 * time.Hour)
	tbl, err := table.New(times("day", 1, day, noon, time.Date(1969, 7, 20, 0, 0, 0, 0, time.UTC)), times("time", 0, day, day, noon))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dates bool
		want  string
	}{
		{true, "day,time\n2024-01-31,\n,2024-01-31T00:00:00Z\n1969-07-20,2024-01-31T12:00:00Z\n"},
		{false, "day,time\n2024-01-31T00:00:00Z,\n,2024-01-31T00:00:00Z\n1969-07-20T00:00:00Z,2024-01-31T12:00:00Z\n"},
	} {
		var b strings.Builder
		if err := csv.Write(&b, tbl, &csv.Options{Dates: c.dates}); err != nil || b.String() != c.want {
			t.Errorf("%v: %s, error %v", c.dates, b.String(), err)
		}
	}
}
