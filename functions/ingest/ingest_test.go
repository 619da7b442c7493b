package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/ingest"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
	"github.com/runnel-dev/runnel/table/jsonl"
	"github.com/runnel-dev/runnel/table/parquet"
	"github.com/runnel-dev/runnel/table/stats"
)

func read(t *testing.T, text []byte) *table.Table {
	t.Helper()
	tbl, _, err := csv.Read(t.Context(), csv.Bytes("in.csv", text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// ran is one execution of the step.
type ran struct {
	env   *steptest.Env
	res   step.Result
	data  events.DatasetIngestedData
	table *table.Table
	split []step.Subset
}

func run(t *testing.T, env *steptest.Env, in events.Payload, params map[string]any) *ran {
	t.Helper()
	r := &ran{env: env, res: env.Invoke(t, ingest.Function, in, params)}
	r.data = steptest.Emitted[events.DatasetIngestedData](t, r.res, 0)
	r.table, r.split = env.Read(t, r.data.Dataset)
	return r
}

func upload(t *testing.T, env *steptest.Env, key string, content []byte, metadata map[string]string) events.ObjectCreatedData {
	t.Helper()
	o := env.Object(t, "uploads", key, content)
	o.Metadata = metadata
	return events.ObjectCreatedData{Object: o}
}

func packed(t *testing.T, b []byte, zst bool) []byte {
	t.Helper()
	var out bytes.Buffer
	if zst {
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write(b)
		z.Close()
		return out.Bytes()
	}
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	z.Close()
	return out.Bytes()
}

// TestFormats reads one table in every form that it may have, and finds the same.
func TestFormats(t *testing.T) {
	text := functest.Example(t, "penguins/penguins.csv")
	want := read(t, text)
	write := func(f func(b *bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	lines := write(func(b *bytes.Buffer) error { return jsonl.Write(b, want) })
	array := []byte("[" + strings.ReplaceAll(strings.TrimSpace(string(lines)), "\n", ",\n ") + "]\n")
	var split []step.Subset
	for _, c := range []struct {
		name    string
		content []byte
		params  map[string]any
	}{
		{"csv", text, nil},
		{"csv with a byte order mark and CRLF", []byte("\ufeff" + strings.ReplaceAll(string(text), "\n", "\r\n")), nil},
		{"semicolons", []byte(strings.ReplaceAll(string(text), ",", ";")), nil},
		{"semicolons, as told", []byte(strings.ReplaceAll(string(text), ",", ";")), map[string]any{"delimiter": ";", "header": "yes"}},
		{"tabs, as told", []byte(strings.ReplaceAll(string(text), ",", "\t")), map[string]any{"delimiter": `\t`}},
		{"csv.gz", packed(t, text, false), nil},
		{"csv.zst", packed(t, text, true), nil},
		{"jsonl", lines, nil},
		{"jsonl with a byte order mark", append([]byte("\ufeff"), lines...), nil},
		{"json", array, nil},
		{"json, as told", array, map[string]any{"format": "jsonl"}},
		{"jsonl.gz", packed(t, lines, false), nil},
		{"json.zst", packed(t, array, true), nil},
		{"parquet", write(func(b *bytes.Buffer) error { return parquet.Write(b, want, nil) }), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := functest.NewEnv(t)
			params := map[string]any{"target": "species"}
			for k, v := range c.params {
				params[k] = v
			}
			r := run(t, env, upload(t, env, "data/Penguins of 2009."+c.name, c.content, nil), params)
			got := r.table
			if strings.HasPrefix(c.name, "json") { // 181.0 is a whole number in JSON
				var columns []*table.Column
				for i, col := range got.Columns {
					if col.Kind == table.Int64 && want.Columns[i].Kind == table.Float64 {
						col = table.FloatColumn(col.Name, col.Numbers())
					}
					columns = append(columns, col)
				}
				got = &table.Table{Columns: columns}
			}
			if d := table.Difference(got, want); d != "" {
				t.Error(d)
			}
			if split == nil {
				split = r.split
			}
			if !slices.Equal(r.split, split) {
				t.Error("the rows are split otherwise")
			}
		})
	}
}

// TestName names datasets after files.
func TestName(t *testing.T) {
	for key, want := range map[string]string{
		"penguins.csv": "penguins", "data/My Sales.csv.gz": "my-sales", "sales.2024.jsonl": "sales-2024", "2024.csv": "d2024",
		"données.csv": "donn-es", "データ.csv": "dataset", ".csv": "dataset", "folder/": "folder", "a/b/c.parquet": "c",
		strings.Repeat("long", 30) + ".csv": strings.Repeat("long", 10), "v1.2": "v1-2",
	} {
		env := functest.NewEnv(t)
		r := run(t, env, upload(t, env, key, []byte("a,b\n1,2\n"), nil), nil)
		if got := r.data.Dataset.Name; got != want {
			t.Errorf("%q is called %q, want %q", key, got, want)
		}
	}
	env := functest.NewEnv(t)
	in := upload(t, env, "x.csv", []byte("a,b\n1,2\n"), nil)
	if got := run(t, env, in, map[string]any{"name": "Ours.2"}).data.Dataset.Name; got != "Ours.2" {
		t.Errorf("called %q", got)
	}
	if _, err := env.Try(t, ingest.Function, in, map[string]any{"name": "a/b"}); err == nil {
		t.Error("a name that no model can have was taken")
	}
}

// TestTask decides what is predicted.
func TestTask(t *testing.T) {
	for _, c := range []struct {
		name     string
		value    func(i int) any
		params   map[string]any
		metadata map[string]string
		task     string
		classes  string
	}{
		{"text", func(i int) any { return []string{"b", "a", "c"}[i%3] }, nil, nil, "classification", "a b c"},
		{"bool", func(i int) any { return i%3 == 0 }, nil, nil, "classification", "false true"},
		{"few whole numbers", func(i int) any { return []int{10, 9, 2}[i%3] }, nil, nil, "classification", "2 9 10"},
		{"zeros and ones", func(i int) any { return i % 2 }, nil, nil, "classification", "0 1"},
		{"many whole numbers", func(i int) any { return i * 7 % 50 }, nil, nil, "regression", ""},
		{"fractions", func(i int) any { return float64(i) / 8 }, nil, nil, "regression", ""},
		{"two fractions", func(i int) any { return []float64{1.5, 2.5}[i%2] }, nil, nil, "regression", ""},
		{"whole numbers as told", func(i int) any { return i % 2 }, map[string]any{"task": "regression"}, nil, "regression", ""},
		{"fractions as told", func(i int) any { return []float64{2.5, 1.5}[i%2] }, map[string]any{"task": "classification"}, nil, "classification", "1.5 2.5"},
		{"by metadata", func(i int) any { return i % 2 }, nil, map[string]string{"task": "regression"}, "regression", ""},
		{"params before metadata", func(i int) any { return i % 2 }, map[string]any{"task": "classification"}, map[string]string{"task": "regression"}, "classification", "0 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("x,y\n")
			for i := range 120 {
				fmt.Fprintf(&b, "%d,%v\n", i, c.value(i))
			}
			env := functest.NewEnv(t)
			metadata := map[string]string{"target": "y"}
			for k, v := range c.metadata {
				metadata[k] = v
			}
			ds := run(t, env, upload(t, env, "d.csv", b.Bytes(), metadata), c.params).data.Dataset
			if ds.Target != "y" || ds.Task != c.task || strings.Join(ds.Classes, " ") != c.classes {
				t.Errorf("%s of %q, classes %q; want %s, %s", ds.Task, ds.Target, ds.Classes, c.task, c.classes)
			}
		})
	}
	env := functest.NewEnv(t)
	in := upload(t, env, "d.csv", []byte("x,y\n1,2\n3,4\n"), map[string]string{"target": "y", "task": "clustering"})
	if _, err := env.Try(t, ingest.Function, in, nil); err == nil || !strings.Contains(err.Error(), "clustering") {
		t.Errorf("a task that there is not: %v", err)
	}
}

func count(split []step.Subset, rows func(i int) bool) (n [4]int) {
	for i, s := range split {
		if rows(i) {
			n[s]++
		}
	}
	return n
}

// TestSplit counts the rows of every part.
func TestSplit(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("x,day,team,y\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "%d,2024-01-%02d,t%d,%s\n", i, 1+i*7%28, i*13%40, []string{"a", "b"}[min(1, i%10)])
	}
	all := func(int) bool { return true }
	get := func(params map[string]any) *ran {
		env := functest.NewEnv(t)
		params["target"] = "y"
		return run(t, env, upload(t, env, "d.csv", b.Bytes(), nil), params)
	}
	r := get(map[string]any{"test": 0.25, "validation": 0.1})
	for class, want := range map[string][4]int{"a": {65, 10, 25, 0}, "b": {585, 90, 225, 0}} {
		if got := count(r.split, func(i int) bool { return r.table.Column("y").Text(i) == class }); got != want {
			t.Errorf("stratified: class %s has %v, want %v", class, got, want)
		}
	}
	if got, want := count(get(map[string]any{"split": "random"}).split, all), [4]int{800, 0, 200, 0}; got != want {
		t.Errorf("random: %v, want %v", got, want)
	}
	r = get(map[string]any{"split": "time", "by": "day"})
	latest := map[step.Subset]int64{}
	earliest := map[step.Subset]int64{step.Test: math.MaxInt64}
	for i, s := range r.split {
		v := r.table.Column("day").Ints[i]
		latest[s], earliest[s] = max(latest[s], v), min(earliest[s], v)
	}
	if roles := r.data.Dataset.Roles; roles[events.RoleTime] != "day" || len(roles) != 1 {
		t.Errorf("by time: roles %v", roles)
	}
	if n := count(r.split, all); n[step.Test] < 200 || n[step.Test] > 250 || latest[step.Train] >= earliest[step.Test] {
		t.Errorf("by time: %v, trained up to %d, tested from %d", n, latest[step.Train], earliest[step.Test])
	}
	r = get(map[string]any{"split": "group", "by": "team"})
	if roles := r.data.Dataset.Roles; roles[events.RoleGroup] != "team" || len(roles) != 1 {
		t.Errorf("by group: roles %v", roles)
	}
	of := map[string]step.Subset{}
	for i, s := range r.split {
		team := r.table.Column("team").Text(i)
		if before, ok := of[team]; ok && before != s {
			t.Fatalf("by group: rows of team %s are in two parts", team)
		}
		of[team] = s
	}
	if n := count(r.split, all); n[step.Test] != 200 {
		t.Errorf("by group: %v", n)
	}
	if a, b := get(map[string]any{}), get(map[string]any{}); !slices.Equal(a.split, b.split) {
		t.Error("the same seed split otherwise")
	}
	env := functest.NewEnv(t)
	if r := run(t, env, upload(t, env, "d.csv", b.Bytes(), nil), nil); r.split != nil {
		t.Error("without a target there is nothing to hold rows back for")
	}
}

// TestParts reads a file whole and in parts, and finds the same rows, split and
// statistics.
func TestParts(t *testing.T) {
	text := functest.Example(t, "flights/flights.csv")
	var lines bytes.Buffer
	if err := jsonl.Write(&lines, read(t, text)); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"csv": text, "jsonl": lines.Bytes(), "csv.gz": packed(t, text, false)} {
		t.Run(name, func(t *testing.T) {
			get := func(params map[string]any) (*ran, step.Manifest) {
				env := functest.NewEnv(t)
				params["target"] = "late"
				r := run(t, env, upload(t, env, "flights."+name, content, nil), params)
				var m step.Manifest
				env.JSON(t, r.data.Dataset.Manifest, &m)
				return r, m
			}
			whole, one := get(map[string]any{})
			parts, many := get(map[string]any{"part_bytes": 1 << 20})
			if len(one.Parts) != 1 || len(many.Parts) < 5 {
				t.Fatalf("%d and %d parts", len(one.Parts), len(many.Parts))
			}
			for i, p := range many.Parts {
				if p.Rows > 4*many.Rows/int64(len(many.Parts)) {
					t.Errorf("part %d has %d of %d rows", i, p.Rows, many.Rows)
				}
			}
			if d := table.Difference(whole.table, parts.table); d != "" {
				t.Error(d)
			}
			if !slices.Equal(whole.split, parts.split) {
				t.Error("the rows are split otherwise")
			}
			a, b := stats.New(one.Schema, nil), stats.New(many.Schema, nil)
			whole.env.JSON(t, one.Statistics, a)
			parts.env.JSON(t, many.Statistics, b)
			for i, c := range a.Columns {
				d := b.Columns[i]
				if c.Count != d.Count || c.Nulls != d.Nulls || c.Distinct() != d.Distinct() || math.Abs(c.Moments.Mean-d.Moments.Mean) > 1e-12*math.Abs(c.Moments.Mean) {
					t.Errorf("column %s: %d values, mean %v; in parts %d, %v", c.Name, c.Count, c.Moments.Mean, d.Count, d.Moments.Mean)
				}
			}
		})
	}
}

// TestSeveralFiles makes one dataset of the files of a directory.
func TestSeveralFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  string // the table as CSV, or the error
	}{
		{"alike", []string{"x,y\n1,a\n", "x,y\n2,b\n"}, "x,y\n1,a\n2,b\n"},
		{"another order", []string{"x,y\n1,a\n", "y,x\nb,2\n"}, "x,y\n1,a\n2,b\n"},
		{"whole and not", []string{"x,y\n1,a\n", "x,y\n2.5,b\n", "x,y\n3,c\n"}, "x,y\n1.0,a\n2.5,b\n3.0,c\n"},
		{"numbers and words", []string{"x,y\n1.50,a\n", "x,y\nmany,b\n", "x,y\n007,c\n"}, "x,y\n1.50,a\nmany,b\n007,c\n"},
		{"a header only", []string{"x,y\n", "x,y\n2,b\n"}, "x,y\n2,b\n"},
		{"dates that another file settles", []string{"x,y\n03/04/2024,a\n", "x,y\n31/01/2024,b\n"}, "x,y\n2024-04-03,a\n2024-01-31,b\n"},
		{"dates in both orders", []string{"x,y\n01/31/2024,a\n", "x,y\n31/01/2024,b\n", "x,y\n03/04/2024,c\n"}, "x,y\n2024-01-31,a\n2024-01-31,b\n2024-03-04,c\n"},
		{"JSON beside CSV", []string{"x,y\n1,a\n", `{"y": "b", "x": 2}` + "\n"}, "x,y\n1,a\n2,b\n"},
		{"headers only", []string{"x,y\n", "x,y\n"}, "dataset months has no rows: the file has a header (x, y) and nothing below it"},
		{"a column less", []string{"price,y\n1,a\n", "prise,y\n2,b\n"}, `file-1 does not fit file-0: it lacks the column "price"; did you mean prise?`},
		{"a column more", []string{"x,y\n1,a\n", "x,y,z\n2,b,3\n"}, `file-1 does not fit file-0: it has one column more, "z"`},
		{"an empty one", []string{"x,y\n1,a\n", ""}, "file-1: the file is empty (a CSV file has at least a header)"},
		{"none", nil, "months/ lists no files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := functest.NewEnv(t)
			list := []events.Object{}
			for i, text := range c.files {
				list = append(list, env.Object(t, "uploads", fmt.Sprintf("file-%d", i), []byte(text)))
			}
			in := events.ObjectCreatedData{Object: events.Object{Bucket: "uploads", Key: "months/", Content: env.PutJSON(t, events.MediaManifest, list)}}
			res, err := env.Try(t, ingest.Function, in, nil)
			if err != nil {
				if err.Error() != c.want || step.ClassOf(err) != step.ClassPermanent {
					t.Errorf("error %v, want %s", err, c.want)
				}
				return
			}
			tbl, _ := env.Read(t, steptest.Emitted[events.DatasetIngestedData](t, res, 0).Dataset)
			if d := table.Difference(tbl, read(t, []byte(c.want))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestURL fetches what the event names.
func TestURL(t *testing.T) {
	env := functest.NewEnv(t)
	env.URLs["https://example.com/data/Iris%20set.csv?x=1"] = []byte("x,y\n1,a\n2,b\n3,a\n4,b\n")
	r := run(t, env, events.IngestRequestedData{URL: "https://example.com/data/Iris%20set.csv?x=1", Metadata: map[string]string{"target": "y"}}, nil)
	if ds := r.data.Dataset; ds.Name != "iris-set" || ds.Rows != 4 || ds.Target != "y" {
		t.Errorf("dataset %+v", ds)
	}
	if _, err := env.Try(t, ingest.Function, events.IngestRequestedData{URL: "https://example.com/gone.csv"}, nil); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v", err)
	}
	if _, err := env.Try(t, ingest.Function, events.IngestRequestedData{URL: "https://example.com/data/Iris%20set.csv?x=1"}, map[string]any{"max_bytes": 5}); err == nil {
		t.Error("more than max_bytes was fetched")
	}
}

// TestSkipped counts the rows that are left out.
func TestSkipped(t *testing.T) {
	env := functest.NewEnv(t)
	r := run(t, env, upload(t, env, "d.csv", []byte("x,y\n1,a\n2\n3,b\n4,c,d\n"), nil), map[string]any{"on_bad_row": "skip"})
	if r.data.Skipped != 2 || r.table.Rows() != 2 || !strings.Contains(strings.Join(r.data.Notes, "\n"), "left out that could not be read: 2; the first at line 3, column 1") {
		t.Errorf("%d skipped, %d rows, notes %q", r.data.Skipped, r.table.Rows(), r.data.Notes)
	}
	r = run(t, env, upload(t, env, "d.jsonl", []byte(`{"x":1}`+"\n"+`{"x":}`+"\n"+`{"x":2}`+"\n"), nil), map[string]any{"on_bad_row": "skip"})
	if r.data.Skipped != 1 || r.table.Rows() != 2 {
		t.Errorf("JSON: %d skipped, %d rows", r.data.Skipped, r.table.Rows())
	}
	r = run(t, env, upload(t, env, "d.jsonl", []byte(`{"x":[1,2]}`+"\n"), nil), map[string]any{"nested_text": true})
	if got := r.table.Column("x").Text(0); got != "[1,2]" {
		t.Errorf("nested text %q", got)
	}
}

// TestManifest is what others read of a dataset.
func TestManifest(t *testing.T) {
	env := functest.NewEnv(t)
	r := run(t, env, upload(t, env, "d.csv", []byte("x,y\n1,a\n2,b\n3,a\n4,b\n"), nil), map[string]any{"target": "y"})
	var m step.Manifest
	env.JSON(t, r.data.Dataset.Manifest, &m)
	schema, err := json.Marshal(m.Schema)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(schema), `[{"name":"x","type":"int64"},{"name":"y","type":"string"}]`; got != want || m.Rows != 4 || r.res.Rows != 4 {
		t.Errorf("schema %s, %d rows", got, m.Rows)
	}
	if p := env.Reported(); len(p) == 0 || p[len(p)-1].Done != 4 || p[len(p)-1].Unit != "rows" {
		t.Errorf("progress %v", p)
	}
}
