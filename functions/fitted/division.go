package fitted

import (
	"cmp"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// A Division is how the rows of a dataset were split, where that was not at random:
// folds of the rows to learn from go by it too, or they flatter a model that the
// test rows do not.
type Division struct {
	Kind   string  // group or time; "" for none
	By     string  // the column
	Groups []int32 // of group: that of each row
	Times  []int64 // of time: the place of each row in time, from 0
}

// DivisionOf is that of some raw rows of a dataset. Where a step has taken the column
// away there is none, and an error that says so.
func DivisionOf(ds events.Dataset, rows *table.Table) (Division, error) {
	for _, kind := range []string{events.RoleGroup, events.RoleTime} {
		by := ds.Roles[kind]
		if by == "" {
			continue
		}
		c := rows.Column(by)
		switch {
		case c == nil || kind == events.RoleTime && c.Kind == table.String:
			return Division{}, fmt.Errorf("the rows were split by %s, and the column %q has gone since, or has become text: folds cannot go by it", kind, by)
		case kind == events.RoleGroup:
			return Division{Kind: kind, By: by, Groups: GroupsOf(c)}, nil
		}
		return Division{Kind: kind, By: by, Times: places(c)}, nil
	}
	return Division{}, nil
}

// Count is the number of groups.
func (d Division) Count() int {
	n := int32(0)
	for _, g := range d.Groups {
		n = max(n, g+1)
	}
	return int(n)
}

// GroupsOf numbers the values of a column in order of first appearance; rows without
// one are a group.
func GroupsOf(c *table.Column) []int32 {
	out, of := make([]int32, c.Len()), map[string]int32{}
	for i := range out {
		value := "missing"
		if !c.Missing(i) {
			value = "=" + c.Text(i)
		}
		g, ok := of[value]
		if !ok {
			g = int32(len(of))
			of[value] = g
		}
		out[i] = g
	}
	return out
}

// places numbers the values of a column in rising order, equal ones alike; what is
// missing is the earliest, as in the split.
func places(c *table.Column) []int64 {
	values, order, out := c.Numbers(), make([]int, c.Len()), make([]int64, c.Len())
	for i := range order {
		order[i] = i
	}
	sorting.Stable(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	for k, i := range order {
		if k == 0 {
			continue
		}
		last := order[k-1]
		out[i] = out[last]
		if cmp.Compare(values[i], values[last]) != 0 {
			out[i]++
		}
	}
	return out
}
