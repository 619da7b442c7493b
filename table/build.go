package table

import (
	"math"
	"strconv"
	"time"
)

// FloatColumn makes a Float64 column; NaN marks a missing value.
func FloatColumn(name string, values []float64) *Column {
	c := &Column{Name: name, Kind: Float64, Floats: values}
	for i, v := range values {
		if math.IsNaN(v) {
			c.SetMissing(i)
		}
	}
	return c
}

// IntColumn makes an Int64 column without missing values.
func IntColumn(name string, values []int64) *Column {
	return &Column{Name: name, Kind: Int64, Ints: values}
}

// BoolColumn makes a Bool column without missing values.
func BoolColumn(name string, values []bool) *Column {
	return &Column{Name: name, Kind: Bool, Bools: values}
}

// StringColumn makes a String column without missing values.
func StringColumn(name string, values []string) *Column {
	c := &Column{Name: name, Kind: String, Codes: make([]uint32, len(values))}
	index := make(map[string]uint32)
	for i, v := range values {
		code, ok := index[v]
		if !ok {
			code = uint32(len(c.Dict))
			index[v] = code
			c.Dict = append(c.Dict, v)
		}
		c.Codes[i] = code
	}
	return c
}

// TimeColumn makes a Time column without missing values.
func TimeColumn(name string, values []time.Time) *Column {
	c := &Column{Name: name, Kind: Time, Ints: make([]int64, len(values))}
	for i, v := range values {
		c.Ints[i] = v.UnixMicro()
	}
	return c
}

// SetMissing marks row i as having no value. It is for building a column,
// before the column is shared.
func (c *Column) SetMissing(i int) {
	if c.Valid == nil {
		c.Valid = NewBitmap(c.Len())
		c.Valid.SetAll(c.Len())
	}
	c.Valid.Clear(i)
	switch c.Kind {
	case Float64:
		c.Floats[i] = math.NaN()
	case Bool:
		c.Bools[i] = false
	case String:
		c.Codes[i] = 0
	default:
		c.Ints[i] = 0
	}
}

// Numbers returns the column's values as float64: NaN where missing, 1 and 0
// for true and false, microseconds for times. A Float64 column's own slice is
// returned, not a copy. String columns have no numbers: the result is nil.
func (c *Column) Numbers() []float64 {
	switch c.Kind {
	case Float64:
		return c.Floats
	case String:
		return nil
	}
	out := make([]float64, c.Len())
	for i, v := range c.Ints {
		out[i] = float64(v)
	}
	for i, v := range c.Bools {
		if v {
			out[i] = 1
		}
	}
	if c.Valid != nil {
		for i := range out {
			if !c.Valid.Get(i) {
				out[i] = math.NaN()
			}
		}
	}
	return out
}

// Text formats the value of row i as it is written to CSV; "" when missing.
func (c *Column) Text(i int) string {
	if c.Missing(i) {
		return ""
	}
	switch c.Kind {
	case Float64:
		return FormatFloat(c.Floats[i])
	case Int64:
		return strconv.FormatInt(c.Ints[i], 10)
	case Bool:
		return strconv.FormatBool(c.Bools[i])
	case String:
		return c.Dict[c.Codes[i]]
	default:
		return time.UnixMicro(c.Ints[i]).UTC().Format(TimeLayout)
	}
}

// Strings returns every value as text, "" where missing.
func (c *Column) Strings() []string {
	out := make([]string, c.Len())
	for i := range out {
		out[i] = c.Text(i)
	}
	return out
}

// TimeLayout is how times are written as text, in UTC: RFC 3339 to the microsecond.
const TimeLayout = "2006-01-02T15:04:05.999999Z07:00"

// FormatFloat writes a number in the shortest form that reads back the same.
func FormatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
