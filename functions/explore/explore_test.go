package explore_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/explore"
	"github.com/runnel-dev/runnel/functions/explore/profile"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"pgregory.net/rapid"
)

func example(t testing.TB, name string) *table.Table {
	t.Helper()
	src, err := csv.Open("../../examples/" + name + "/" + name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	tbl, _, err := csv.Read(t.Context(), src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// run explores a table and returns what was emitted, the profile and the report.
func run(t testing.TB, tbl *table.Table, like events.Dataset, params map[string]any) (events.DatasetExploredData, *profile.Profile, string) {
	t.Helper()
	env := steptest.New(t)
	ds := env.Dataset(t, like, tbl, nil, 5000)
	res := env.Invoke(t, explore.Function, events.DatasetIngestedData{Dataset: ds}, params)
	out := steptest.Emitted[events.DatasetExploredData](t, res, 0)
	p := new(profile.Profile)
	env.JSON(t, out.Profile, p)
	return out, p, string(env.Bytes(t, out.Report))
}

func TestExamples(t *testing.T) {
	for name, c := range map[string]struct {
		target, task string
		says         []string
	}{
		"penguins": {"species", "classification", []string{"344", "flipper_length_mm", "Chinstrap", "Principal components", "Cramér", "Nothing stands out"}},
		"flights":  {"late", "classification", []string{"20,000", "sched_dep_time", "High cardinality", "AUC 0.6", "94 rows"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, p, html := run(t, example(t, name), events.Dataset{Name: name, Target: c.target}, nil)
			if p.Target.Name != c.target || p.Target.Task != c.task || out.Alerts != len(p.Alerts) || out.Dataset.Name != name {
				t.Errorf("emitted %+v, target %+v", out, p.Target)
			}
			for _, s := range c.says {
				if !strings.Contains(html, s) {
					t.Errorf("the report does not say %q", s)
				}
			}
			checkPage(t, html)
		})
	}
}

// checkPage holds what every report keeps: one small file, well-formed, that
// refers to nothing outside itself and runs nothing.
func checkPage(t rapid.TB, html string) {
	t.Helper()
	if len(html) > explore.MaxReport {
		t.Errorf("the report has %d bytes, at most %d are allowed", len(html), explore.MaxReport)
	}
	lower := strings.ToLower(html)
	for _, s := range []string{"http:", "https:", "//", "<script", "url(", "@import", "javascript:", "<img", "<link", "<iframe", ">nan<", ">inf<"} {
		if strings.Contains(lower, s) {
			at := strings.Index(lower, s)
			t.Errorf("the report contains %q: %s", s, html[max(0, at-60):min(len(html), at+60)])
		}
	}
	body, ok := strings.CutPrefix(html, "<!doctype html>\n")
	if !ok {
		t.Error("the report has no doctype")
	}
	ids, links := map[string]bool{}, []string{}
	d := xml.NewDecoder(strings.NewReader(body))
	charts, titles := 0, 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the report is not well-formed: %v", err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			switch {
			case strings.HasPrefix(strings.ToLower(a.Name.Local), "on"), a.Name.Local == "src", a.Name.Local == "style":
				t.Errorf("%s has the attribute %s", e.Name.Local, a.Name.Local)
			case a.Name.Local == "id":
				if ids[a.Value] {
					t.Errorf("id %q appears twice", a.Value)
				}
				ids[a.Value] = true
			case a.Name.Local == "href":
				links = append(links, a.Value)
			case strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"):
				t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
		if e.Name.Local == "svg" {
			charts++
			if next, _ := d.Token(); next != nil {
				if s, ok := next.(xml.StartElement); ok && s.Name.Local == "title" {
					titles++
				}
			}
		}
	}
	if charts != titles {
		t.Errorf("%d of %d charts have no title", charts-titles, charts)
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("link to %q leads nowhere", l)
		}
	}
}

const attack = `<script>alert("1")</script>' onload='x" & </title></style>`

func TestNamesAndValuesAreEscaped(t *testing.T) {
	const n = 60
	kinds := make([]string, n)
	numbers := make([]float64, n)
	classes := make([]string, n)
	for i := range n {
		kinds[i] = []string{attack, "\x00\x1b[31m", "\u202eabc", "ordinary", ""}[i%5]
		numbers[i] = float64(i * i)
		classes[i] = []string{attack + " class", "</svg>"}[i%2]
	}
	names := []string{attack, attack + "2", "\x00nul \xff", strings.Repeat("very long name ", 40), "</svg><svg onload=alert(1)>", "y" + attack}
	tbl, err := table.New(
		table.StringColumn(names[0], kinds), table.FloatColumn(names[1], numbers), table.FloatColumn(names[2], numbers),
		table.FloatColumn(names[3], numbers), table.StringColumn(names[4], kinds), table.StringColumn(names[5], classes))
	if err != nil {
		t.Fatal(err)
	}
	tbl.Columns[1].SetMissing(3)
	_, _, html := run(t, tbl, events.Dataset{Name: attack, Target: names[5]}, nil)
	checkPage(t, html)
	if !strings.Contains(html, "&lt;script&gt;") {
		t.Error("the name is not shown")
	}
	if strings.ContainsAny(html, "\x00\x1b\u202e") {
		t.Error("the report holds control characters")
	}
}

func wide(rows, columns int) *table.Table {
	t := &table.Table{}
	for j := range columns {
		values := make([]float64, rows)
		for i := range values {
			values[i] = math.Sin(float64(i*(j+1))) * float64(j)
			if (i+j)%11 == 0 && j%3 == 0 {
				values[i] = math.NaN()
			}
		}
		t.Columns = append(t.Columns, table.FloatColumn(fmt.Sprintf("a_rather_long_feature_name_%04d", j), values))
	}
	return t
}

func TestWideReportStaysSmall(t *testing.T) {
	for _, params := range []map[string]any{nil, {"charts": 200, "heat": 100, "pairs": 50, "bins": 500}} {
		_, p, html := run(t, wide(150, 2000), events.Dataset{Name: "wide", Target: "a_rather_long_feature_name_0007"}, params)
		checkPage(t, html)
		if len(p.Columns) != 2000 || !strings.Contains(html, "2,000 columns") || !strings.Contains(html, "more column") {
			t.Errorf("%d columns in the profile, or the report does not say what it leaves out", len(p.Columns))
		}
	}
}

func TestAnyTable(t *testing.T) {
	nan := math.NaN()
	day := func(i int) time.Time { return time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		columns []*table.Column
		target  string
	}{
		"nothing":       {},
		"no rows":       {[]*table.Column{table.FloatColumn("x", nil), table.StringColumn("y", nil)}, "y"},
		"one row":       {[]*table.Column{table.FloatColumn("x", []float64{1}), table.StringColumn("y", []string{"a"})}, "y"},
		"one column":    {[]*table.Column{table.IntColumn("x", []int64{3, 1, 2, 2})}, ""},
		"only a target": {[]*table.Column{table.IntColumn("x", []int64{3, 1, 2, 2})}, "x"},
		"all missing":   {[]*table.Column{table.FloatColumn("x", []float64{nan, nan}), table.FloatColumn("y", []float64{nan, nan})}, "y"},
		"no classes":    {[]*table.Column{table.FloatColumn("x", []float64{1, 2, 4}), table.FloatColumn("y", []float64{1, 2, 3}), table.FloatColumn("z", []float64{nan, nan, nan})}, "z"},
		"constant":      {[]*table.Column{table.FloatColumn("x", []float64{2, 2, 2}), table.FloatColumn("y", []float64{1, 2, 3})}, "y"},
		"all strings":   {[]*table.Column{table.StringColumn("x", []string{"a", "b", "a"}), table.StringColumn("y", []string{"p", "q", "q"})}, "y"},
		"times":         {[]*table.Column{table.TimeColumn("x", []time.Time{day(0), day(40), day(800)}), table.TimeColumn("y", []time.Time{day(0), day(0).Add(time.Second), day(0).Add(time.Minute)})}, "y"},
		"enormous":      {[]*table.Column{table.FloatColumn("x", []float64{-math.MaxFloat64, 0, math.MaxFloat64}), table.FloatColumn("y", []float64{5e-324, 0, 1e-320}), table.FloatColumn("z", []float64{math.Inf(1), 1, math.Inf(-1)})}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			tbl, err := table.New(c.columns...)
			if err != nil {
				t.Fatal(err)
			}
			task := map[bool]string{true: "classification"}[name == "no classes"]
			_, p, html := run(t, tbl, events.Dataset{Name: name, Target: c.target, Task: task}, nil)
			checkPage(t, html)
			if (p.Target != nil) != (c.target != "") {
				t.Errorf("target %+v", p.Target)
			}
		})
	}
}

func TestCleanedDataWithASplit(t *testing.T) {
	env := steptest.New(t)
	tbl := example(t, "penguins")
	split := make([]step.Subset, tbl.Rows())
	for i := range split {
		if i%4 == 0 {
			split[i] = step.Test
		}
	}
	ds := env.Dataset(t, events.Dataset{Name: "penguins"}, tbl, split)
	res := env.Invoke(t, explore.Function, events.DatasetCleanedData{Dataset: ds}, nil)
	html := string(env.Bytes(t, steptest.Emitted[events.DatasetExploredData](t, res, 0).Report))
	if !strings.Contains(html, "258 training, 86 test") || res.Rows != 344 {
		t.Errorf("the report does not count the subsets, or %d rows are not 344", res.Rows)
	}
}

func TestPartByPart(t *testing.T) {
	_, p, html := run(t, example(t, "flights"), events.Dataset{Name: "flights", Target: "late"}, map[string]any{"whole": 1000, "sample": 5000})
	checkPage(t, html)
	if p.Sample.Rows != 5000 || p.Rows != 20000 || !strings.Contains(html, "part by part") {
		t.Errorf("sample %+v of %d rows, or the report does not say so", p.Sample, p.Rows)
	}
}

func TestSameInputSameArtifacts(t *testing.T) {
	first, _, _ := run(t, example(t, "flights"), events.Dataset{Name: "flights", Target: "late"}, nil)
	again, _, _ := run(t, example(t, "flights"), events.Dataset{Name: "flights", Target: "late"}, nil)
	if first.Profile != again.Profile || first.Report != again.Report {
		t.Errorf("%+v and %+v", first, again)
	}
}

func TestErrors(t *testing.T) {
	env := steptest.New(t)
	ds := env.Dataset(t, events.Dataset{Name: "penguins", Target: "specie"}, example(t, "penguins"), nil)
	for _, c := range []struct {
		params map[string]any
		want   string
	}{
		{nil, `dataset penguins: no column "specie" to predict`},
		{map[string]any{"bins": 1}, "below the least allowed"},
		{map[string]any{"bin": 10}, "no such parameter"},
	} {
		_, err := env.Try(t, explore.Function, events.DatasetIngestedData{Dataset: ds}, c.params)
		if err == nil || !strings.Contains(err.Error(), c.want) || step.ClassOf(err) != step.ClassPermanent {
			t.Errorf("params %v: error %v, want %q", c.params, err, c.want)
		}
	}
}
