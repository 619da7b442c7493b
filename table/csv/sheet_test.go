package csv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

// Columns that widen, begin late or have gaps, in files whose first chunk says
// too few rows, too many, or about what there are, are what they are in one
// chunk, where nothing has a place that was guessed.
func TestSheet(t *testing.T) {
	row := func(i, n int) string {
		wide, late, gap := fmt.Sprint(i), "", fmt.Sprintf("2024-01-%02d", i%28+1)
		if i > n/2 {
			wide, late = fmt.Sprint(float64(i)+0.5), fmt.Sprint(i)
		}
		if i%7 == 0 {
			gap = ""
		}
		return wide + "," + late + "," + gap
	}
	for name, pad := range map[string]func(i, n int) string{
		"even":              func(int, int) string { return "" },
		"shorter, then":     func(i, n int) string { return strings.Repeat(" ", 40*min(1, (n-i)*10/n)) },
		"longer, then":      func(i, n int) string { return strings.Repeat(" ", 40*min(1, i*10/n)) },
		"much longer, then": func(i, n int) string { return strings.Repeat(" ", 400*min(1, i*10/n)) },
	} {
		const n = 3000
		text := "wide,late,gap\n"
		for i := range n {
			text += pad(i, n) + row(i, n) + "\n"
		}
		want := read(t, text, &Options{Chunk: 1 << 20})
		if d := difference(read(t, text, &Options{Chunk: 2000, Threads: 3}), want); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if w := want.Columns[0]; w.Kind != table.Float64 || w.Floats[1] != 1 || w.Floats[n-1] != n-0.5 {
			t.Errorf("%s: column wide is %v from %v to %v", name, w.Kind, w.Floats[1], w.Floats[n-1])
		}
	}
}
