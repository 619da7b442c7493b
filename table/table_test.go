package table

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func example(t *testing.T) *Table {
	t.Helper()
	at := time.Date(2024, 2, 29, 12, 0, 0, 500_000_000, time.UTC)
	out, err := New(
		FloatColumn("f", []float64{1.5, math.NaN(), -2}),
		IntColumn("i", []int64{1, 2, 3}),
		BoolColumn("b", []bool{true, false, true}),
		StringColumn("s", []string{"x", "y", "x"}),
		TimeColumn("t", []time.Time{at, at.Add(time.Hour), at}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range out.Columns[1:] {
		c.SetMissing(2)
	}
	return out
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		columns []*Column
		want    string
	}{
		{[]*Column{IntColumn("a", []int64{1}), IntColumn("b", nil)}, `column "b" has 0 rows, column "a" has 1`},
		{[]*Column{IntColumn("a", nil), BoolColumn("a", nil)}, `column "a" appears twice`},
	} {
		if _, err := New(c.columns...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestText(t *testing.T) {
	for name, want := range map[string][]string{
		"f": {"1.5", "", "-2"}, "i": {"1", "2", ""}, "b": {"true", "false", ""}, "s": {"x", "y", ""},
		"t": {"2024-02-29T12:00:00.5Z", "2024-02-29T13:00:00.5Z", ""},
	} {
		c := example(t).Column(name)
		if got := c.Strings(); !slices.Equal(got, want) {
			t.Errorf("column %s: %q, want %q", name, got, want)
		}
		if c.Nulls() != 1 {
			t.Errorf("column %s: %d nulls", name, c.Nulls())
		}
	}
}

func TestNumbers(t *testing.T) {
	in := example(t)
	for name, want := range map[string][]float64{"f": {1.5, math.NaN(), -2}, "i": {1, 2, math.NaN()}, "b": {1, 0, math.NaN()}} {
		for i, v := range in.Column(name).Numbers() {
			if v != want[i] && !(math.IsNaN(v) && math.IsNaN(want[i])) {
				t.Errorf("column %s, row %d: %v, want %v", name, i, v, want[i])
			}
		}
	}
	if got := in.Column("t").Numbers()[1] - in.Column("t").Numbers()[0]; got != 3600e6 {
		t.Errorf("an hour is %v microseconds", got)
	}
	if in.Column("s").Numbers() != nil {
		t.Error("strings have numbers")
	}
}

func TestTake(t *testing.T) {
	in := example(t)
	got := in.Take([]int{2, 0, 0})
	for j, want := range [][]string{{"-2", "1.5", "1.5"}, {"", "1", "1"}, {"", "true", "true"}, {"", "x", "x"}} {
		if text := got.Columns[j].Strings(); !slices.Equal(text, want) {
			t.Errorf("column %s: %q, want %q", got.Columns[j].Name, text, want)
		}
	}
	if full := in.Take([]int{0}); full.Columns[1].Valid != nil {
		t.Error("rows that all have a value kept a validity")
	}
	if rows := in.Take(nil).Rows(); rows != 0 {
		t.Errorf("no rows are %d", rows)
	}
}

func TestSelectWithWithout(t *testing.T) {
	in := example(t)
	s, err := in.Select("s", "f")
	if err != nil || !slices.Equal(s.Names(), []string{"s", "f"}) {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := in.Select("nowhere"); err == nil || !strings.Contains(err.Error(), `no column "nowhere"`) {
		t.Errorf("error %v", err)
	}
	w, err := in.With(IntColumn("f", []int64{7, 8, 9}), IntColumn("new", []int64{1, 2, 3}))
	if err != nil || !slices.Equal(w.Names(), []string{"f", "i", "b", "s", "t", "new"}) || w.Columns[0].Kind != Int64 || in.Columns[0].Kind != Float64 {
		t.Errorf("%v, %v", w, err)
	}
	if _, err := in.With(IntColumn("short", nil)); err == nil {
		t.Error("a column of another length was added")
	}
	if got := in.Without("i", "s").Names(); !slices.Equal(got, []string{"f", "b", "t"}) {
		t.Errorf("%v", got)
	}
	if in.Column("f").Renamed("g").Name != "g" || in.Column("f") == nil {
		t.Error("renamed")
	}
}

func TestSchemaJSON(t *testing.T) {
	b, err := json.Marshal(example(t).Schema())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"name":"f","type":"float64"},{"name":"i","type":"int64"},{"name":"b","type":"bool"},{"name":"s","type":"string"},{"name":"t","type":"time"}]`
	if string(b) != want {
		t.Errorf("%s", b)
	}
	var s Schema
	if err := json.Unmarshal(b, &s); err != nil || !slices.Equal(s, example(t).Schema()) {
		t.Errorf("%v, %v", s, err)
	}
	if err := json.Unmarshal([]byte(`[{"name":"f","type":"int"}]`), &s); err == nil {
		t.Error("an unknown type was read")
	}
}

func TestConcat(t *testing.T) {
	in := example(t)
	other, _ := New(in.Columns[0], in.Columns[1], in.Columns[2], StringColumn("s", []string{"z", "y", "z"}), in.Columns[4])
	got, err := Concat(in, other)
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Column("s"); !slices.Equal(s.Strings(), []string{"x", "y", "", "z", "y", "z"}) || !slices.Equal(s.Dict, []string{"x", "y", "z"}) {
		t.Errorf("%q of %q", s.Strings(), s.Dict)
	}
	if d := Difference(in, got.Take([]int{0, 1, 2})); d != "" {
		t.Error(d)
	}
	if _, err := Concat(in, in.Without("f")); err == nil {
		t.Error("tables of different schema were stacked")
	}
}

func TestDifference(t *testing.T) {
	in := example(t)
	if d := Difference(in, example(t)); d != "" {
		t.Error(d)
	}
	reordered := *in.Column("s")
	reordered.Dict, reordered.Codes = []string{"y", "x"}, []uint32{1, 0, 0}
	same, _ := in.With(&reordered)
	if d := Difference(in, same); d != "" {
		t.Error(d)
	}
	for name, c := range map[string]*Column{
		"f": FloatColumn("f", []float64{1.5, math.NaN(), math.Nextafter(-2, 0)}), "i": IntColumn("i", []int64{1, 2, 0}),
		"b": BoolColumn("b", []bool{true, true, true}), "s": StringColumn("s", []string{"x", "y", "x"}), "t": IntColumn("t", []int64{1, 2, 3}),
	} {
		other, err := in.With(c)
		if err != nil {
			t.Fatal(err)
		}
		if d := Difference(in, other); !strings.Contains(d, name) {
			t.Errorf("column %s: %q", name, d)
		}
	}
	if Difference(in, in.Without("f")) == "" {
		t.Error("a column less is no difference")
	}
}

// TestTakeMany takes so many values that columns are taken side by side.
func TestTakeMany(t *testing.T) {
	const n = 40_000
	floats, ints, rows := make([]float64, n), make([]int64, n), make([]int, n)
	for i := range n {
		floats[i], ints[i], rows[i] = float64(i), int64(-i), i*7919%n
		if i%3 == 0 {
			floats[i] = math.NaN()
		}
	}
	in, err := New(FloatColumn("f", floats), IntColumn("i", ints))
	if err != nil {
		t.Fatal(err)
	}
	got := in.Take(rows)
	for i, r := range rows {
		f, k := got.Columns[0], got.Columns[1]
		if f.Missing(i) != (r%3 == 0) || r%3 != 0 && f.Floats[i] != float64(r) || k.Ints[i] != int64(-r) {
			t.Fatalf("row %d: %v %v, want row %d", i, f.Floats[i], k.Ints[i], r)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a row that is not there was taken")
		}
	}()
	rows[5] = n
	in.Take(rows)
}
