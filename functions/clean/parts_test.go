package clean_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// messy is a table of every kind, with gaps, outliers, text to normalise and
// every eighth row equal to one far before it; y is a class that some rows lack.
func messy(n int, seed uint64) *table.Table {
	r := rand.New(rand.NewPCG(seed, 1))
	a, count, flag := make([]float64, n), make([]int64, n), make([]bool, n)
	town, day, y := make([]string, n), make([]string, n), make([]string, n)
	when := make([]time.Time, n)
	order := make([]int, n)
	for i := range n {
		a[i], count[i], flag[i] = r.NormFloat64(), r.Int64N(1000), r.IntN(3) == 0
		town[i] = fmt.Sprintf(" town  %d", r.IntN(200))
		day[i] = fmt.Sprintf("2024-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28))
		y[i] = []string{"yes", "no"}[r.IntN(2)]
		when[i] = time.Unix(r.Int64N(1e9), 0)
		if i%41 == 3 {
			a[i] *= 1e4
		}
		if order[i] = i; i%8 == 7 {
			order[i] = r.IntN(i)
		}
	}
	t := &table.Table{Columns: []*table.Column{
		table.FloatColumn("a", a), table.StringColumn("y", y), table.IntColumn("count", count), table.BoolColumn("flag", flag),
		table.StringColumn("town", town), table.StringColumn("date", day), table.TimeColumn("when", when),
	}}
	for i := range n {
		if j := r.IntN(60); j < len(t.Columns) {
			t.Columns[j].SetMissing(i)
		}
	}
	return t.Take(order)
}

func subsets(n int) []step.Subset {
	split := make([]step.Subset, n)
	for i := range split {
		split[i] = [...]step.Subset{step.Test, step.Train, step.Train, step.Validation, step.Train}[i%5]
	}
	return split
}

// result is what one run of the step leaves.
type result struct {
	raw, cleaned         *table.Table
	rawSplit, cleanSplit []step.Subset
	graph                *preprocess.Graph
	notes                []string
	data                 events.DatasetCleanedData
}

func run(t *testing.T, tbl *table.Table, split []step.Subset, target string, partRows int, params map[string]any) result {
	t.Helper()
	env := steptest.New(t)
	like := events.Dataset{Name: "d", Target: target}
	if target != "" {
		like.Task, like.Classes = "classification", []string{"no", "yes"}
	}
	ds := env.Dataset(t, like, tbl, split, partRows)
	out := steptest.Emitted[events.DatasetCleanedData](t, env.Invoke(t, clean.Function, events.DatasetIngestedData{Dataset: ds}, params), 0)
	r := result{data: out, notes: out.Notes}
	r.raw, r.rawSplit = env.Read(t, out.Raw)
	r.cleaned, r.cleanSplit = env.Read(t, out.Dataset)
	read := step.New("read", func(ctx context.Context, c *step.Call, _ struct{}) (err error) {
		r.graph, err = fitted.Graph(ctx, c, out.Transformers)
		return err
	}, step.Accepts(events.DatasetIngested))
	env.Invoke(t, read, events.DatasetIngestedData{Dataset: ds}, nil)
	return r
}

var ways = []map[string]any{
	{},
	{"duplicates": "keep"},
	{"missing": "drop_rows", "outliers": "remove", "text": "keep"},
	{"missing": "drop_columns", "max_missing": 0.017, "drop_columns": []any{"when"}},
	{"missing": "knn", "categories": "mode", "outliers": "iqr", "indicators": true},
	{"outliers": "isolation_forest", "contamination": 0.05},
}

func with(params map[string]any, more ...any) map[string]any {
	out := map[string]any{}
	for k, v := range params {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i].(string)] = more[i+1]
	}
	return out
}

// TestPartsAreTheWhole cleans a table whole and part by part: where the sample
// holds all rows to learn from, nothing tells the two apart.
func TestPartsAreTheWhole(t *testing.T) {
	tbl := messy(400, 1)
	for _, target := range []string{"", "y"} {
		for _, split := range [][]step.Subset{nil, subsets(400)} {
			for _, p := range ways {
				want := run(t, tbl, split, target, 400, p)
				for _, partRows := range []int{400, 70, 3} {
					for _, params := range []map[string]any{p, with(p, "whole", 0)} {
						got := run(t, tbl, split, target, partRows, params)
						name := fmt.Sprintf("target %q, split %t, %v in parts of %d", target, split != nil, params, partRows)
						if d := table.Difference(got.raw, want.raw); d != "" {
							t.Fatalf("%s: raw: %s", name, d)
						}
						if d := table.Difference(got.cleaned, want.cleaned); d != "" {
							t.Fatalf("%s: cleaned: %s", name, d)
						}
						if !slices.Equal(got.rawSplit, want.rawSplit) || !slices.Equal(got.cleanSplit, want.cleanSplit) {
							t.Fatalf("%s: another split", name)
						}
						if got.data.Transformers != want.data.Transformers {
							t.Fatalf("%s: fitted otherwise", name)
						}
						notes := slices.DeleteFunc(slices.Clone(got.notes), func(n string) bool { return strings.HasPrefix(n, "read part by part") })
						if !slices.Equal(notes, want.notes) {
							t.Fatalf("%s: notes\n%q, want\n%q", name, notes, want.notes)
						}
					}
				}
			}
		}
	}
}

// TestSampled fits on some of the rows, and cleans all of them by what it found.
func TestSampled(t *testing.T) {
	const rows, sampled = 3000, 100
	tbl, split := messy(rows, 2), subsets(rows)
	for i := 13; i < rows; i += 50 {
		split[i] = step.Excluded
	}
	for _, p := range ways {
		params := with(p, "whole", 10_000, "sample", sampled*len(tbl.Columns))
		got := run(t, tbl, split, "y", 400, params)
		all := run(t, tbl, split, "y", rows, p)
		if !slices.ContainsFunc(got.notes, func(n string) bool {
			return strings.HasPrefix(n, "fitted on 100 rows of ") && strings.Contains(n, "whole (10000)")
		}) {
			t.Errorf("%v: notes %q do not tell of the sample", p, got.notes)
		}
		if got.data.Transformers == all.data.Transformers {
			t.Errorf("%v: a sample fits as all rows do", p)
		}
		var kept []int
		var keptSplit []step.Subset
		for i, s := range got.rawSplit {
			if s != step.Excluded {
				kept, keptSplit = append(kept, i), append(keptSplit, s)
			}
		}
		want, err := got.graph.Transform(tbl.Take(kept).Without("y"))
		if err == nil {
			want, err = want.With(tbl.Column("y").Take(kept))
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := table.Difference(got.cleaned, want); d != "" {
			t.Errorf("%v: %s", p, d)
		}
		if !slices.Equal(got.cleanSplit, keptSplit) {
			t.Errorf("%v: the split is not that of the rows kept", p)
		}
		if p["outliers"] != "remove" && p["outliers"] != "isolation_forest" && !slices.Equal(got.rawSplit, all.rawSplit) {
			t.Errorf("%v: other rows are left out than of the whole table", p)
		}
		again := run(t, tbl, split, "y", 400, params)
		if !reflect.DeepEqual(again.data, got.data) {
			t.Errorf("%v: another result the second time", p)
		}
		if cut := run(t, tbl, split, "y", 77, params); cut.data.Transformers != got.data.Transformers {
			t.Errorf("%v: the sample depends on how the parts are cut", p)
		}
	}
}

// TestNothingLeft says why no row to learn from is left.
func TestNothingLeft(t *testing.T) {
	tbl := &table.Table{Columns: []*table.Column{table.FloatColumn("x", []float64{1, 2, 3})}}
	for i := range 3 {
		tbl.Columns[0].SetMissing(i)
	}
	for _, whole := range []int{0, 100} {
		env := steptest.New(t)
		ds := env.Dataset(t, events.Dataset{Name: "d"}, tbl, nil, 2)
		_, err := env.Try(t, clean.Function, events.DatasetIngestedData{Dataset: ds}, map[string]any{"missing": "drop_rows", "whole": whole})
		if err == nil || !strings.Contains(err.Error(), "no training rows are left") || !strings.Contains(err.Error(), "a value is missing") {
			t.Errorf("whole %d: %v", whole, err)
		}
	}
}

// generated holds no table: it makes each part when it is read, and keeps none.
type generated struct {
	*steptest.Env
	parts map[string]uint64
	rows  int
	peak  uint64 // of the live heap, looked at whenever a part is read or stored
}

func (g *generated) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	g.peak = max(g.peak, m.HeapAlloc)
}

func (g *generated) Table(_ context.Context, ref events.Ref) (*table.Table, error) {
	g.look()
	return noted(g.rows, g.parts[ref.Digest]), nil
}

// noted is a messy table with a text that no two rows have in common.
func noted(n int, seed uint64) *table.Table {
	notes := make([]string, n)
	for i := range notes {
		notes[i] = fmt.Sprintf("row %d of a table that has %d rows, and was made of %d", i, n, seed)
	}
	t := messy(n, seed)
	return &table.Table{Columns: append(t.Columns, table.StringColumn("note", notes))}
}

func (g *generated) PutTable(_ context.Context, t *table.Table) (events.Ref, error) {
	g.look()
	return events.Ref{Digest: "sha256:out", MediaType: events.MediaParquet, Size: 1}, nil
}

// TestMemory cleans tables of few and of many parts: what more rows take is
// their hashes and subsets, not their values.
func TestMemory(t *testing.T) {
	const rows = 5_000
	peak := func(parts int) int64 {
		g := &generated{Env: steptest.New(t), parts: map[string]uint64{}, rows: rows}
		m := step.Manifest{Schema: noted(1, 0).Schema(), Rows: int64(parts * rows)}
		for i := range parts {
			ref := events.Ref{Digest: fmt.Sprint("sha256:", i), MediaType: events.MediaParquet, Size: 1}
			g.parts[ref.Digest] = uint64(i / 2) // every row stands twice
			m.Parts = append(m.Parts, step.Part{Table: ref, Rows: rows})
		}
		ds := events.Dataset{Name: "d", Rows: m.Rows, Columns: len(m.Schema), Manifest: g.PutJSON(t, events.MediaDataset, m)}
		root, err := events.NewRoot("/tests", "s", steptest.Time(), events.DatasetIngestedData{Dataset: ds}, "x")
		if err != nil {
			t.Fatal(err)
		}
		g.look()
		before := g.peak
		inv := step.Invocation{Event: root, From: events.Emitter{Step: "clean"}, Seed: 1, Time: steptest.Time(), Params: map[string]any{"whole": 0, "sample": 20_000}}
		if _, err := clean.Function.Run(t.Context(), inv, g); err != nil {
			t.Fatal(err)
		}
		return int64(g.peak - before)
	}
	const few, many = 4, 40
	perRow := float64(peak(many)-peak(few)) / ((many - few) * rows)
	t.Logf("%.1f bytes a row", perRow)
	if perRow > 16 { // a row's values take more than 100
		t.Errorf("%.1f bytes a row more, want at most 16", perRow)
	}
}
