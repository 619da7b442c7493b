package fitted

import (
	"math"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/table"
)

// TestDivision reads groups and the order in time off a column of any type.
func TestDivision(t *testing.T) {
	missing := table.NewBitmap(4)
	for i := range 3 {
		missing.Set(i)
	}
	for _, c := range []struct {
		by     *table.Column
		groups []int32
		times  []int64
	}{
		{&table.Column{Kind: table.Int64, Ints: []int64{7, 3, 7, 9}}, []int32{0, 1, 0, 2}, []int64{1, 0, 1, 2}},
		{&table.Column{Kind: table.Time, Ints: []int64{7, 3, 7, 0}, Valid: missing}, []int32{0, 1, 0, 2}, []int64{2, 1, 2, 0}},
		{&table.Column{Kind: table.Float64, Floats: []float64{math.NaN(), 0.5, -1, math.NaN()}}, []int32{0, 1, 2, 0}, []int64{0, 2, 1, 0}},
		{&table.Column{Kind: table.String, Dict: []string{"b", "a"}, Codes: []uint32{0, 1, 1, 0}}, []int32{0, 1, 1, 0}, nil},
	} {
		c.by.Name = "by"
		rows := &table.Table{Columns: []*table.Column{c.by}}
		d, err := DivisionOf(events.Dataset{Roles: map[string]string{events.RoleGroup: "by"}}, rows)
		if err != nil || d.Kind != "group" || d.By != "by" || !slices.Equal(d.Groups, c.groups) || d.Count() != int(slices.Max(c.groups))+1 {
			t.Errorf("%v: %+v, %v", c.by.Kind, d, err)
		}
		d, err = DivisionOf(events.Dataset{Roles: map[string]string{events.RoleTime: "by"}}, rows)
		if c.times == nil {
			if err == nil {
				t.Errorf("%v has the order %v", c.by.Kind, d.Times)
			}
			continue
		}
		if err != nil || d.Kind != "time" || !slices.Equal(d.Times, c.times) {
			t.Errorf("%v: %+v, %v", c.by.Kind, d, err)
		}
	}
	rows := &table.Table{}
	if d, err := DivisionOf(events.Dataset{Roles: map[string]string{events.RoleWeight: "w"}}, rows); err != nil || d.Kind != "" {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := DivisionOf(events.Dataset{Roles: map[string]string{events.RoleGroup: "gone"}}, rows); err == nil || d.Kind != "" {
		t.Errorf("%+v, %v", d, err)
	}
}
