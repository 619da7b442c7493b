package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/table"
)

// An InputError says which value of a raw row the model cannot take.
type InputError struct {
	Column string
	Row    int // from 0, and from 1 in the text; -1 where it is about the column
	Reason string
}

func (e *InputError) Error() string {
	if e.Row < 0 {
		return fmt.Sprintf("column %q %s", e.Column, e.Reason)
	}
	return fmt.Sprintf("column %q, row %d: %s", e.Column, e.Row+1, e.Reason)
}

// CheckInput returns the columns of a raw table that the model takes, in its
// order and in the types that it was trained with, or an *InputError. Columns
// that the model does not know are left out. A column that is not required and
// not there has missing values throughout.
func (m *Model) CheckInput(t *table.Table) (*table.Table, error) {
	out := &table.Table{Columns: make([]*table.Column, len(m.Inputs))}
	for j, in := range m.Inputs {
		var c *table.Column
		if j < len(t.Columns) && t.Columns[j].Name == in.Name {
			c = t.Columns[j]
		} else {
			c = t.Column(in.Name)
		}
		if c == nil {
			if err := m.absent(in, t.Names()); err != nil {
				return nil, err
			}
			c = missingColumn(in, t.Rows())
		}
		c, err := in.convert(c)
		if err != nil {
			return nil, err
		}
		out.Columns[j] = c
	}
	return out, nil
}

// absent says why a column that is not there cannot be done without. One that
// is not required still may be there under a misspelt name.
func (m *Model) absent(in Input, given []string) error {
	unknown := slices.DeleteFunc(slices.Clone(given), func(name string) bool {
		return name == m.Target || slices.ContainsFunc(m.Inputs, func(in Input) bool { return in.Name == name })
	})
	for _, near := range nearest.Names(in.Name, unknown, 1) {
		if in.Required || misspelt(in.Name, near) {
			return &InputError{in.Name, -1, fmt.Sprintf("is missing: did you mean it by %q?", near)}
		}
	}
	if in.Required {
		return &InputError{in.Name, -1, fmt.Sprintf("is missing: the model needs it, of type %s", in.Kind)}
	}
	return nil
}

// misspelt reports whether one of two near names must be the other: x1 and x2
// are two columns, and so are mass and biomass.
func misspelt(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, s)
	}
	return len(a) > 3 && len(b)-len(a) <= 1 && len(a)-len(b) <= 1 && digits(a) == digits(b)
}

func missingColumn(in Input, rows int) *table.Column {
	c := &table.Column{Name: in.Name, Kind: in.Kind, Valid: table.NewBitmap(rows)}
	switch in.Kind {
	case table.Float64:
		c.Floats = make([]float64, rows)
		for i := range c.Floats {
			c.Floats[i] = math.NaN()
		}
	case table.Bool:
		c.Bools = make([]bool, rows)
	case table.String:
		c.Codes, c.Dict = make([]uint32, rows), []string{""}
	default:
		c.Ints = make([]int64, rows)
	}
	return c
}

// convert returns a column in the type of the input. A file of few rows may show
// another than training's did: a column of yes, no and TRUE with TRUE alone in it.
func (in Input) convert(c *table.Column) (*table.Column, error) {
	if c.Kind == in.Kind {
		return c, nil
	}
	if in.Kind == table.Float64 && c.Kind == table.Int64 {
		return &table.Column{Name: in.Name, Kind: table.Float64, Floats: c.Numbers(), Valid: c.Valid}, nil
	}
	cells := make([]any, c.Len())
	for i := range cells {
		if c.Missing(i) {
			continue
		}
		switch c.Kind {
		case table.Bool:
			cells[i] = c.Bools[i]
		case table.Float64:
			cells[i] = c.Floats[i]
		case table.Int64:
			cells[i] = c.Ints[i]
		case table.Time:
			cells[i] = time.UnixMicro(c.Ints[i]).UTC()
		default:
			cells[i] = c.Text(i)
		}
	}
	return in.column(cells)
}

// FromJSON makes a raw table of decoded JSON: an object of values by column
// name, an array of such objects, an array of values in the order of Inputs, or
// an array of such arrays. Numbers may be float64 or json.Number.
func (m *Model) FromJSON(v any) (*table.Table, error) {
	switch v := v.(type) {
	case map[string]any:
		return m.fromObjects([]any{v})
	case []any:
		if len(v) == 0 {
			return nil, fmt.Errorf("no rows: want an object, an array of %d values, or an array of either", len(m.Inputs))
		}
		switch v[0].(type) {
		case map[string]any:
			return m.fromObjects(v)
		case []any:
			return m.fromArrays(v)
		}
		return m.fromArrays([]any{v})
	}
	return nil, fmt.Errorf("the row is a JSON %s: want an object of values by column name, an array of %d values, or an array of either", jsonType(v), len(m.Inputs))
}

func (m *Model) fromObjects(rows []any) (*table.Table, error) {
	cells := make([]any, len(m.Inputs)*len(rows))
	for i, r := range rows {
		row, ok := r.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("row %d is a JSON %s: want an object, as the first is", i+1, jsonType(r))
		}
		for j, in := range m.Inputs {
			v, ok := row[in.Name]
			if !ok {
				names := make([]string, 0, len(row))
				for name := range row {
					names = append(names, name)
				}
				sorting.Ordered(names)
				if err := m.absent(in, names); err != nil {
					return nil, err
				}
			}
			cells[j*len(rows)+i] = v
		}
	}
	return m.fromCells(cells, len(rows))
}

func (m *Model) fromArrays(rows []any) (*table.Table, error) {
	cells := make([]any, len(m.Inputs)*len(rows))
	for i, r := range rows {
		row, ok := r.([]any)
		switch {
		case !ok:
			return nil, fmt.Errorf("row %d is a JSON %s: want an array, as the first is", i+1, jsonType(r))
		case len(row) != len(m.Inputs):
			names := make([]string, len(m.Inputs))
			for j, in := range m.Inputs {
				names[j] = in.Name
			}
			return nil, fmt.Errorf("row %d has %d values: want %d, for %s", i+1, len(row), len(m.Inputs), strings.Join(names, ", "))
		}
		for j, v := range row {
			cells[j*len(rows)+i] = v
		}
	}
	return m.fromCells(cells, len(rows))
}

// fromCells makes a table of values, column after column.
func (m *Model) fromCells(cells []any, rows int) (*table.Table, error) {
	out := &table.Table{Columns: make([]*table.Column, len(m.Inputs))}
	for j, in := range m.Inputs {
		c, err := in.column(cells[j*rows : (j+1)*rows])
		if err != nil {
			return nil, err
		}
		out.Columns[j] = c
	}
	return out, nil
}

// column makes a column of JSON-like values: nil is missing, and so is an empty
// string unless it is a category; a number or bool may be written as a string.
func (in Input) column(cells []any) (*table.Column, error) {
	c := missingColumn(in, len(cells))
	var codes map[string]uint32
	if in.Kind == table.String {
		c.Dict = make([]string, 0, 1)
		codes = make(map[string]uint32, 1)
	}
	for i, v := range cells {
		if v == nil || v == "" && !slices.Contains(in.Values, "") {
			continue
		}
		var ok bool
		switch in.Kind {
		case table.Float64:
			c.Floats[i], ok = number(v)
			ok = ok && !math.IsNaN(c.Floats[i])
		case table.Int64:
			c.Ints[i], ok = whole(v)
			if !ok {
				if _, isNumber := number(v); isNumber { // 2.5 for a column of whole numbers
					return Input{Name: in.Name, Kind: table.Float64}.column(cells)
				}
			}
		case table.Bool:
			c.Bools[i], ok = truth(v)
		case table.Time:
			c.Ints[i], ok = moment(v)
		default:
			var text string
			if text, ok = words(v); ok {
				code, known := codes[text]
				if !known {
					category := in.category(v, text)
					if code, known = codes[category]; !known {
						code = uint32(len(c.Dict))
						c.Dict = append(c.Dict, category)
					}
					codes[category], codes[text] = code, code
				}
				c.Codes[i] = code
			}
		}
		if !ok {
			return nil, &InputError{in.Name, i, fmt.Sprintf("%s is no %s", shown(v), wanted(in.Kind))}
		}
		c.Valid.Set(i)
	}
	if len(c.Dict) == 0 && in.Kind == table.String {
		c.Dict = append(c.Dict, "")
	}
	if c.Valid.Count(len(cells)) == len(cells) {
		c.Valid = nil
	}
	return c, nil
}

// category is how training wrote a value that came as no text: 1 may be "1.0"
// there, and true "TRUE". It is text where training did not have the value.
func (in Input) category(v any, text string) string {
	if _, isText := v.(string); isText || slices.Contains(in.Values, text) {
		return text
	}
	if k := slices.IndexFunc(in.Values, func(category string) bool { return says(category, v) }); k >= 0 {
		return in.Values[k]
	}
	return text
}
