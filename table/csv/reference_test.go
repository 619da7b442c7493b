package csv

import (
	stdcsv "encoding/csv"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/table"
)

// reference is the plain reader that the fast one is tested against: standard
// library parsers, one value at a time, kinds by trying each on the whole
// column. It reads comma-separated text with a header and strict quotes.
func reference(input string) (*table.Table, error) {
	quoted := quotedFields(input)
	r := stdcsv.NewReader(strings.NewReader(input))
	names, err := r.Read()
	if err != nil {
		return nil, err
	}
	columns := make([][]value, len(names))
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for i, f := range record {
			line, col := r.FieldPos(i)
			columns[i] = append(columns[i], value{text: f, quoted: quoted[[2]int{line, col}]})
		}
	}
	out := make([]*table.Column, len(names))
	for i, name := range names {
		out[i] = refColumn(name, columns[i])
	}
	return table.New(out...)
}

type value struct {
	text   string
	quoted bool
}

func (v value) trimmed() string { return strings.Trim(v.text, " \t") }
func (v value) weak() bool      { return v.trimmed() == "None" || v.trimmed() == "#N/A" }
func (v value) missing() bool {
	switch t := v.trimmed(); {
	case t == "", t == "NA", t == "?", t == "-", v.weak():
		return true
	default:
		return strings.EqualFold(t, "nan") || strings.EqualFold(t, "null") || strings.EqualFold(t, "n/a")
	}
}

// quotedFields lists the positions, line and column from 1, of fields in quotes.
func quotedFields(s string) map[[2]int]bool {
	out := map[[2]int]bool{}
	line, col, start, inside := 1, 1, true, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' && start:
			out[[2]int{line, col}] = true
			inside, start = true, false
		case c == '"' && inside && i+1 < len(s) && s[i+1] == '"':
			i++
			col++
		case c == '"':
			inside = false
		default:
			start = !inside && (c == ',' || c == '\n')
		}
		if col++; c == '\n' {
			line, col = line+1, 1
		}
	}
	return out
}

var (
	intText   = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)$`)
	floatText = regexp.MustCompile(`(?i)^[+-]?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity)$`)
	layouts   = []string{"2006-01-02", "2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05", "1/2/2006", "2/1/2006", "Jan 2, 2006"}
	families  = [][]int{{0, 1, 2}, {3}, {4}, {5}} // layouts that may stand in one column
)

func refColumn(name string, values []value) *table.Column {
	floats := func(convert func(string) (float64, bool)) *table.Column {
		c := &table.Column{Name: name, Kind: table.Float64, Floats: make([]float64, len(values))}
		for i, v := range values {
			if v.missing() {
				c.SetMissing(i)
				continue
			}
			f, ok := convert(v.trimmed())
			if !ok {
				return nil
			}
			c.Floats[i] = f
			if math.IsNaN(f) {
				c.SetMissing(i)
			}
		}
		return c
	}
	ints := func(kind table.Kind, convert func(string) (int64, bool)) *table.Column {
		c := &table.Column{Name: name, Kind: kind, Ints: make([]int64, len(values))}
		for i, v := range values {
			if v.missing() {
				c.SetMissing(i)
				continue
			}
			n, ok := convert(v.trimmed())
			if !ok {
				return nil
			}
			c.Ints[i] = n
		}
		return c
	}
	some, quotedMarker, allInts := false, false, true
	for _, v := range values {
		some = some || !v.missing()
		quotedMarker = quotedMarker || v.missing() && v.quoted && v.text != ""
		allInts = allInts && (v.missing() || intText.MatchString(v.trimmed()))
	}
	if !some && !quotedMarker {
		return floats(func(string) (float64, bool) { return 0, false })
	}
	if some {
		if c := ints(table.Int64, func(s string) (int64, bool) {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, err == nil && intText.MatchString(s)
		}); c != nil {
			return c
		}
		if !allInts {
			if c := floats(func(s string) (float64, bool) {
				if !floatText.MatchString(s) {
					return 0, false
				}
				f, err := strconv.ParseFloat(s, 64)
				if err != nil {
					f = math.NaN()
				}
				return f, true
			}); c != nil {
				return c
			}
		}
		if c := refBools(name, values); c != nil {
			return c
		}
		for _, family := range families {
			if c := ints(table.Time, func(s string) (int64, bool) {
				for _, l := range family {
					if t, err := time.Parse(layouts[l], s); err == nil {
						return t.UnixMicro(), true
					}
				}
				return 0, false
			}); c != nil {
				return c
			}
		}
	}
	return refStrings(name, values)
}

func refBools(name string, values []value) *table.Column {
	c := &table.Column{Name: name, Kind: table.Bool, Bools: make([]bool, len(values))}
	for i, v := range values {
		switch t := v.trimmed(); {
		case v.missing():
			c.SetMissing(i)
		case strings.EqualFold(t, "true"):
			c.Bools[i] = true
		case !strings.EqualFold(t, "false"):
			return nil
		}
	}
	return c
}

func refStrings(name string, values []value) *table.Column {
	c := &table.Column{Name: name, Kind: table.String, Codes: make([]uint32, len(values))}
	index := map[string]uint32{}
	for i, v := range values {
		if v.missing() && (!v.quoted && !v.weak() || v.text == "") {
			c.SetMissing(i)
			continue
		}
		code, ok := index[v.text]
		if !ok {
			code = uint32(len(c.Dict))
			index[v.text] = code
			c.Dict = append(c.Dict, v.text)
		}
		c.Codes[i] = code
	}
	return c
}
