package csv

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
)

// difference describes the first difference of two tables; "" when there is none.
func difference(got, want *table.Table) string {
	if !slices.Equal(got.Names(), want.Names()) {
		return fmt.Sprintf("names %q, want %q", got.Names(), want.Names())
	}
	for i, g := range got.Columns {
		w := want.Columns[i]
		if g.Kind != w.Kind || g.Len() != w.Len() {
			return fmt.Sprintf("column %q: %v of %d rows, want %v of %d", g.Name, g.Kind, g.Len(), w.Kind, w.Len())
		}
		if g.Kind == table.String && !slices.Equal(g.Dict, w.Dict) {
			return fmt.Sprintf("column %q: dictionary %q, want %q", g.Name, g.Dict, w.Dict)
		}
		for r := range g.Len() {
			same := g.Missing(r) == w.Missing(r)
			switch g.Kind {
			case table.Float64:
				a, b := g.Floats[r], w.Floats[r]
				same = same && (math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b))
			case table.Bool:
				same = same && g.Bools[r] == w.Bools[r]
			case table.String:
				same = same && g.Codes[r] == w.Codes[r]
			default:
				same = same && g.Ints[r] == w.Ints[r]
			}
			if !same {
				return fmt.Sprintf("column %q row %d: %q (missing %v), want %q (missing %v)", g.Name, r, g.Text(r), g.Missing(r), w.Text(r), w.Missing(r))
			}
		}
		if g.Nulls() != w.Nulls() || g.Valid != nil && g.Nulls() == 0 {
			return fmt.Sprintf("column %q: %d missing, want %d, none without need", g.Name, g.Nulls(), w.Nulls())
		}
	}
	return ""
}

func read(t interface{ Fatalf(string, ...any) }, input string, o *Options) *table.Table {
	got, _, err := Read(context.Background(), Bytes("test.csv", []byte(input)), o)
	if err != nil {
		t.Fatalf("%v\ninput: %q", err, input)
	}
	return got
}

// cells makes the values of a column: mostly of one kind, so that kinds are
// found at all, with what breaks the kind far in.
func cells(t *rapid.T, rows int) []string {
	families := [][]string{
		{"0", "1", "-7", "+3", "42", "123456789012", "9223372036854775807", "-9223372036854775808"},
		{"1.5", "-0.25", "1e3", ".5", "2.", "0.1234567890123456789", "inf", "3"},
		{"true", "False", "TRUE"},
		{"2024-01-31", "1999-12-31T23:59:59Z", "2020-02-29 12:00:00"},
		{"1/2/2006", "03/04/2020"}, {"1/2/2006", "12/31/1999"}, {"1/2/2006", "31/12/1999"},
		{"Jan 2, 2006", "Dec 31, 1999"},
		{"a", "b", "hello, world", "line\nbreak", `say "hi"`, " padded ", "ü", "01234", "--"},
	}
	breakers := []string{"", "NA", "nan", "NULL", "None", "#N/A", "?", "-", " 12 ", "9223372036854775808", "1e400", "x", "007", "9007199254740993", "4.5", "13/13/2013"}
	family := rapid.SampledFrom(families).Draw(t, "family")
	out := make([]string, rows)
	for i := range out {
		if rapid.IntRange(0, 9).Draw(t, "break") == 0 {
			out[i] = rapid.SampledFrom(breakers).Draw(t, "breaker")
		} else {
			out[i] = rapid.SampledFrom(family).Draw(t, "cell")
		}
	}
	return out
}

func field(t *rapid.T, s string) string {
	if strings.ContainsAny(s, ",\"\n") || rapid.IntRange(0, 7).Draw(t, "quote") == 0 {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// Any table reads as the reference reads it, wherever the chunks are cut.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cols, rows := rapid.IntRange(2, 5).Draw(t, "cols"), rapid.IntRange(0, 40).Draw(t, "rows")
		newline := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "newline")
		columns := make([][]string, cols)
		var b strings.Builder
		for i := range columns {
			columns[i] = cells(t, rows)
			fmt.Fprintf(&b, "%sc%d", map[bool]string{true: ",", false: ""}[i > 0], i)
		}
		b.WriteString(newline)
		for r := range rows {
			for i := range columns {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(field(t, columns[i][r]))
			}
			b.WriteString(newline)
		}
		want, err := reference(b.String())
		if err != nil {
			t.Fatalf("reference: %v\ninput: %q", err, b.String())
		}
		chunk := rapid.SampledFrom([]int{1, 7, 30, 100, 1 << 20}).Draw(t, "chunk")
		got := read(t, b.String(), &Options{Header: HeaderYes, Delimiter: ',', Chunk: chunk, Threads: 3})
		if d := difference(got, want); d != "" {
			t.Fatalf("%s\ninput: %q", d, b.String())
		}
	})
}
