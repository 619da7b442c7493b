package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/table"
)

// sample is a table of numbers, of counts with a heavy head, and of labels.
func sample(seed uint64, rows int) *table.Table {
	r := rand.New(rand.NewPCG(seed, 9))
	f, i, s := make([]float64, rows), make([]int64, rows), make([]string, rows)
	for row := range rows {
		f[row] = r.NormFloat64()
		i[row] = int64(math.Exp(9 * r.Float64()))
		s[row] = fmt.Sprint("label ", i[row])
	}
	t, _ := table.New(table.FloatColumn("f", f), table.IntColumn("i", i), table.StringColumn("s", s))
	return t
}

// The ranks of quantiles are off by no more than RankError in 99 of 100 sketches,
// whether one sketch saw all or many were merged.
func TestRankError(t *testing.T) {
	const rows, trials, k = 10_000, 200, 64
	for _, parts := range []int{1, 13} {
		worse := 0
		for trial := range trials {
			r := rand.New(rand.NewPCG(uint64(trial), 3))
			values := make([]float64, rows)
			for i := range values {
				values[i] = r.ExpFloat64()
			}
			var s *Table
			for p := range parts {
				in, _ := table.New(table.FloatColumn("f", values[p*rows/parts:(p+1)*rows/parts]))
				o := Of(in, &Options{K: k, Exact: 50, Threads: 1})
				if s == nil {
					s = o
				} else if err := s.Merge(o); err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(values)
			d := s.Columns[0].Distribution()
			if d.N() != rows {
				t.Fatalf("the sketch holds %d values, want %d", d.N(), rows)
			}
			// The bound is on one quantile, so one is asked of each sketch.
			q := 0.05 + 0.9*r.Float64()
			rank := float64(sort.SearchFloat64s(values, d.Quantile(q))) / rows
			if math.Abs(rank-q) > RankError(k) {
				worse++
			}
		}
		if worse > trials/100+3 {
			t.Errorf("%d parts: %d of %d quantiles were off by more than %.4f", parts, worse, trials, RankError(k))
		}
	}
}

func TestDistinctError(t *testing.T) {
	var squares float64
	const trials = 40
	for trial := range trials {
		h := newHLL()
		n := 5000 << (trial % 5)
		for i := range n {
			h.add(hashNumber(uint64(trial)<<40 | uint64(i)))
		}
		e := h.estimate()/float64(n) - 1
		squares += e * e
	}
	if got := math.Sqrt(squares / trials); got > 1.3*DistinctError {
		t.Errorf("standard error %.4f, want %.4f", got, DistinctError)
	}
}

func TestTopError(t *testing.T) {
	const rows = 100_000
	in := sample(5, rows)
	truth := map[string]int64{}
	for i := range rows {
		truth[in.Columns[1].Text(i)]++
	}
	for _, c := range Of(in, &Options{Exact: 600}).Columns[1:] {
		if c.Exact() || c.TopError() == 0 || c.TopError() > rows/counters {
			t.Errorf("column %s: exact %v, error %d", c.Name, c.Exact(), c.TopError())
		}
		found := map[string]bool{}
		for _, v := range c.Top(counters) {
			value := v.Value
			if c.Kind == table.String {
				value = value[len("label "):]
			}
			found[value] = true
			if n := truth[value]; v.Count > n || v.Count < n-c.TopError() {
				t.Errorf("column %s: %q counted %d times, is there %d times, error %d", c.Name, value, v.Count, n, c.TopError())
			}
		}
		for value, n := range truth {
			if n > c.TopError() && !found[value] {
				t.Errorf("column %s: %q is there %d times and was not found, error %d", c.Name, value, n, c.TopError())
			}
		}
	}
}

func TestExtremes(t *testing.T) {
	inf := math.Inf(1)
	in, _ := table.New(
		table.FloatColumn("inf", []float64{inf, -inf, 1, 2, math.Copysign(0, -1)}),
		table.FloatColumn("huge", []float64{1.7e308, -1.7e308, 1e300, 0, 5e-324}),
		table.FloatColumn("only inf", []float64{inf, inf, inf, inf, inf}),
		table.IntColumn("int", []int64{math.MaxInt64, math.MinInt64, 0, 1, 1}),
		table.BoolColumn("bool", []bool{true, false, true, true, true}))
	s := Of(in, nil)
	c := s.Column("inf")
	if c.Infinite != 2 || c.Mean() != 1 || c.Max() != 2 || c.Count != 5 || c.Distinct() != 3 || c.Quantile(0) != 0 {
		t.Errorf("%+v", c)
	}
	if c := s.Column("huge"); c.Min() != -1.7e308 || math.IsNaN(c.Mean()) || math.IsInf(c.Mean(), 0) {
		t.Errorf("mean %v", c.Mean())
	}
	if c := s.Column("only inf"); !math.IsNaN(c.Mean()) || !math.IsNaN(c.Quantile(0.5)) || !math.IsNaN(c.Max()) {
		t.Errorf("%+v", c)
	}
	if top := s.Column("int").Top(2); top[0] != (ValueCount{"1", 2}) || top[1].Value != "-9223372036854775808" {
		t.Errorf("%v", top)
	}
	if c := s.Column("bool"); c.Mean() != 0.8 || c.Top(1)[0].Value != "true" {
		t.Errorf("%+v", c)
	}
	if s.Column("none") != nil {
		t.Error("a column that is absent was found")
	}
	if err := (&Table{}).Merge(&Table{}); err != nil {
		t.Error(err)
	}
	marshalled(t, s)
}

func BenchmarkOf(b *testing.B) {
	t := &table.Table{}
	r := rand.New(rand.NewPCG(1, 2))
	for j := range 21 {
		v := make([]float64, 200_000)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		t.Columns = append(t.Columns, table.FloatColumn(fmt.Sprint(j), v))
	}
	for b.Loop() {
		Of(t, nil)
	}
}

// The radix sort against the library's, over keys that differ in any bits.
func TestSortKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask := rapid.Uint64().Draw(t, "mask")
		keys := rapid.SliceOfN(rapid.Uint64(), 0, 600).Draw(t, "keys")
		for i := range keys {
			keys[i] &= mask
		}
		want := slices.Sorted(slices.Values(keys))
		if got := sortKeys(keys, make([]uint64, len(keys))); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestKeysKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		if (a < b) != (floatKey(a+0) < floatKey(b+0)) || keyFloat(floatKey(a)) != a {
			t.Fatal(a, b)
		}
		i, j := rapid.Int64().Draw(t, "i"), rapid.Int64().Draw(t, "j")
		if (i < j) != (intKey(i) < intKey(j)) || keyInt(intKey(i)) != i {
			t.Fatal(i, j)
		}
	})
}
