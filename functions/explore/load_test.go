package explore

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// load reads an example: a column is whole numbers, numbers, true and false, or text.
func load(t testing.TB, name string) *table.Table {
	t.Helper()
	f, err := os.Open("../../examples/" + name + "/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var columns []*table.Column
	for j, head := range records[0] {
		texts := make([]string, 0, len(records))
		for _, r := range records[1:] {
			texts = append(texts, r[j])
		}
		columns = append(columns, parse(head, texts))
	}
	tbl, err := table.New(columns...)
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

func parse(name string, texts []string) *table.Column {
	ints, floats, bools := make([]int64, len(texts)), make([]float64, len(texts)), make([]bool, len(texts))
	isInt, isFloat, isBool := true, true, true
	for i, s := range texts {
		if s == "" {
			floats[i] = math.NaN()
			continue
		}
		var errInt, errFloat error
		ints[i], errInt = strconv.ParseInt(s, 10, 64)
		floats[i], errFloat = strconv.ParseFloat(s, 64)
		bools[i] = s == "True"
		isInt, isFloat, isBool = isInt && errInt == nil, isFloat && errFloat == nil, isBool && (s == "True" || s == "False")
	}
	c := table.StringColumn(name, texts)
	switch {
	case isBool:
		c = table.BoolColumn(name, bools)
	case isInt:
		c = table.IntColumn(name, ints)
	case isFloat:
		c = table.FloatColumn(name, floats)
	}
	for i, s := range texts {
		if s == "" {
			c.SetMissing(i)
		}
	}
	return c
}
