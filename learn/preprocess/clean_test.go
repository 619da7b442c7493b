package preprocess

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/table"
)

func transform(t *testing.T, spec Spec, train, test *table.Table) (*Graph, *table.Table) {
	t.Helper()
	g, _, err := Fit(context.Background(), train, nil, nil, spec)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Transform(test)
	if err != nil {
		t.Fatal(err)
	}
	return g, out
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		want   []string
		notes  string
	}{
		{"ISO", []string{"2024-02-03", "2024-02-03T04:05:06Z", "2024-02-03 04:05", "2024-02-03T04:05:06+02:00"},
			[]string{"2024-02-03T00:00:00Z", "2024-02-03T04:05:06Z", "2024-02-03T04:05:00Z", "2024-02-03T02:05:06Z"}, "parsed as dates"},
		{"failures", []string{"2024-02-03", "never", "2024-13-01", "2024-02-04"},
			[]string{"2024-02-03T00:00:00Z", "", "", "2024-02-04T00:00:00Z"}, "parsed as dates: 2 of 4 values are none, and missing now"},
		{"day first", []string{"03/04/2024", "25/12/2023", "1/2/2023"}, []string{"2024-04-03T00:00:00Z", "2023-12-25T00:00:00Z", "2023-02-01T00:00:00Z"}, ""},
		{"month first", []string{"03/04/2024", "12/25/2023"}, []string{"2024-03-04T00:00:00Z", "2023-12-25T00:00:00Z"}, ""},
		{"one digit", []string{"3/4/2024", "25/1/2023", "1.2.2023"}, []string{"2024-04-03T00:00:00Z", "2023-01-25T00:00:00Z", "2023-02-01T00:00:00Z"}, ""},
		{"one digit, month first", []string{"3/4/2024", "1/25/2023"}, []string{"2024-03-04T00:00:00Z", "2023-01-25T00:00:00Z"}, ""},
		{"words", []string{"3 Feb 2024", "Feb 3, 2024", "3 February 2024"}, []string{"2024-02-03T00:00:00Z", "2024-02-03T00:00:00Z", "2024-02-03T00:00:00Z"}, ""},
		{"no dates", []string{"Smith", "Jones", "2024-01-01"}, []string{"Smith", "Jones", "2024-01-01"}, "not parsed as dates: 2 of 3 values are none"},
	} {
		data := &table.Table{Columns: []*table.Column{table.StringColumn("Update_DATE", c.values), table.StringColumn("other", c.values)}}
		g, out := transform(t, &Dates{}, data, data)
		if got := out.Columns[0].Strings(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if out.Columns[1].Kind != table.String {
			t.Errorf("%s: a column of another name was parsed", c.name)
		}
		if got := g.Notes()[0].Text; !strings.Contains(got, c.notes) {
			t.Errorf("%s: note %q, want %q", c.name, got, c.notes)
		}
	}
	// Served rows may write a date in a way that training did not: it is read
	// where it leaves nothing open.
	dayFirst := &table.Table{Columns: []*table.Column{table.StringColumn("date", []string{"25/12/2023", "3/4/2024"})}}
	year := &table.Table{Columns: []*table.Column{table.StringColumn("date", []string{"2023-12-25", "2024-04-03"})}}
	served := []string{"2024-04-03", "3/4/2024 1:02 PM", "April 3, 2024"}
	for _, c := range []struct {
		training *table.Table
		want     []string
	}{
		{dayFirst, []string{"2024-04-03T00:00:00Z", "2024-04-03T13:02:00Z", "2024-04-03T00:00:00Z"}},
		{year, []string{"2024-04-03T00:00:00Z", "", "2024-04-03T00:00:00Z"}},
	} {
		_, out := transform(t, &Dates{}, c.training, &table.Table{Columns: []*table.Column{table.StringColumn("date", served)}})
		if got := out.Columns[0].Strings(); !slices.Equal(got, c.want) {
			t.Errorf("served: %q, want %q", got, c.want)
		}
	}
	compact := &table.Table{Columns: []*table.Column{table.IntColumn("date", []int64{20240131, 19991231}), table.IntColumn("updates", []int64{3, 20240131})}}
	_, out := transform(t, &Dates{}, compact, compact)
	if got := out.Columns[0].Text(1); got != "1999-12-31T00:00:00Z" || out.Columns[1].Kind != table.Int64 {
		t.Errorf("whole numbers: %q, and %v", got, out.Columns[1].Kind)
	}
}

func TestTidy(t *testing.T) {
	// The second is an e and a combining accent, the third is of spaces only.
	data := &table.Table{Columns: []*table.Column{table.StringColumn("s", []string{"  New \t York\n", "Cafe\u0301", " \u00a0 ", "Café", "bad\xff"})}}
	g, out := transform(t, &Tidy{}, data, data)
	if got := out.Columns[0].Strings(); !slices.Equal(got, []string{"New York", "Café", "", "Café", "bad\uFFFD"}) || !out.Columns[0].Missing(2) {
		t.Errorf("%q", got)
	}
	if n := g.Notes()[0]; n.Rows != 4 {
		t.Errorf("note %v, want one of 4 rows", n)
	}
	if len(out.Columns[0].Dict) != 3 {
		t.Errorf("dictionary %q, want equal texts once", out.Columns[0].Dict)
	}
	_, out = transform(t, &Tidy{Lower: true}, data, data)
	if got := out.Columns[0].Text(0); got != "new york" {
		t.Errorf("%q", got)
	}
}

func TestCapKeepsFlags(t *testing.T) {
	flag, v := make([]int64, 1000), make([]float64, 1000)
	flag[3] = 1
	for i := range v {
		v[i] = float64(i)
	}
	v[7], v[8] = math.Inf(1), math.NaN()
	data := &table.Table{Columns: []*table.Column{table.IntColumn("flag", flag), table.FloatColumn("v", v)}}
	g, out := transform(t, &Cap{}, data, data)
	if got := out.Columns[0].Text(3); got != "1" {
		t.Errorf("a rare flag was capped to %s", got)
	}
	if got := out.Columns[1].Floats; !(got[7] < 999 && got[7] > 980) || !math.IsNaN(got[8]) {
		t.Errorf("infinity became %v, missing %v", got[7], got[8])
	}
	if len(g.Notes()) != 1 || g.Notes()[0].Rows == 0 {
		t.Errorf("notes %v", g.Notes())
	}
}

func TestInliers(t *testing.T) {
	v := []float64{1, 2, 3, 4, 5, 6, 7, 8, 100, math.NaN(), -90}
	data := &table.Table{Columns: []*table.Column{table.FloatColumn("v", v), table.StringColumn("s", make([]string, len(v)))}}
	kept, err := Inliers(data, 0)
	if err != nil || !slices.Equal(kept, []int{0, 1, 2, 3, 4, 5, 6, 7, 9}) {
		t.Errorf("kept %v %v", kept, err)
	}
	if _, err := Inliers(data, -1); err == nil {
		t.Error("a factor of -1 is accepted")
	}
	if _, err := Inliers(data, 1, "s"); err == nil {
		t.Error("a string column has outliers")
	}
}

func TestDrop(t *testing.T) {
	sparse := table.FloatColumn("sparse", []float64{1, math.NaN(), math.NaN(), 2})
	data := &table.Table{Columns: []*table.Column{sparse, table.BoolColumn("same", make([]bool, 4)),
		table.StringColumn("blank", []string{"x", "x", "x", "x"}), table.IntColumn("told", []int64{1, 2, 3, 4}), table.IntColumn("kept", []int64{1, 2, 3, 4})}}
	data.Column("blank").SetMissing(1)
	_, out := transform(t, &Drop{Columns: []string{"told"}, Constant: true, Missing: .4}, data, data)
	if got := out.Names(); !slices.Equal(got, []string{"blank", "kept"}) {
		t.Errorf("kept %v: a constant with blanks says something", got)
	}
	if got := Sparse(data, .4); !slices.Equal(got, []string{"sparse"}) {
		t.Errorf("sparse: %v", got)
	}
}

func TestIdentifier(t *testing.T) {
	n := 40
	data := mixed(t, n)
	for name, want := range map[string]bool{"code": true, "row_id": true, "note": false, "city": false, "price": false} {
		if got := Identifier(data.Column(name)); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]bool{"id": true, "ID": true, "user_id": true, "PassengerId": true, "paid": false, "humid": false, "Id": true, "d": false, "": false} {
		if got := namedID(name); got != want {
			t.Errorf("namedID(%q) = %v", name, got)
		}
	}
}
