package profile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/table"
)

func of(t testing.TB, tbl *table.Table, o *profile.Options) *profile.Profile {
	t.Helper()
	p, err := profile.Of(t.Context(), "made", tbl, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func make1(t testing.TB, columns ...*table.Column) *table.Table {
	t.Helper()
	tbl, err := table.New(columns...)
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

func fill[T any](n int, f func(i int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

func text(t testing.TB, p *profile.Profile) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnyTable(t *testing.T) {
	nan := math.NaN()
	long := strings.Repeat("long words about something ", 4)
	for name, c := range map[string]struct {
		table *table.Table
		o     profile.Options
		roles []profile.Role
	}{
		"nothing":        {table: &table.Table{}},
		"no rows":        {make1(t, table.FloatColumn("x", nil), table.StringColumn("y", nil)), profile.Options{Target: "y"}, []profile.Role{profile.Empty, profile.Empty}},
		"one cell":       {make1(t, table.FloatColumn("x", []float64{1})), profile.Options{}, []profile.Role{profile.Constant}},
		"one row":        {make1(t, table.FloatColumn("x", []float64{1}), table.StringColumn("y", []string{"a"})), profile.Options{Target: "y"}, []profile.Role{profile.Constant, profile.Constant}},
		"all missing":    {make1(t, table.FloatColumn("x", []float64{nan, nan}), table.IntColumn("y", []int64{1, 2})), profile.Options{Target: "x"}, []profile.Role{profile.Empty, profile.Numeric}},
		"all strings":    {make1(t, table.StringColumn("x", []string{"a", "b", "a"}), table.StringColumn("y", []string{"p", "q", "q"})), profile.Options{Target: "y"}, []profile.Role{profile.Categorical, profile.Categorical}},
		"infinite":       {make1(t, table.FloatColumn("x", []float64{1, math.Inf(1), 2, math.Inf(-1)}), table.FloatColumn("y", []float64{1, 2, 3, 4})), profile.Options{Target: "x"}, []profile.Role{profile.Numeric, profile.Numeric}},
		"only infinite":  {make1(t, table.FloatColumn("x", []float64{math.Inf(1), math.Inf(-1)})), profile.Options{}, []profile.Role{profile.Numeric}},
		"enormous":       {make1(t, table.FloatColumn("x", []float64{-math.MaxFloat64, 0, math.MaxFloat64}), table.FloatColumn("y", []float64{1e300, -1e300, 5})), profile.Options{Target: "y"}, []profile.Role{profile.Numeric, profile.Numeric}},
		"tiny":           {make1(t, table.FloatColumn("x", []float64{5e-324, 0, 1e-320}), table.FloatColumn("y", []float64{1, 2, 3})), profile.Options{}, []profile.Role{profile.Numeric, profile.Numeric}},
		"booleans":       {make1(t, table.BoolColumn("x", []bool{true, false, true}), table.BoolColumn("y", []bool{true, true, false})), profile.Options{Target: "y"}, []profile.Role{profile.Boolean, profile.Boolean}},
		"times":          {make1(t, table.TimeColumn("x", fill(30, func(i int) time.Time { return time.Unix(int64(i)*86400, 0) })), table.IntColumn("y", fill(30, func(i int) int64 { return int64(i % 3) }))), profile.Options{Target: "y"}, []profile.Role{profile.Time, profile.Numeric}},
		"distant times":  {make1(t, table.TimeColumn("x", []time.Time{time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(90000, 1, 1, 0, 0, 0, 0, time.UTC)})), profile.Options{}, []profile.Role{profile.Time}},
		"identifiers":    {make1(t, table.IntColumn("n", fill(25, func(i int) int64 { return int64(i + 100) })), table.IntColumn("user_id", fill(25, func(i int) int64 { return int64(i * i) })), table.StringColumn("s", fill(25, func(i int) string { return fmt.Sprint("k", i) }))), profile.Options{}, []profile.Role{profile.Identifier, profile.Identifier, profile.Identifier}},
		"text":           {make1(t, table.StringColumn("x", fill(25, func(i int) string { return fmt.Sprint(long, i) }))), profile.Options{}, []profile.Role{profile.Text}},
		"target a date":  {make1(t, table.TimeColumn("x", []time.Time{time.Unix(0, 0), time.Unix(5, 0)}), table.IntColumn("y", []int64{1, 2})), profile.Options{Target: "x"}, []profile.Role{profile.Time, profile.Numeric}},
		"string to rank": {make1(t, table.StringColumn("x", []string{"a", "b"}), table.IntColumn("y", []int64{1, 2})), profile.Options{Target: "x", Task: "regression"}, []profile.Role{profile.Categorical, profile.Numeric}},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(t, c.table, &c.o)
			text(t, p)
			var roles []profile.Role
			for _, c := range p.Columns {
				roles = append(roles, c.Role)
			}
			if !slices.Equal(roles, c.roles) {
				t.Errorf("roles %v, want %v", roles, c.roles)
			}
		})
	}
}

func TestAlerts(t *testing.T) {
	const n = 1000
	x := fill(n, func(i int) float64 { return math.Sin(float64(i)) })
	y := fill(n, func(i int) bool { return i%100 == 0 })
	gaps := fill(n, func(i int) float64 {
		if i%10 != 0 {
			return math.NaN()
		}
		return x[i]
	})
	few := slices.Clone(x)
	for i := range n / 10 {
		few[i*10] = math.NaN()
	}
	tbl := make1(t,
		table.FloatColumn("x", x),
		table.FloatColumn("copy", fill(n, func(i int) float64 { return 3*x[i] + 1 })),
		table.FloatColumn("gaps", gaps),
		table.FloatColumn("few", few),
		table.FloatColumn("empty", fill(n, func(int) float64 { return math.NaN() })),
		table.IntColumn("same", fill(n, func(int) int64 { return 7 })),
		table.IntColumn("serial", fill(n, func(i int) int64 { return int64(i) })),
		table.StringColumn("street", fill(n, func(i int) string { return fmt.Sprint("street ", i%300) })),
		table.FloatColumn("long tail", fill(n, func(i int) float64 { return math.Exp(9*math.Abs(x[i])) * float64(1+i%7) * float64(1+i%7) })),
		table.FloatColumn("broken", fill(n, func(i int) float64 { return 1 / float64(i%2) })),
		table.FloatColumn("oracle", fill(n, func(i int) float64 {
			if y[i] {
				return 5 + x[i]
			}
			return x[i]
		})),
		table.BoolColumn("y", y))
	p := of(t, tbl, &profile.Options{Target: "y"})
	got := map[string]profile.Severity{}
	for _, a := range p.Alerts {
		if a.Message == "" || a.Advice == "" {
			t.Errorf("%+v lacks words", a)
		}
		got[a.Name+": "+strings.Join(a.Columns, ", ")] = a.Severity
	}
	for want, severity := range map[string]profile.Severity{
		"missing: empty": profile.High, "missing: gaps": profile.High, "missing: few": profile.Low, "constant: same": profile.Medium,
		"identifier: serial": profile.Medium, "high cardinality: street": profile.Low, "skewed: long tail": profile.Low,
		"outliers: long tail": profile.Low, "infinite: broken": profile.High, "correlated: x, copy": profile.Medium,
		"leakage: oracle": profile.High, "imbalance: y": profile.Medium,
	} {
		if got[want] != severity {
			t.Errorf("%s: severity %q, want %q", want, got[want], severity)
		}
	}
	if s := p.Alerts[0].Severity; s != profile.High {
		t.Errorf("the first alert is %s", s)
	}
	for _, name := range []string{"skewed: x", "outliers: x", "missing: x", "leakage: x", "leakage: copy", "duplicates: "} {
		if got[name] != "" {
			t.Errorf("%s was raised", name)
		}
	}
}

func TestDuplicates(t *testing.T) {
	tbl := make1(t,
		table.FloatColumn("x", []float64{1, 1, 0, math.Copysign(0, -1), math.NaN(), math.NaN(), 2}),
		table.StringColumn("y", []string{"a", "a", "b", "b", "c", "c", "a"}))
	if p := of(t, tbl, nil); p.Duplicates != 3 || p.Alerts[0].Name != "duplicates" || p.Alerts[0].Severity != profile.Medium {
		t.Errorf("%d duplicates, alerts %v", p.Duplicates, p.Alerts)
	}
}

func TestLeakage(t *testing.T) {
	const n = 600
	noise := func(i int) float64 { return math.Mod(float64(i)*0.618034, 1) }
	three := fill(n, func(i int) string { return string(rune('a' + i%3)) })
	for name, c := range map[string]struct {
		feature, target *table.Column
		leaks           bool
	}{
		"a code of three classes":   {table.StringColumn("f", fill(n, func(i int) string { return "code " + three[i] })), table.StringColumn("y", three), true},
		"numbers apart by class":    {table.FloatColumn("f", fill(n, func(i int) float64 { return float64(i%3)*10 + noise(i) })), table.StringColumn("y", three), true},
		"numbers that overlap":      {table.FloatColumn("f", fill(n, func(i int) float64 { return float64(i%3) + 3*noise(i) })), table.StringColumn("y", three), false},
		"a rescaled number":         {table.FloatColumn("f", fill(n, func(i int) float64 { return 5 - 2*noise(i) })), table.FloatColumn("y", fill(n, noise)), true},
		"a number with noise":       {table.FloatColumn("f", fill(n, func(i int) float64 { return noise(i) + noise(7*i+3) })), table.FloatColumn("y", fill(n, noise)), false},
		"a label of each level":     {table.StringColumn("f", fill(n, func(i int) string { return fmt.Sprint("L", i%30) })), table.FloatColumn("y", fill(n, func(i int) float64 { return float64(i%30) + noise(i)/100 })), true},
		"names that hardly repeat":  {table.StringColumn("f", fill(n, func(i int) string { return fmt.Sprint("n", i/2) })), table.StringColumn("y", three), false},
		"a majority guess is right": {table.FloatColumn("f", fill(n, noise)), table.BoolColumn("y", fill(n, func(i int) bool { return i%200 == 0 })), false},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(t, make1(t, c.feature, c.target), &profile.Options{Target: "y"})
			leaks := slices.ContainsFunc(p.Alerts, func(a profile.Alert) bool { return a.Name == "leakage" })
			if leaks != c.leaks {
				t.Errorf("leakage %v, want %v: %+v", leaks, c.leaks, p.Target.Associations)
			}
		})
	}
}

// A value that few rows have is nowhere in the profile.
func TestRareValuesAreNotNamed(t *testing.T) {
	const n = 200
	tbl := make1(t,
		table.StringColumn("name", fill(n, func(i int) string { return fmt.Sprint("person-", i) })),
		table.StringColumn("city", fill(n, func(i int) string {
			if i < 4 {
				return "hamlet"
			}
			return "town"
		})),
		table.StringColumn("letter", fill(n, func(i int) string { return strings.Repeat("a letter to someone ", 5) + fmt.Sprint("person-", i) })),
		table.FloatColumn("x", fill(n, func(i int) float64 { return float64(i % 7) })))
	if got := text(t, of(t, tbl, &profile.Options{Target: "x"})); strings.Contains(got, "person-") || strings.Contains(got, "hamlet") || !strings.Contains(got, "town") {
		t.Error("the profile names a rare value, or lacks a frequent one")
	}
}

func TestSameBytesForAnyNumberOfThreads(t *testing.T) {
	tbl := tableOf(3000, 30)
	o := &profile.Options{Target: "late", Sample: 1000, Seed: 5}
	want := text(t, of(t, tbl, o))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := text(t, of(t, tbl, o)); got != want {
		t.Error("one thread gives another profile")
	}
	o.Seed = 6
	if got := text(t, of(t, tbl, o)); got == want {
		t.Error("another seed gives the same sample")
	}
}

func TestWideTableIsBounded(t *testing.T) {
	p := of(t, tableOf(200, 2000), &profile.Options{Target: "late"})
	charts := 0
	for _, c := range p.Columns {
		if c.Histogram != nil {
			charts++
		}
	}
	if len(p.Columns) != 2000 || charts > 30 || len(p.Correlation.Columns) != 24 || len(p.Components.Columns) != 100 {
		t.Errorf("%d columns, %d charts, %d correlated, %d decomposed", len(p.Columns), charts, len(p.Correlation.Columns), len(p.Components.Columns))
	}
	if !slices.Contains(p.Correlation.Columns, "late") || !slices.Contains(p.Correlation.Columns, "caaa") {
		t.Errorf("the target and what says most about it are not among %v", p.Correlation.Columns)
	}
	if notes := strings.Join(p.Notes, "\n"); strings.Count(notes, "2,000") == 0 || len(p.Notes) < 3 {
		t.Errorf("the bounds are not told:\n%s", notes)
	}
}

func inParts(t *table.Table, rows int) profile.Parts {
	return profile.Parts{Schema: t.Schema(), Rows: int64(t.Rows()), Each: func(part func(*table.Table) error) error {
		for from := 0; from < t.Rows(); from += rows {
			if err := part(t.Take(fill(min(rows, t.Rows()-from), func(i int) int { return from + i }))); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Where the statistics are exact, parts and the whole give one profile.
func TestPartsAgainstWhole(t *testing.T) {
	tbl := load(t, "penguins")
	o := &profile.Options{Target: "species"}
	whole := of(t, tbl, o)
	parts, err := profile.OfParts(t.Context(), "made", inParts(tbl, 50), o)
	if err != nil {
		t.Fatal(err)
	}
	parts.Notes = whole.Notes
	var x, y any
	for v, p := range map[*any]*profile.Profile{&x: parts, &y: whole} {
		if err := json.NewDecoder(bytes.NewBufferString(text(t, p))).Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	if diff := difference("", x, y, 1e-9); diff != "" {
		t.Error(diff)
	}
}

// Where they are not, they are close.
func TestManyPartsAreClose(t *testing.T) {
	tbl := tableOf(40_000, 12)
	o := &profile.Options{Target: "late", Sample: 10_000}
	whole := of(t, tbl, o)
	parts, err := profile.OfParts(t.Context(), "made", inParts(tbl, 3000), o)
	if err != nil {
		t.Fatal(err)
	}
	if parts.Duplicates != whole.Duplicates || parts.Missing.Cells != whole.Missing.Cells || len(parts.Alerts) != len(whole.Alerts) {
		t.Errorf("%d duplicates, %d missing, %d alerts; of the whole %d, %d, %d", parts.Duplicates, parts.Missing.Cells, len(parts.Alerts),
			whole.Duplicates, whole.Missing.Cells, len(whole.Alerts))
	}
	if text(t, &profile.Profile{Correlation: parts.Correlation, Components: parts.Components}) != text(t, &profile.Profile{Correlation: whole.Correlation, Components: whole.Components}) {
		t.Error("the same sample gives other correlations")
	}
	for i, c := range whole.Columns {
		g := parts.Columns[i]
		if c.Role != g.Role || c.Count != g.Count || math.Abs(float64(c.Distinct-g.Distinct)) > 0.07*float64(c.Distinct) {
			t.Errorf("%s: %s, count %d, distinct %d, want %s, %d, %d", c.Name, g.Role, g.Count, g.Distinct, c.Role, c.Count, c.Distinct)
		}
		if c.Numbers == nil {
			continue
		}
		spread := float64(c.Numbers.Std)
		for k, d := range []profile.Float{c.Numbers.Q1 - g.Numbers.Q1, c.Numbers.Median - g.Numbers.Median, c.Numbers.Q3 - g.Numbers.Q3} {
			if math.Abs(float64(d)) > 0.03*spread {
				t.Errorf("%s: quartile %d is off by %v", c.Name, k, d)
			}
		}
	}
}

func TestTargetThatIsNotThere(t *testing.T) {
	if _, err := profile.Of(t.Context(), "made", &table.Table{}, &profile.Options{Target: "y"}); err == nil || !strings.Contains(err.Error(), `no column "y"`) {
		t.Errorf("error %v", err)
	}
}

// Values far from zero beside their spread, as identifiers and times are, keep
// the digits of their deviation and correlation.
func TestFarFromZero(t *testing.T) {
	const n, far = 100_000, 1e15
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = far + float64(i%3)
		y[i] = far - float64(i%3)
	}
	in, err := table.New(table.FloatColumn("x", x), table.FloatColumn("y", y))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Of(t.Context(), "far", in, &profile.Options{Sample: n})
	if err != nil {
		t.Fatal(err)
	}
	if std := float64(p.Columns[0].Numbers.Std); math.Abs(std-math.Sqrt(2./3)) > 1e-4 {
		t.Errorf("a deviation of %v, want %v", std, math.Sqrt(2./3))
	}
	if r := float64(p.Correlation.Pearson[0][1]); math.Abs(r+1) > 1e-9 {
		t.Errorf("a correlation of %v, want -1", r)
	}
}
