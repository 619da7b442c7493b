package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

func TestAgainstPandas(t *testing.T) {
	b, err := os.ReadFile("testdata/pandas.json")
	if err != nil {
		t.Fatal(err)
	}
	var columns []struct {
		Name                       string
		Values                     []*float64
		Count, Nulls, Distinct     int64
		Mean, Var, Std, Skew, Kurt *float64
		Min, Max                   *float64
		Q                          []float64
		Quantiles                  []*float64
		Top                        [][2]float64
		Edges                      []float64
		Histogram                  []float64
	}
	if err := json.Unmarshal(b, &columns); err != nil {
		t.Fatal(err)
	}
	for _, want := range columns {
		t.Run(want.Name, func(t *testing.T) {
			values := make([]float64, len(want.Values))
			for i, v := range want.Values {
				values[i] = orNaN(v)
			}
			in, _ := table.New(table.FloatColumn(want.Name, values))
			opts := &Options{}
			if want.Edges != nil {
				opts.Ranges = map[string]Range{want.Name: {want.Edges[0], want.Edges[5], 5}}
			}
			c := Of(in, opts).Columns[0]
			if c.Count != want.Count || c.Nulls != want.Nulls || c.Distinct() != float64(want.Distinct) {
				t.Errorf("%d values, %d nulls, %v distinct", c.Count, c.Nulls, c.Distinct())
			}
			near(t, "mean", c.Mean(), want.Mean, 1e-13)
			near(t, "variance", c.Moments.Variance(), want.Var, 1e-12)
			near(t, "std", c.Moments.Std(), want.Std, 1e-12)
			near(t, "skew", c.Moments.Skew(), want.Skew, 1e-9)
			near(t, "kurtosis", c.Moments.Kurtosis(), want.Kurt, 1e-9)
			near(t, "min", c.Min(), want.Min, 0)
			near(t, "max", c.Max(), want.Max, 0)
			for i, q := range want.Q {
				near(t, fmt.Sprint("quantile ", q), c.Quantile(q), want.Quantiles[i], 1e-15)
			}
			for i, v := range c.Top(3) {
				if w := want.Top[i]; v.Value != table.FormatFloat(w[0]) || float64(v.Count) != w[1] {
					t.Errorf("top %d: %v, want %v", i, v, w)
				}
			}
			if want.Edges != nil {
				if got := c.Distribution().Histogram(want.Edges); !slices.Equal(got, want.Histogram) {
					t.Errorf("histogram %v, want %v", got, want.Histogram)
				}
				for i, n := range c.Fixed.Counts {
					if float64(n) != want.Histogram[i] {
						t.Errorf("histogram of a known range %v, want %v", c.Fixed.Counts, want.Histogram)
						break
					}
				}
			}
		})
	}
}

// The description of parts, some of them written and loaded on the way, is that
// of the whole: what is exact equal, moments but for rounding.
func TestMergedIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := tabletest.Table(120).Draw(t, "table")
		opts := &Options{Exact: rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "exact"), K: 16}
		want := Of(whole, opts)
		got := New(whole.Schema(), opts)
		for from := 0; from < whole.Rows(); {
			to := min(whole.Rows(), from+rapid.IntRange(1, 50).Draw(t, "part"))
			rows := make([]int, to-from)
			for i := range rows {
				rows[i] = from + i
			}
			part := whole.Take(rows)
			if rapid.Bool().Draw(t, "update") {
				if err := got.Update(part); err != nil {
					t.Fatal(err)
				}
			} else if err := got.Merge(reloaded(t, Of(part, opts))); err != nil {
				t.Fatal(err)
			}
			got = reloaded(t, got)
			from = to
		}
		if got.Rows != want.Rows {
			t.Fatalf("%d rows, want %d", got.Rows, want.Rows)
		}
		for i, a := range got.Columns {
			same(t, a, want.Columns[i])
		}
	})
}

func same(t *rapid.T, a, b *Column) {
	if a.Count != b.Count || a.Nulls != b.Nulls || a.Infinite != b.Infinite || a.Exact() != b.Exact() || a.Distinct() != b.Distinct() ||
		!equal(a.Min(), b.Min()) || !equal(a.Max(), b.Max()) {
		t.Fatalf("merged %+v, whole %+v", a, b)
	}
	// Rounding is relative to the range, to the power of the moment.
	scale := max(math.Abs(b.Min()), math.Abs(b.Max()))
	n := float64(b.Moments.N)
	for i, pair := range [][2]float64{{a.Moments.Mean, b.Moments.Mean}, {a.Moments.M2 / n, b.Moments.M2 / n}, {a.Moments.M3 / n, b.Moments.M3 / n}, {a.Moments.M4 / n, b.Moments.M4 / n}} {
		bound := 1e-12 * math.Pow(scale, float64(i+1))
		if n > 0 && !math.IsInf(pair[1], 0) && !math.IsNaN(pair[1]) && !math.IsInf(bound, 0) && math.Abs(pair[0]-pair[1]) > bound {
			t.Fatalf("moment %d: merged %v, whole %v", i+1, pair[0], pair[1])
		}
	}
	if a.Exact() {
		if !slices.Equal(a.Top(math.MaxInt), b.Top(math.MaxInt)) || a.TopError() != 0 {
			t.Fatalf("merged top %v, whole %v", a.Top(5), b.Top(5))
		}
		for _, q := range []float64{0, 0.1, 0.5, 0.77, 1} {
			if !equal(a.Quantile(q), b.Quantile(q)) {
				t.Fatalf("quantile %v: merged %v, whole %v", q, a.Quantile(q), b.Quantile(q))
			}
		}
	}
}

func TestSameOrderSameBits(t *testing.T) {
	parts := make([]*table.Table, 5)
	for i := range parts {
		parts[i] = sample(uint64(i), 3000)
	}
	describe := func(threads int) string {
		s := New(parts[0].Schema(), &Options{Threads: threads})
		for _, p := range parts {
			if err := s.Merge(Of(p, &Options{Threads: threads})); err != nil {
				t.Fatal(err)
			}
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := describe(1)
	for threads := range 4 {
		if describe(threads+1) != want {
			t.Errorf("%d threads gave other bits than 1", threads+1)
		}
	}
}

func TestLoadedGoesOn(t *testing.T) {
	a := Of(sample(1, 20_000), nil)
	b, err := Read(marshalled(t, a))
	if err != nil {
		t.Fatal(err)
	}
	more := sample(2, 10_000)
	for _, s := range []*Table{a, b} {
		if err := s.Update(more); err != nil {
			t.Fatal(err)
		}
	}
	if string(marshalled(t, a)) != string(marshalled(t, b)) {
		t.Error("a state that was loaded went on in another way")
	}
}

func TestRefused(t *testing.T) {
	s := sample(1, 10)
	renamed := &table.Table{Columns: []*table.Column{s.Columns[0].Renamed("x"), s.Columns[1], s.Columns[2]}}
	a := Of(s, nil)
	if a.Update(renamed) == nil || a.Update(s.Without("s")) == nil {
		t.Error("a table of another schema was added")
	}
	for name, o := range map[string]*Table{"schema": Of(renamed, nil), "columns": Of(s.Without("s"), nil), "bound": Of(s, &Options{Exact: 5}), "k": Of(s, &Options{K: 9}), "range": Of(s, &Options{Ranges: map[string]Range{"f": {0, 1, 2}}})} {
		if a.Merge(o) == nil {
			t.Errorf("%s: merged", name)
		}
	}
	good := string(marshalled(t, Of(sample(1, 5000), &Options{Ranges: map[string]Range{"f": {0, 1, 2}}})))
	for _, change := range [][2]string{
		{`"count":5000`, `"count":-1`}, {`"count":5000`, `"count":4999`}, {`"n":5000`, `"n":1`}, {`"bins":2`, `"bins":3`},
		{`"registers":"`, `"registers":"AAAA`}, {`"levels":["`, `"levels":["AAAA`}, {`"levels":["`, `"levels":["AAAAAAAAAAAA","`}, {`"exact_up_to":4096`, `"exact_up_to":0`},
		{`"k":1024`, `"k":1`}, {`"type":"float64"`, `"type":"string"`}, {`"min":`, `"min":1e300,"was":`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("nothing to change: %s", change[0])
		}
		if _, err := Read([]byte(bad)); err == nil {
			t.Errorf("%s for %s: no error", change[1], change[0])
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add(marshalled(f, Of(sample(1, 20), nil)))
	f.Add(marshalled(f, Of(sample(1, 20), &Options{Exact: 2, K: 8})))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read(b)
		if err != nil {
			return
		}
		for _, c := range s.Columns {
			c.Quantile(0.3)
			c.Top(3)
			c.Merge(c)
			c.Distinct()
		}
	})
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func near(t *testing.T, what string, got float64, want *float64, tolerance float64) {
	t.Helper()
	w := orNaN(want)
	if !equal(got, w) && !(math.Abs(got-w) <= tolerance*max(1, math.Abs(w))) {
		t.Errorf("%s: %v, want %v", what, got, w)
	}
}

func equal(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func marshalled(t interface{ Fatal(...any) }, s *Table) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reloaded(t *rapid.T, s *Table) *Table {
	out, err := Read(marshalled(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
