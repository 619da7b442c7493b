package learntest

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/runnel-dev/runnel/learn"
)

// ReadCSV reads a small test data set: a header, numbers, and the target as the
// last column. Classes are in the order of their names. Anything wrong fails the test.
func ReadCSV(t testing.TB, path string, task learn.Task) (*learn.Matrix, *learn.Target) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil || len(lines) == 0 {
		t.Fatalf("%s: %d lines, %v", path, len(lines), err)
	}
	last := len(lines[0]) - 1
	number := func(row, field int) float64 {
		v, err := strconv.ParseFloat(lines[row+1][field], 64)
		if err != nil {
			t.Fatalf("%s: row %d: %v", path, row, err)
		}
		return v
	}
	x := &learn.Matrix{Names: lines[0][:last], Rows: len(lines) - 1}
	for j := range x.Names {
		col := make([]float64, x.Rows)
		for i := range col {
			col[i] = number(i, j)
		}
		x.Columns = append(x.Columns, col)
	}
	y := &learn.Target{Task: task}
	for i := range x.Rows {
		if task == learn.Regression {
			y.Values = append(y.Values, number(i, last))
		} else {
			y.Classes = append(y.Classes, lines[i+1][last])
		}
	}
	slices.Sort(y.Classes)
	y.Classes = slices.Compact(y.Classes)
	if task == learn.Classification {
		for i := range x.Rows {
			class, _ := slices.BinarySearch(y.Classes, lines[i+1][last])
			y.Labels = append(y.Labels, int32(class))
		}
	}
	return x, y
}
