package preprocess

import (
	"cmp"

	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// What a lookup gives for a row without a category that is known.
const (
	missing int32 = -1
	unseen  int32 = -2
)

// countCategories lists the values that occur in a column as text, sorted (by
// number for numbers), and how often each does.
func countCategories(c *table.Column) (values []string, counts []int) {
	n := c.Len()
	switch c.Kind {
	case table.String:
		per := make([]int, len(c.Dict))
		for i, code := range c.Codes {
			if !c.Missing(i) {
				per[code]++
			}
		}
		byText := make(map[string]int, len(c.Dict))
		for code, k := range per {
			if k > 0 {
				byText[c.Dict[code]] += k
			}
		}
		return ordered(byText, cmp.Compare[string], func(s string) string { return s })
	case table.Float64:
		by := map[float64]int{}
		for i, v := range c.Floats {
			if !c.Missing(i) && v == v {
				by[v+0]++ // -0 counts as 0
			}
		}
		return ordered(by, cmp.Compare[float64], table.FormatFloat)
	case table.Bool:
		by := map[string]int{}
		for i := range n {
			if !c.Missing(i) {
				by[c.Text(i)]++
			}
		}
		return ordered(by, cmp.Compare[string], func(s string) string { return s })
	}
	by := map[int64]int{}
	for i, v := range c.Ints {
		if !c.Missing(i) {
			by[v]++
		}
	}
	return ordered(by, cmp.Compare[int64], func(v int64) string {
		one := table.Column{Kind: c.Kind, Ints: []int64{v}}
		return one.Text(0)
	})
}

func ordered[T comparable](by map[T]int, compare func(a, b T) int, text func(T) string) (values []string, counts []int) {
	keys := make([]T, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	sorting.Func(keys, compare)
	values, counts = make([]string, len(keys)), make([]int, len(keys))
	for i, k := range keys {
		values[i], counts[i] = text(k), by[k]
	}
	return values, counts
}

// occurring lists the distinct values of a string column that rows have, in the
// order of its dictionary.
func occurring(c *table.Column) []string {
	used := make([]bool, len(c.Dict))
	for i, code := range c.Codes {
		used[code] = used[code] || !c.Missing(i)
	}
	var values []string
	for k, text := range c.Dict {
		if used[k] {
			values = append(values, text)
		}
	}
	return values
}

// indexOf maps each value to its place.
func indexOf(values []string) map[string]int32 {
	m := make(map[string]int32, len(values))
	for i, v := range values {
		m[v] = int32(i)
	}
	return m
}

// lookup gives the place of each row's category in an index, or missing or
// unseen. Dictionaries are looked up once, not once a row.
func lookup(c *table.Column, index map[string]int32) []int32 {
	out := make([]int32, c.Len())
	place := func(text string) int32 {
		if k, ok := index[text]; ok {
			return k
		}
		return unseen
	}
	switch {
	case c.Kind == table.String && len(c.Dict) <= len(out):
		of := make([]int32, len(c.Dict))
		for i, text := range c.Dict {
			of[i] = place(text)
		}
		for i, code := range c.Codes {
			if c.Missing(i) {
				out[i] = missing
			} else {
				out[i] = of[code]
			}
		}
	case (c.Kind == table.Int64 || c.Kind == table.Time) && len(out) > 1:
		of := map[int64]int32{}
		for i, v := range c.Ints {
			if c.Missing(i) {
				out[i] = missing
				continue
			}
			k, ok := of[v]
			if !ok {
				k = place(c.Text(i))
				of[v] = k
			}
			out[i] = k
		}
	default:
		for i := range out {
			if c.Missing(i) {
				out[i] = missing
			} else {
				out[i] = place(categoryText(c, i))
			}
		}
	}
	return out
}

// categoryText is the text of a row's category: Text, but -0 is 0.
func categoryText(c *table.Column, i int) string {
	if c.Kind == table.Float64 && c.Floats[i] == 0 {
		return "0"
	}
	return c.Text(i)
}
