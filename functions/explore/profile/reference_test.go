package profile_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

var update = flag.Bool("update", false, "write the golden files")

func load(t testing.TB, name string) *table.Table {
	t.Helper()
	src, err := csv.Open("../../../examples/" + name + "/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	tbl, _, err := csv.Read(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

type reference struct {
	Rows, Duplicates, Missing, Complete int64
	Numbers                             map[string]struct {
		Count, Distinct, Zeros, Below, Above                              int64
		Mean, Std, Min, Q1, Median, Q3, Max, Skew, Kurtosis, Lower, Upper profile.Float
	}
	Values map[string]struct {
		Count, Distinct int64
		Top             []int64
	}
	Correlated        []string
	Pearson, Spearman [][]profile.Float
}

func near(a, b profile.Float) bool {
	x, y := float64(a), float64(b)
	return math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= 1e-9*max(1, math.Abs(y))
}

// Everything that pandas has a name for is what pandas says it is.
func TestAgainstPandas(t *testing.T) {
	var all map[string]reference
	b, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			p, err := profile.Of(t.Context(), name, load(t, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			if p.Rows != want.Rows || p.Duplicates != want.Duplicates || p.Missing.Cells != want.Missing || p.Missing.Complete != want.Complete {
				t.Errorf("%d rows, %d duplicates, %d missing, %d complete, want %+v", p.Rows, p.Duplicates, p.Missing.Cells, p.Missing.Complete, want)
			}
			for _, c := range p.Columns {
				if w, ok := want.Numbers[c.Name]; ok {
					n, box := c.Numbers, c.Box
					got := []profile.Float{n.Mean, n.Std, n.Min, n.Q1, n.Median, n.Q3, n.Max, n.Skew, n.Kurtosis, box.Lower, box.Upper}
					for i, v := range []profile.Float{w.Mean, w.Std, w.Min, w.Q1, w.Median, w.Q3, w.Max, w.Skew, w.Kurtosis, w.Lower, w.Upper} {
						if !near(got[i], v) {
							t.Errorf("%s: statistic %d is %v, want %v", c.Name, i, got[i], v)
						}
					}
					if c.Count != w.Count || c.Distinct != w.Distinct || n.Zeros != w.Zeros || box.Below != w.Below || box.Above != w.Above {
						t.Errorf("%s: %+v %+v %+v, want %+v", c.Name, c, n, box, w)
					}
					continue
				}
				w := want.Values[c.Name]
				var top []int64
				for _, v := range c.Top[:min(3, len(c.Top))] {
					top = append(top, v.Count)
				}
				if c.Count != w.Count || c.Distinct != w.Distinct || !slices.Equal(top, w.Top) {
					t.Errorf("%s: count %d, distinct %d, top %v, want %+v", c.Name, c.Count, c.Distinct, top, w)
				}
			}
			if !slices.Equal(p.Correlation.Columns, want.Correlated) {
				t.Fatalf("correlated %v, want %v", p.Correlation.Columns, want.Correlated)
			}
			for i := range want.Pearson {
				for j := range want.Pearson {
					if !near(p.Correlation.Pearson[i][j], want.Pearson[i][j]) || !near(p.Correlation.Spearman[i][j], want.Spearman[i][j]) {
						t.Errorf("correlation %d, %d: %v and %v, want %v and %v", i, j, p.Correlation.Pearson[i][j], p.Correlation.Spearman[i][j], want.Pearson[i][j], want.Spearman[i][j])
					}
				}
			}
		})
	}
}

// The golden file is what others read: a change in it is a change of the format.
func TestGolden(t *testing.T) {
	p, err := profile.Of(t.Context(), "penguins", load(t, "penguins"), &profile.Options{Target: "species", Charts: 3, Pairs: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	const path = "testdata/penguins.json"
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var x, y any
	if err := json.Unmarshal(got, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &y); err != nil {
		t.Fatal(err)
	}
	if diff := difference("", x, y, 1e-9); diff != "" {
		t.Errorf("%s (run with -update if it is meant)", diff)
	}
}

// difference finds the first place in which two JSON values differ by more than
// a relative error of their numbers.
func difference(at string, x, y any, tolerance float64) string {
	switch a := x.(type) {
	case map[string]any:
		b, ok := y.(map[string]any)
		if !ok || len(a) != len(b) {
			return fmt.Sprintf("%s: %v, want %v", at, x, y)
		}
		for k := range a {
			if d := difference(at+"."+k, a[k], b[k], tolerance); d != "" {
				return d
			}
		}
		return ""
	case []any:
		b, ok := y.([]any)
		if !ok || len(a) != len(b) {
			return fmt.Sprintf("%s: %v, want %v", at, x, y)
		}
		for i := range a {
			if d := difference(fmt.Sprintf("%s[%d]", at, i), a[i], b[i], tolerance); d != "" {
				return d
			}
		}
		return ""
	case float64:
		if b, ok := y.(float64); ok && math.Abs(a-b) <= tolerance*max(1, math.Abs(b)) {
			return ""
		}
		return fmt.Sprintf("%s: %v, want %v", at, x, y)
	}
	if x != y {
		return fmt.Sprintf("%s: %v, want %v", at, x, y)
	}
	return ""
}
