package preprocess

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// everySpec is one or more specs of each kind, each of which fits any table of
// drawTable's schema.
func everySpec() []Spec {
	return []Spec{
		&Impute{}, &Impute{Numeric: "median", Categorical: "constant", Indicators: true},
		&Impute{Numeric: "mode", Categorical: "keep"}, &Impute{Numeric: "constant", Constant: -1},
		&Impute{Numeric: "knn", Neighbors: 2, Donors: 20}, &Impute{Numeric: "iterative", Iterations: 3},
		&OneHot{}, &OneHot{DropFirst: true, MaxCategories: 2, Missing: "category"}, &OneHot{Columns: []string{"i", "s"}},
		&Tidy{}, &Tidy{Lower: true}, &Dates{}, &Dates{Columns: []string{"s", "u_date", "d"}}, &DateParts{}, &DateParts{Parts: []string{"month", "week"}, Cyclic: true, Keep: true},
		&Drop{Constant: true, IDs: true, Missing: .5}, &Cap{}, &Cap{Method: "both", Quantile: .8}, &Cap{Method: "iqr"},
		&Bin{}, &Bin{Method: "width", Codes: true, Replace: true}, &Bin{Columns: []string{"f"}, Edges: []float64{-10, 0, 1000}, Labels: []string{"low", "high"}, Into: "z"},
		&Interact{Pairs: [][2]string{{"f", "i"}, {"b", "d"}}}, &Interact{Pairs: [][2]string{{"f", "g"}}, Op: "ratio"}, &Interact{Pairs: [][2]string{{"s", "i"}, {"s", "u_date"}}, Op: "concat"},
		&Cluster{}, &Cluster{Columns: []string{"f", "b"}, Clusters: 3, Output: "both", Into: "g"}, &Cluster{Clusters: 2, Output: "label", Unscaled: true},
		&PCA{}, &PCA{Columns: []string{"f", "i", "b"}, Components: 2, Keep: true, Into: "c"}, &PCA{Share: .5, Unscaled: true},
		&Ordinal{}, &Ordinal{Columns: []string{"s"}, Orders: map[string][]string{"s": {"x", "red"}}}, &Frequency{}, &TargetEncode{}, &TargetEncode{Smooth: 3, Folds: 2, Columns: []string{"s", "i"}},
		&Tfidf{}, &Tfidf{Columns: []string{"s"}, MaxFeatures: 3, Sublinear: true, StopWords: true, Stem: true, NGrams: 2}, &HashText{Features: 4, NGrams: 2},
		&Scale{}, &Scale{Method: "minmax"}, &Scale{Method: "robust"},
	}
}

var words = []string{"red", "green", "blue", "a red sea", " Blue ", "the running Dogs ran", "2024-02-03", "x"}

// drawTable draws a table with columns of every kind, missing values among them.
func drawTable(t *rapid.T, rows int) *table.Table {
	col := func(c *table.Column) *table.Column {
		for i := range c.Len() {
			if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
				c.SetMissing(i)
			}
		}
		return c
	}
	f, g, k := make([]float64, rows), make([]float64, rows), make([]int64, rows)
	b, s, u := make([]bool, rows), make([]string, rows), make([]string, rows)
	d := make([]time.Time, rows)
	for i := range rows {
		f[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "f")
		g[i] = float64(rapid.IntRange(-3, 3).Draw(t, "g"))
		k[i] = rapid.Int64Range(-5, 5).Draw(t, "i")
		b[i] = rapid.Bool().Draw(t, "b")
		s[i] = rapid.SampledFrom(words).Draw(t, "s")
		u[i] = rapid.SampledFrom(words).Draw(t, "u")
		d[i] = time.UnixMicro(rapid.Int64Range(-1e15, 4e15).Draw(t, "d")).UTC()
	}
	out, err := table.New(col(table.FloatColumn("f", f)), table.FloatColumn("g", g), col(table.IntColumn("i", k)),
		col(table.BoolColumn("b", b)), col(table.StringColumn("s", s)), table.StringColumn("u_date", u), col(table.TimeColumn("d", d)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// equal compares tables by bits, dictionaries aside. It returns the first difference.
func difference(a, b *table.Table) string {
	if !slices.Equal(a.Names(), b.Names()) {
		return fmt.Sprintf("columns %v and %v", a.Names(), b.Names())
	}
	if len(a.Columns) > 0 && a.Rows() != b.Rows() {
		return fmt.Sprintf("%d and %d rows", a.Rows(), b.Rows())
	}
	for j, x := range a.Columns {
		y := b.Columns[j]
		if x.Kind != y.Kind {
			return fmt.Sprintf("column %q is of type %v and %v", x.Name, x.Kind, y.Kind)
		}
		for i := range x.Len() {
			same := x.Missing(i) == y.Missing(i) && x.Text(i) == y.Text(i)
			if x.Kind == table.Float64 {
				same = x.Missing(i) == y.Missing(i) && math.Float64bits(x.Floats[i]) == math.Float64bits(y.Floats[i]) &&
					x.Missing(i) == math.IsNaN(x.Floats[i])
			}
			if !same {
				return fmt.Sprintf("column %q, row %d: %q and %q", x.Name, i, x.Text(i), y.Text(i))
			}
		}
	}
	return ""
}

func target(t *rapid.T, rows int) *learn.Target {
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, rows)}
	if rapid.Bool().Draw(t, "classes") {
		y = &learn.Target{Task: learn.Classification, Classes: []string{"a", "b", "c"}, Labels: make([]int32, rows)}
	}
	for i := range rows {
		if y.Task == learn.Classification {
			y.Labels[i] = rapid.Int32Range(0, 2).Draw(t, "label")
		} else {
			y.Values[i] = rapid.Float64Range(-10, 10).Draw(t, "y")
		}
	}
	return y
}

// throughJSON takes a state through its stored form.
func throughJSON(t interface{ Fatal(...any) }, s learn.State) learn.State {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var out learn.State
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	out.Tensors = s.Tensors
	return out
}

// TestEveryTransform checks what every transform promises, on any table: a row
// means the same alone as in a table and in any order, a restored transformer
// gives the same bits, no row is lost, and the input is not written to.
func TestEveryTransform(t *testing.T) {
	for i, spec := range everySpec() {
		t.Run(fmt.Sprintf("%d_%s", i, spec.Kind()), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				train, test := drawTable(t, rapid.IntRange(1, 30).Draw(t, "rows")), drawTable(t, rapid.IntRange(1, 12).Draw(t, "rows"))
				y := target(t, train.Rows())
				before := test.Take(upTo(test.Rows()))
				g, _, err := Fit(context.Background(), train, y, nil, spec)
				if err != nil {
					t.Fatal(err)
				}
				got, err := g.Transform(test)
				if err != nil {
					t.Fatal(err)
				}
				if d := difference(before, test); d != "" {
					t.Fatalf("the input was changed: %s", d)
				}
				if len(got.Columns) > 0 && got.Rows() != test.Rows() {
					t.Fatalf("%d rows became %d", test.Rows(), got.Rows())
				}
				restored, err := GraphFromState(throughJSON(t, g.State()))
				if err != nil {
					t.Fatal(err)
				}
				again, err := restored.Transform(test)
				if err != nil {
					t.Fatal(err)
				}
				if d := difference(got, again); d != "" {
					t.Fatalf("after a round trip: %s", d)
				}
				if !reflect.DeepEqual(g.Specs(), restored.Specs()) {
					t.Fatalf("specs %+v became %+v", g.Specs(), restored.Specs())
				}
				order := rapid.Permutation(upTo(test.Rows())).Draw(t, "order")
				permuted, err := g.Transform(test.Take(order))
				if err != nil {
					t.Fatal(err)
				}
				if d := difference(got.Take(order), permuted); d != "" {
					t.Fatalf("in the order %v: %s", order, d)
				}
				row := rapid.IntRange(0, test.Rows()-1).Draw(t, "row")
				one, err := g.Transform(test.Take([]int{row}))
				if err != nil {
					t.Fatal(err)
				}
				if d := difference(got.Take([]int{row}), one); d != "" {
					t.Fatalf("row %d alone: %s", row, d)
				}
				refitted, _, err := restored.Refit(context.Background(), train, y, &learn.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				if again, err = refitted.Transform(test); err != nil || difference(got, again) != "" {
					t.Fatalf("refitted on one thread: %v %s", err, difference(got, again))
				}
			})
		})
	}
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func TestSpecErrors(t *testing.T) {
	data, err := table.New(table.FloatColumn("age", []float64{1, 2}), table.StringColumn("city", []string{"a", "b"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{&Impute{Numeric: "meen"}, `numeric is "meen": want one of mean, median`},
		{&Impute{Columns: []string{"agee"}}, `no column "agee"; did you mean age?`},
		{&Scale{Columns: []string{"city"}}, `column "city" is of type string: want numbers`},
		{&OneHot{Columns: []string{"city", "city"}}, `column "city" is named twice`},
		{&OneHot{MaxCategories: -1}, `max_categories is -1: want 0 or more`},
	} {
		_, _, err := Fit(context.Background(), data, nil, nil, c.spec)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.spec, err, c.want)
		}
	}
}

// A column that would not fit into memory is an error that says what to do.
func TestTooWide(t *testing.T) {
	ids := make([]string, 30_000)
	for i := range ids {
		ids[i] = strconv.Itoa(i)
	}
	data := &table.Table{Columns: []*table.Column{table.StringColumn("id", ids)}}
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{&OneHot{}, `column "id" would become 30000 columns of 30000 rows, 6 GiB: set max_categories`},
		{&Tfidf{MaxFeatures: 30_000}, `columns of 30000 rows, 6 GiB: set a lower max_features`},
		{&HashText{Features: 1 << 16}, "65536 columns of 30000 rows, 14 GiB: set fewer features"},
	} {
		if _, err := c.spec.Fit(t.Context(), data, nil, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.spec.Kind(), err, c.want)
		}
	}
	if _, err := (&OneHot{MaxCategories: 10}).Fit(t.Context(), data, nil, nil); err != nil {
		t.Error(err)
	}
}
