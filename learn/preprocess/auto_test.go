package preprocess

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/table"
)

// mixed is a table of every kind of column that Auto tells apart.
func mixed(t testing.TB, n int) *table.Table {
	r := rand.New(rand.NewPCG(3, 4))
	id, city, few, note := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	row, same := make([]int64, n), make([]int64, n)
	price, empty := make([]float64, n), nans(n)
	flag, when := make([]bool, n), make([]time.Time, n)
	for i := range n {
		id[i] = fmt.Sprintf("A-%05d", i*7919%n)
		row[i], same[i] = int64(i), 3
		city[i] = fmt.Sprintf("city %d", r.IntN(30))
		few[i] = []string{"low", "mid", "high"}[r.IntN(3)]
		note[i] = fmt.Sprintf("the %s river runs past %s on day %d", few[i], city[i], i)
		price[i] = 100 * r.Float64()
		flag[i] = r.IntN(2) == 0
		when[i] = time.Unix(1.7e9+int64(r.IntN(1e8)), 0)
		if r.IntN(5) == 0 {
			price[i] = math.NaN()
		}
	}
	out, err := table.New(table.StringColumn("code", id), table.IntColumn("row_id", row), table.IntColumn("same", same), table.FloatColumn("empty", empty),
		table.StringColumn("city", city), table.StringColumn("few", few), table.StringColumn("note", note),
		table.FloatColumn("price", price), table.BoolColumn("flag", flag), table.TimeColumn("when", when))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAuto(t *testing.T) {
	data := mixed(t, 400)
	r := rand.New(rand.NewPCG(5, 6))
	y := &learn.Target{Task: learn.Regression, Values: make([]float64, 400)}
	for i := range y.Values {
		y.Values[i] = r.NormFloat64()
	}
	manyClasses := &learn.Target{Task: learn.Classification, Labels: make([]int32, 400)}
	for k := range mostClasses + 1 {
		manyClasses.Classes = append(manyClasses.Classes, fmt.Sprint("class ", k))
	}
	for i := range manyClasses.Labels {
		manyClasses.Labels[i] = int32(i % (mostClasses + 1))
	}
	notes := func(g *Graph) string {
		var s []string
		for _, n := range g.Notes() {
			s = append(s, n.String())
		}
		return strings.Join(s, "\n")
	}
	for _, c := range []struct {
		spec  *Auto
		y     *learn.Target
		has   []string
		lacks []string
		notes []string
	}{
		{&Auto{}, y, []string{"city", "few_low", "few_mid", "few_high", "note_river", "price", "flag", "when_year", "when_elapsed"},
			[]string{"code", "row_id", "same", "empty", "note", "when", "few"},
			[]string{"code: dropped: an identifier", "row_id: dropped: an identifier", "same: dropped: one value only", "empty: dropped: no values", "city: target encoding of 30 categories"}},
		{&Auto{}, nil, []string{"city"}, nil, []string{"city: frequency of 30 categories"}},
		{&Auto{}, manyClasses, []string{"city"}, []string{"city_class 0"}, []string{"city: frequency of 30 categories"}},
		{&Auto{Family: "linear"}, y, []string{"few_low", "few_mid", "price_missing", "when_month_sin"}, []string{"few_high", "when_month"}, nil},
		{&Auto{OneHot: 40}, y, []string{"city_city 7"}, []string{"city"}, nil},
	} {
		g, out, err := Fit(context.Background(), data, c.y, nil, c.spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range c.has {
			if out.Column(name) == nil {
				t.Errorf("%+v: no column %q in %v", c.spec, name, out.Names())
			}
		}
		for _, name := range c.lacks {
			if out.Column(name) != nil {
				t.Errorf("%+v: column %q is there", c.spec, name)
			}
		}
		for _, text := range c.notes {
			if !strings.Contains(notes(g), text) {
				t.Errorf("%+v: no note %q in\n%s", c.spec, text, notes(g))
			}
		}
		x, err := Matrix(out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.spec.Family != "linear" {
			continue
		}
		for j, col := range x.Columns {
			m, n := mean(col)
			if sd := math.Sqrt(variance(col, m)); n != 400 || math.Abs(m) > 1e-9 || math.Abs(sd-1) > 1e-9 && sd != 0 {
				t.Errorf("linear: %q has %d values of mean %v and deviation %v, want 400 of 0 and 1", x.Names[j], n, m, sd)
			}
		}
	}
	_, _, err := Fit(context.Background(), &table.Table{Columns: data.Columns[:4]}, y, nil, &Auto{})
	if err == nil || !strings.Contains(err.Error(), "no column is left to learn from: code: dropped: an identifier") {
		t.Errorf("error %v, want one that says why every column was dropped", err)
	}
}

// TestNoLeak fits on categories that say nothing of the target. Cross-fitted,
// they say nothing; by Transform on the rows of the fit they would seem to.
func TestNoLeak(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 2000
	values, y := make([]string, n), &learn.Target{Task: learn.Regression, Values: make([]float64, n)}
	for i := range n {
		values[i] = fmt.Sprint(r.IntN(n / 4))
		y.Values[i] = r.NormFloat64()
	}
	data := &table.Table{Columns: []*table.Column{table.StringColumn("c", values)}}
	f, fitted, err := (&TargetEncode{Smooth: 1e-9}).FitTransform(context.Background(), data, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	leaked, err := f.Transform(data)
	if err != nil {
		t.Fatal(err)
	}
	if c := correlation(fitted.Columns[0].Floats, y.Values); math.Abs(c) > .1 {
		t.Errorf("cross-fitted rows correlate with their target: %v", c)
	}
	if c := correlation(leaked.Columns[0].Floats, y.Values); c < .3 {
		t.Errorf("rows encoded by themselves correlate by only %v: the test shows nothing", c)
	}
}

func correlation(x, y []float64) float64 {
	mx, _ := mean(x)
	my, _ := mean(y)
	sum := 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / float64(len(x)) / math.Sqrt(variance(x, mx)*variance(y, my))
}

func TestMatrixAndTarget(t *testing.T) {
	two := []int64{1, 0, 1, 0, 1, 0, 1, 0}
	ratings := []int64{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}
	for _, c := range []struct {
		column *table.Column
		want   learn.Task
	}{
		{table.IntColumn("y", two), learn.Classification},
		{table.IntColumn("y", ratings), learn.Classification},
		{table.IntColumn("y", []int64{1, 2, 3, 4, 5, 6}), learn.Regression},
		{table.FloatColumn("y", []float64{0, 1, 1, 0, math.NaN()}), learn.Classification},
		{table.FloatColumn("y", []float64{0, 1, 1.5, 0}), learn.Regression},
		{table.StringColumn("y", []string{"1", "2"}), learn.Classification},
		{table.BoolColumn("y", []bool{true}), learn.Classification},
		{table.TimeColumn("y", []time.Time{{}}), learn.Regression},
	} {
		if got, why := DecideTask(c.column); got != c.want || why == "" {
			t.Errorf("%s %s: %s because %s, want %s", c.column.Kind, c.column.Strings(), got, why, c.want)
		}
	}
	s := table.StringColumn("s", []string{"b", "a", "", "b"})
	s.SetMissing(2)
	data, err := table.New(s, table.FloatColumn("v", []float64{1, math.Inf(1), math.NaN(), 4}), table.IntColumn("k", []int64{10, 9, 2, 10}))
	if err != nil {
		t.Fatal(err)
	}
	y, absent, err := Target(data, "s", learn.Classification, nil)
	if err != nil || !slices.Equal(y.Labels, []int32{1, 0, -1, 1}) || !slices.Equal(y.Classes, []string{"a", "b"}) || !slices.Equal(absent, []int{2}) {
		t.Errorf("classes: %+v %v %v", y, absent, err)
	}
	if kept := Without(4, absent); !slices.Equal(kept, []int{0, 1, 3}) {
		t.Errorf("kept %v", kept)
	}
	y, absent, err = Target(data, "v", learn.Regression, nil)
	if err != nil || y.Values[3] != 4 || !slices.Equal(absent, []int{1, 2}) {
		t.Errorf("values: %+v %v %v", y, absent, err)
	}
	y, _, err = Target(data, "k", learn.Classification, []string{"2.0", "9", "10"})
	if err != nil || !slices.Equal(y.Labels, []int32{2, 1, 0, 2}) {
		t.Errorf("numbers written otherwise: %+v %v", y, err)
	}
	if got := Classes(data.Column("k")); !slices.Equal(got, []string{"2", "9", "10"}) {
		t.Errorf("classes %v", got)
	}
	for want, call := range map[string]func() error{
		`no column "ss"; did you mean s?`:                     func() error { _, _, err := Target(data, "ss", learn.Regression, nil); return err },
		`target "s" is "b" in row 1: want one of the classes`: func() error { _, _, err := Target(data, "s", learn.Classification, []string{"a"}); return err },
		`column "s" is of type string: want numbers`:          func() error { _, _, err := Target(data, "s", learn.Regression, nil); return err },
		`task is "cluster"`:                                   func() error { _, _, err := Target(data, "s", "cluster", nil); return err },
		`encode it first`:                                     func() error { _, err := Matrix(data, nil); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	x, err := Matrix(data, Numeric(data))
	if err != nil || !slices.Equal(x.Names, []string{"v", "k"}) || x.Columns[1][1] != 9 {
		t.Errorf("matrix %+v %v", x, err)
	}
}

// TestDuplicates compares with rows as text.
func TestDuplicates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := learntest.Draw(t, rapid.IntRange(1, 20).Draw(t, "rows"))
		data = data.Take(rapid.SliceOfN(rapid.IntRange(0, data.Rows()-1), 0, 40).Draw(t, "take"))
		var want []int
		seen := map[string]bool{}
		for i := range data.Rows() {
			text := ""
			for _, c := range data.Columns {
				text += fmt.Sprintf("%v %q|", c.Missing(i), c.Text(i))
			}
			if !seen[text] {
				seen[text] = true
				want = append(want, i)
			}
		}
		if got := Duplicates(data); !slices.Equal(got, want) {
			t.Fatalf("kept %v, want %v", got, want)
		}
		var bySum []int
		met := map[RowSum]bool{}
		for i, s := range RowSums(data) {
			if !met[s] {
				met[s] = true
				bySum = append(bySum, i)
			}
		}
		if !slices.Equal(bySum, want) {
			t.Fatalf("by their sums kept %v, want %v", bySum, want)
		}
		// A part of a table has the sums that the table has, whatever its dictionaries.
		for i, s := range RowSums(data) {
			alone := make([]*table.Column, len(data.Columns))
			for j, c := range data.Columns {
				alone[j] = c.Take([]int{i})
				if c.Kind == table.String && !c.Missing(i) {
					alone[j] = table.StringColumn(c.Name, []string{c.Text(i)})
				}
			}
			if got := RowSums(&table.Table{Columns: alone})[0]; got != s {
				t.Fatalf("row %d: sum %x alone, %x in the table", i, got, s)
			}
		}
	})
}

// TestDuplicatesHoldAgainstMadeUpRows checks that nobody can make up a table all
// of whose rows have one hash, with which each would be compared to all before it.
func TestDuplicatesHoldAgainstMadeUpRows(t *testing.T) {
	a, b := make([]int64, 1000), make([]int64, 1000)
	for i := range a {
		a[i], b[i] = int64(i), int64(mix(uint64(i)))
	}
	hashes := rowHashes(&table.Table{Columns: []*table.Column{table.IntColumn("a", a), table.IntColumn("b", b)}})
	slices.Sort(hashes)
	if n := len(slices.Compact(hashes)); n < 990 {
		t.Errorf("%d hashes of 1000 different rows", n)
	}
}

// TestSelectLong selects from slices that are long enough to be sampled.
func TestSelectLong(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for name, value := range map[string]func(i int) float64{
		"random": func(int) float64 { return r.NormFloat64() }, "ascending": func(i int) float64 { return float64(i) }, "descending": func(i int) float64 { return float64(-i) },
		"constant": func(int) float64 { return 1 }, "few": func(int) float64 { return float64(r.IntN(3)) }, "organ pipe": func(i int) float64 { return math.Abs(float64(i - 2500)) },
	} {
		v := make([]float64, 5000)
		for i := range v {
			v[i] = value(i)
		}
		sorted := slices.Sorted(slices.Values(v))
		for _, n := range []int{0, 1, 49, 2500, 4950, 4998, 4999} {
			w := slices.Clone(v)
			selectNth(w, n)
			if w[n] != sorted[n] || slices.Max(w[:n+1]) != w[n] || slices.Min(w[n:]) != w[n] {
				t.Errorf("%s: %d is %v, want %v with the others to its sides", name, n, w[n], sorted[n])
			}
		}
	}
}

func TestQuantilesAgainstSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-20, 20).Draw(t, "v")) }), 1, 300).Draw(t, "values")
		qs := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 4).Draw(t, "qs")
		slices.Sort(qs)
		sorted := slices.Sorted(slices.Values(v))
		for i, got := range quantiles(v, qs...) {
			at := float64(len(sorted)-1) * qs[i]
			lo := int(at)
			if want := lerp(sorted[lo], sorted[min(lo+1, len(sorted)-1)], at-float64(lo)); got != want {
				t.Fatalf("quantile %v is %v, want %v", qs[i], got, want)
			}
		}
	})
}
