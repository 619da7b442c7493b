package csv

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// TestDateOrders reads a small file as a large one was read that settled the
// order of its dates.
func TestDateOrders(t *testing.T) {
	const large = "us,eu,dot,open,iso,s\n01/31/2024,31/01/2024,31.01.2024,03/04/2024,2024-01-31,x\n02/03/2024,02/03/2024,02.03.2024,05/06/2024,2024-02-03,y\n"
	_, report, err := Read(t.Context(), Bytes("large", []byte(large)), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]DateOrder{"us": MonthFirst, "eu": DayFirst, "dot": DayFirst, "open": MonthFirst}
	if !reflect.DeepEqual(report.DateOrders, want) || !reflect.DeepEqual(report.OpenDates, []string{"open"}) {
		t.Errorf("orders %v, open %v", report.DateOrders, report.OpenDates)
	}
	const small = "eu,us,s,other\n03/04/2024,03/04/2024,x,03.04.2024\n"
	o := &Options{DateOrders: report.DateOrders, SkipAbsent: true}
	got, next, err := Read(t.Context(), Bytes("small", []byte(small)), o)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"eu": "2024-04-03T00:00:00Z", "us": "2024-03-04T00:00:00Z", "other": "2024-04-03T00:00:00Z"} {
		if c := got.Column(name); c.Kind != table.Time || c.Text(0) != text {
			t.Errorf("column %s: %v, want %s", name, c.Text(0), text)
		}
	}
	if !reflect.DeepEqual(next.OpenDates, []string{"other"}) || len(next.Notes) != 1 {
		t.Errorf("open %v, notes %v: want those of the column that no order was given for", next.OpenDates, next.Notes)
	}
	if c, _, err := Read(t.Context(), Bytes("wrong", []byte("eu\n03/31/2024\n")), o); err != nil || c.Columns[0].Kind != table.String {
		t.Errorf("%v, error %v: a date that is none in the order given makes the column text", c, err)
	}
	o.SkipAbsent = false
	if _, _, err := Read(t.Context(), Bytes("small", []byte(small)), o); err == nil || !strings.Contains(err.Error(), "DateOrders names a column") {
		t.Errorf("error %v, want one that names a column that is absent", err)
	}
}

// TestDateOrdersInParts gives each column its own order, in many chunks too.
func TestDateOrdersInParts(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "%02d/%02d/2024,%02d/%02d/2024\n", i%12+1, i%11+1, i%12+1, i%11+1)
	}
	o := &Options{DateOrder: MonthFirst, DateOrders: map[string]DateOrder{"b": DayFirst, "absent": DayFirst}, Kinds: map[string]table.Kind{"gone": table.Int64},
		SkipAbsent: true, Chunk: 700, Threads: 3}
	src := Bytes("in.csv", []byte(b.String()))
	whole, report, err := Read(t.Context(), src, o)
	if err != nil || len(report.OpenDates) > 0 {
		t.Fatalf("error %v, open %v", err, report.OpenDates)
	}
	plan, err := Scan(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	err = plan.Parts(t.Context(), 999, func(part *table.Table) error {
		for i := range part.Rows() {
			for _, c := range part.Columns {
				first, second := at%12+1, at%11+1
				if c.Name == "b" {
					first, second = second, first
				}
				want := fmt.Sprintf("2024-%02d-%02dT00:00:00Z", first, second)
				if c.Text(i) != want || whole.Column(c.Name).Text(at) != want {
					return fmt.Errorf("row %d, column %s: %s in parts, %s whole, want %s", at, c.Name, c.Text(i), whole.Column(c.Name).Text(at), want)
				}
			}
			at++
		}
		return nil
	})
	if err != nil || at != 5000 {
		t.Fatalf("%d rows, error %v", at, err)
	}
}

func TestDateOrderText(t *testing.T) {
	for _, o := range []DateOrder{DateAuto, MonthFirst, DayFirst} {
		text, err := o.MarshalText()
		var back DateOrder
		if err := errors.Join(err, back.UnmarshalText(text)); err != nil || back != o {
			t.Errorf("%v is %q and then %v, error %v", o, text, back, err)
		}
	}
	if err := new(DateOrder).UnmarshalText([]byte("year_first")); err == nil {
		t.Error("year_first is no order")
	}
}
