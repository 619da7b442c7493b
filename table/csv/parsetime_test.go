package csv

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct {
		text  string
		order DateOrder
		want  string // "" for none
	}{
		{"2024-04-03", DateAuto, "2024-04-03T00:00:00Z"},
		{"2024-04-03 05:06:07.5", DateAuto, "2024-04-03T05:06:07.5Z"},
		{"2024-04-03T05:06:07+02:00", DateAuto, "2024-04-03T03:06:07Z"},
		{"Apr 3, 2024", DateAuto, "2024-04-03T00:00:00Z"},
		{"03/04/2024", MonthFirst, "2024-03-04T00:00:00Z"},
		{"03/04/2024", DayFirst, "2024-04-03T00:00:00Z"},
		{"03.04.2024 10:30", DayFirst, "2024-04-03T10:30:00Z"},
		{"03/04/2024", DateAuto, ""},
		{"04/04/2024", DateAuto, "2024-04-04T00:00:00Z"},
		{"31/12/2024", DateAuto, "2024-12-31T00:00:00Z"},
		{"31/12/2024", MonthFirst, ""},
		{"31/31/2024", DayFirst, ""},
		{"soon", DateAuto, ""},
		{"", DateAuto, ""},
	} {
		got, ok := ParseTime(c.text, c.order)
		if ok != (c.want != "") || ok && got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q, %v: %v %v, want %q", c.text, c.order, got, ok, c.want)
		}
	}
}
