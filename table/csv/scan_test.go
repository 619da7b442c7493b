package csv

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
)

// The parts of a plan, put together, are the table that Read reads.
func TestPartsAreTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 60).Draw(t, "rows")
		a, b := cells(t, rows), cells(t, rows)
		var text strings.Builder
		text.WriteString("a,b\n")
		for r := range rows {
			fmt.Fprintf(&text, "%s,%s\n", field(t, a[r]), field(t, b[r]))
		}
		o := &Options{Chunk: rapid.SampledFrom([]int{1, 20, 1000}).Draw(t, "chunk"), Threads: 2, Header: HeaderYes, Delimiter: ','}
		whole, report, err := Read(t.Context(), Bytes("in.csv", []byte(text.String())), o)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Scan(t.Context(), Bytes("in.csv", []byte(text.String())), o)
		if err != nil {
			t.Fatal(err)
		}
		report.Notes = slices.DeleteFunc(report.Notes, func(n Note) bool { return strings.HasPrefix(n.Text, "kept as text: ") }) // Read's alone
		if !slices.Equal(plan.Schema, whole.Schema()) || fmt.Sprint(plan.Report) != fmt.Sprint(*report) {
			t.Fatalf("plan %v %+v, want %v %+v", plan.Schema, plan.Report, whole.Schema(), *report)
		}
		size := rapid.IntRange(1, 70).Draw(t, "size")
		at := 0
		err = plan.Parts(t.Context(), size, func(part *table.Table) error {
			if part.Rows() != min(size, rows-at) {
				return fmt.Errorf("a part of %d rows at row %d of %d", part.Rows(), at, rows)
			}
			for i, c := range part.Columns {
				for r := range c.Len() {
					w := whole.Columns[i]
					if c.Kind != w.Kind || c.Missing(r) != w.Missing(at+r) || c.Text(r) != w.Text(at+r) {
						return fmt.Errorf("column %s row %d: %s, want %s", c.Name, at+r, c.Text(r), w.Text(at+r))
					}
				}
			}
			at += part.Rows()
			return nil
		})
		if err != nil || at != rows {
			t.Fatalf("%v, %d rows of %d\ninput %q", err, at, rows, text.String())
		}
	})
}

func TestPartsStop(t *testing.T) {
	plan, err := Scan(t.Context(), Bytes("x", []byte(numbers(1000))), &Options{Chunk: 100})
	if err != nil {
		t.Fatal(err)
	}
	stop, calls := errors.New("stop"), 0
	err = plan.Parts(t.Context(), 10, func(*table.Table) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls, want %v after 1", err, calls, stop)
	}
}

// anyTable makes a table of any values. With safe, no string column is such
// that it reads back as another kind, and none holds the empty string.
func anyTable(t *rapid.T) *table.Table {
	rows := rapid.IntRange(0, 12).Draw(t, "rows")
	cols := rapid.IntRange(1, 5).Draw(t, "cols")
	out := make([]*table.Column, cols)
	for i := range out {
		name := fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"c", "a,b", `q"`, "n\nl", " s "}).Draw(t, "name"), i)
		c := &table.Column{Name: name, Kind: rapid.SampledFrom([]table.Kind{table.Float64, table.Int64, table.Bool, table.String, table.Time}).Draw(t, "kind")}
		switch c.Kind {
		case table.Float64:
			c.Floats = make([]float64, rows)
			for r := range rows {
				c.Floats[r] = rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -3, 1e21, 1e300, math.Inf(1), math.Inf(-1), 5e-324})).Draw(t, "float")
			}
		case table.Int64:
			c.Ints = rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(t, "ints")
		case table.Bool:
			c.Bools = rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "bools")
		case table.Time:
			c.Ints = rapid.SliceOfN(rapid.Int64Range(-62135596800e6, 253402300799e6), rows, rows).Draw(t, "times")
		case table.String:
			texts := make([]string, rows)
			for r := range texts {
				texts[r] = rapid.OneOf(rapid.StringMatching(`[a-z ,;"'\r\n\t|ü0-9.-]{1,8}`),
					rapid.SampledFrom([]string{"NA", "-", "?", "nan", " ", "1", "true", "2024-01-31"})).Draw(t, "text")
			}
			c = table.StringColumn(name, texts)
		}
		out[i] = c
	}
	for _, c := range out {
		for r := range rows {
			if rapid.IntRange(0, 5).Draw(t, "missing") == 0 {
				c.SetMissing(r)
			}
		}
	}
	for i, c := range out { // the dictionary in order of first appearance, as it is read
		if c.Kind == table.String {
			out[i] = refStrings(c.Name, valuesOf(c))
		}
	}
	tab, err := table.New(out...)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func valuesOf(c *table.Column) []value {
	out := make([]value, c.Len())
	for r := range out {
		out[r] = value{text: c.Text(r), quoted: true}
	}
	return out
}

// What Write writes, Read reads, under any dialect, given the kinds.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := anyTable(t)
		o := &Options{Header: HeaderYes, Kinds: map[string]table.Kind{}, Delimiter: rapid.SampledFrom([]byte(",;\t|")).Draw(t, "delimiter"),
			Quote: rapid.SampledFrom([]byte(`"'`)).Draw(t, "quote"), Decimal: '.'}
		if o.Delimiter == ';' {
			o.Decimal = rapid.SampledFrom([]byte(".,")).Draw(t, "decimal")
		}
		for _, f := range tab.Schema() {
			o.Kinds[f.Name] = f.Kind
		}
		var b strings.Builder
		if err := Write(&b, tab, o); err != nil {
			t.Fatal(err)
		}
		if d := difference(read(t, b.String(), o), tab); d != "" {
			t.Fatalf("%s\ntext: %q", d, b.String())
		}
	})
}

// Without being told anything, Read reads what Write wrote, save the exceptions
// that Write lists.
func TestRoundTripUntold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := anyTable(t)
		var b strings.Builder
		if err := Write(&b, tab, nil); err != nil {
			t.Fatal(err)
		}
		got := read(t, b.String(), &Options{Header: HeaderYes, Delimiter: ',', Quote: '"'})
		for i, c := range tab.Columns {
			if c.Nulls() == c.Len() || c.Kind == table.String && got.Columns[i].Kind != table.String {
				got.Columns[i], tab.Columns[i] = nil, nil
			}
		}
		none := func(c *table.Column) bool { return c == nil }
		got.Columns, tab.Columns = slices.DeleteFunc(got.Columns, none), slices.DeleteFunc(tab.Columns, none)
		if d := difference(got, tab); d != "" {
			t.Fatalf("%s\ntext: %q", d, b.String())
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	tab, err := table.New(table.FloatColumn("a", []float64{1.5}))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Options{{Delimiter: '"'}, {Decimal: ','}, {Delimiter: 0xe9}} {
		wantProblem(t, Write(&strings.Builder{}, tab, o), BadOption)
	}
}
