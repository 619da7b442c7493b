package table

import (
	"fmt"
	"math"
)

// Difference says where two tables differ in names, kinds, rows or values: the
// first such place in words, or "" when there is none. Missing equals missing;
// floats are equal when their bits are; dictionaries may be in different order.
func Difference(a, b *Table) string {
	if len(a.Columns) != len(b.Columns) {
		return fmt.Sprintf("%d columns against %d", len(a.Columns), len(b.Columns))
	}
	for j, c := range a.Columns {
		d := b.Columns[j]
		if c.Name != d.Name || c.Kind != d.Kind || c.Len() != d.Len() {
			return fmt.Sprintf("column %d is %q, %v, %d rows against %q, %v, %d rows", j, c.Name, c.Kind, c.Len(), d.Name, d.Kind, d.Len())
		}
		for i := range c.Len() {
			if !sameValue(c, d, i) {
				return fmt.Sprintf("column %q, row %d: %q against %q", c.Name, i, c.Text(i), d.Text(i))
			}
		}
	}
	return ""
}

func sameValue(c, d *Column, i int) bool {
	if c.Missing(i) || d.Missing(i) {
		return c.Missing(i) == d.Missing(i)
	}
	switch c.Kind {
	case Float64:
		return math.Float64bits(c.Floats[i]) == math.Float64bits(d.Floats[i])
	case Bool:
		return c.Bools[i] == d.Bools[i]
	case String:
		return c.Dict[c.Codes[i]] == d.Dict[d.Codes[i]]
	default:
		return c.Ints[i] == d.Ints[i]
	}
}
