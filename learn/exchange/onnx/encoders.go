package onnx

import (
	"fmt"
	"math"
	"strconv"

	"github.com/runnel-dev/runnel/learn/exchange"
	"github.com/runnel-dev/runnel/table"
)

// lookUp replaces categories by their numbers.
func (r *reader) lookUp(c *codes) ([]feature, error) {
	encoding := map[string]any{"name": c.column.name, "categories": c.keys, "values": c.values}
	for name, v := range map[string]float64{"unseen": c.other, "missing": c.missing} {
		if v == v {
			encoding[name] = v
		}
	}
	out, err := r.changed("frequency", map[string]any{"columns": []any{encoding}}, []feature{c.column})
	out.columns[0].text = false
	return out.columns, err
}

// table looks up a row of numbers for each category.
func (r *reader) table(t *constant, c *codes) (*value, error) {
	if len(t.shape) != 2 || len(t.numbers) == 0 || t.shape[1] > maxColumns {
		return nil, fmt.Errorf("its table has the shape %v: want two dimensions", t.shape)
	}
	width := t.shape[1]
	if err := r.copies((len(c.values) + 2) * width); err != nil {
		return nil, err
	}
	row := func(code float64) ([]float64, error) {
		at, ok := index(code, t.shape[0])
		if !ok {
			return nil, fmt.Errorf("a category's code is %v, in a table of %d rows", code, t.shape[0])
		}
		return t.numbers[at*width:][:width], nil
	}
	var values []float64
	for _, code := range append(append([]float64(nil), c.values...), c.missing) {
		v, err := row(code)
		if err != nil {
			return nil, err
		}
		values = append(values, v...)
	}
	other, err := row(c.other)
	if err != nil {
		return nil, err
	}
	if width == 1 {
		last := len(values) - 1
		columns, err := r.lookUp(&codes{c.column, c.keys, values[:last], values[last], other[0]})
		return &value{columns: columns}, err
	}
	var outputs []string
	for range width {
		outputs = append(outputs, r.made(c.column.name))
	}
	return r.created("target", map[string]any{"overall": other, "columns": []any{map[string]any{"name": c.column.name, "categories": c.keys, "values": values, "outputs": outputs}}}, c.column, outputs, false)
}

// categories are keys as the texts of categories.
func categories(texts []string, numbers []float64) ([]string, error) {
	for _, text := range texts {
		if !exchange.IsText(text) {
			return nil, fmt.Errorf("the category %.40q is too long or no UTF-8", text)
		}
	}
	for _, v := range numbers {
		texts = append(texts, table.FormatFloat(v))
	}
	return texts, nil
}

func (r *reader) oneHot(a attrs, x *value) (*value, error) {
	numbers, err := a.numbers("cats_int64s")
	if err != nil {
		return nil, err
	}
	keys, err := categories(a.texts("cats_strings"), numbers)
	if err != nil {
		return nil, err
	}
	if a.number("zeros", 1) != 1 || len(x.columns) != 1 || len(keys) == 0 || len(keys) > maxColumns {
		return nil, fmt.Errorf("it is of %d columns and %d categories, zeros %v: want one column, and zeros=1 (handle_unknown='ignore')", len(x.columns), len(keys), a.number("zeros", 1))
	}
	c := x.columns[0]
	missing := -1
	var outputs []string
	var to []int
	var known []string
	for k, key := range keys {
		outputs = append(outputs, r.made(c.name))
		if key == "" {
			missing = k
			continue
		}
		known, to = append(known, key), append(to, k)
	}
	return r.created("onehot", map[string]any{"columns": []any{map[string]any{"name": c.name, "categories": known, "to": to, "missing": missing, "outputs": outputs}}}, c, outputs, false)
}

func (r *reader) labelEncoder(a attrs, x *value) (*value, error) {
	if len(x.columns) != 1 && x.recoded == nil {
		return nil, fmt.Errorf("it is of %d columns: want one", len(x.columns))
	}
	whole, err := a.numbers("keys_int64s")
	if err != nil {
		return nil, err
	}
	keys, err := categories(a.texts("keys_strings"), whole)
	if err != nil {
		return nil, err
	}
	values, err := a.numbers("values_int64s")
	if err != nil {
		return nil, err
	}
	other := a.number("default_int64", -1)
	if values == nil {
		if values, err = a.numbers("values_floats"); err != nil {
			return nil, err
		}
		other = a.number("default_float", 0)
	}
	if len(keys) != len(values) || len(keys) == 0 {
		return nil, fmt.Errorf("it has %d keys and %d values: texts or whole numbers to numbers are read", len(keys), len(values))
	}
	if x.recoded != nil {
		if len(whole) != len(keys) {
			return nil, fmt.Errorf("it looks up texts, and its column is of numbers")
		}
		c, err := x.recoded.wholes(whole, values, other)
		return &value{codes: c}, err
	}
	c := &codes{column: x.columns[0], missing: other, other: other}
	seen := map[string]bool{}
	for k, key := range keys {
		switch {
		case seen[key]:
			return nil, fmt.Errorf("the key %s is there twice", strconv.Quote(key))
		case math.IsInf(values[k], 0):
			return nil, fmt.Errorf("the key %s has the value %v", strconv.Quote(key), values[k])
		case key == "":
			c.missing = values[k]
		default:
			c.keys, c.values = append(c.keys, key), append(c.values, values[k])
		}
		seen[key] = true
	}
	if len(c.keys) == 0 && c.missing == 1 && c.other == 0 {
		return r.indicator(c.column)
	}
	return &value{codes: c}, nil
}
