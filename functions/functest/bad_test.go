package functest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/runtime/step"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rows writes a header and n rows of it.
func rows(header string, n int, row func(i int) string) []byte {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.Bytes()
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// bomb is a gzip file of n zeros.
func bomb(n int) []byte {
	return bytes.Repeat(zipped(make([]byte, 1<<20)), n>>20) // members may follow each other
}

// good is a table from which "y" can be learnt, x1 being its sign.
func good(i int) (x1, x2 float64, y string) {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	x1, x2 = r.NormFloat64(), r.NormFloat64()
	if x1 > 0 {
		return x1, x2, "yes"
	}
	return x1, x2, "no"
}

func goodRow(i int) string { a, b, y := good(i); return fmt.Sprintf("%.4f,%.4f,%s", a, b, y) }

func column(i int, format string) string {
	a, b, y := good(i)
	return strings.NewReplacer("{a}", fmt.Sprintf("%.4f", a), "{b}", fmt.Sprintf("%.4f", b), "{y}", y, "{i}", fmt.Sprint(i)).Replace(format)
}

func made(header string, n int, format string) []byte {
	return rows(header, n, func(i int) string { return column(i, format) })
}

type bad struct {
	name    string
	content []byte
	params  functest.Params
}

func target(name string, more ...any) functest.Params {
	p := functest.Params{"ingest": {"target": name}}
	for i := 0; i+1 < len(more); i += 2 {
		stepName, key, _ := strings.Cut(more[i].(string), ".")
		if p[stepName] == nil {
			p[stepName] = map[string]any{}
		}
		p[stepName][key] = more[i+1]
	}
	return p
}

func cases() []bad {
	y := target("y")
	wide := func() []byte {
		var head, row strings.Builder
		for j := range 10_000 {
			fmt.Fprintf(&head, "c%d,", j)
			fmt.Fprintf(&row, "%d,", j%7)
		}
		return rows(head.String()+"y", 40, func(i int) string {
			if i%3 == 0 { // a tenth of the values missing, so that every column has something to say
				return strings.ReplaceAll(row.String(), "3,", ",") + []string{"a", "b"}[i%2]
			}
			return strings.ReplaceAll(row.String(), "5,", fmt.Sprintf("%d,", i)) + []string{"a", "b"}[i%2]
		})
	}
	text := func(i int) string {
		return fmt.Sprintf("%.3f,the customer number %d wrote that it was late", float64(i), i)
	}
	list := []bad{
		{"an empty file", nil, y},
		{"white space only", []byte("\n \n\n"), y},
		{"a header only", []byte("x1,x2,y\n"), y},
		{"one row", made("x1,x2,y", 1, "{a},{b},{y}"), y},
		{"one column", made("y", 100, "{y}"), y},
		{"one column and no target", made("y", 100, "{y}"), nil},
		{"an all-missing column", made("x1,gone,y", 100, "{a},,{y}"), y},
		{"all columns missing", made("x1,gone,y", 100, ",,{y}"), y},
		{"a constant target", made("x1,x2,y", 100, "{a},{b},same"), y},
		{"a constant numeric target", made("x1,x2,y", 100, "{a},{b},7.5"), y},
		{"a target that is all missing", made("x1,x2,y", 100, "{a},{b},"), y},
		{"a target with one value", append(made("x1,x2,y", 100, "{a},{b},"), "1,2,a\n"...), y},
		{"a target that is absent", made("x1,x2,label_y", 100, "{a},{b},{y}"), target("lable_y")},
		{"a target with missing values", rows("x1,x2,y", 200, func(i int) string {
			if i%5 == 0 {
				return column(i, "{a},{b},")
			}
			return goodRow(i)
		}), y},
		{"a class with one row", append(made("x1,x2,y", 100, "{a},{b},{y}"), "1,2,rare\n"...), y},
		{"every class with one row", made("x1,x2,y", 10, "{a},{b},c{i}"), y},
		{"a number of classes beyond all bounds", rows("x1,y", 5000, text), y},
		{"class names beyond all bounds", rows("x1,y", 900, func(i int) string { return fmt.Sprintf("%d,%s%d", i, strings.Repeat("long ", 20), i) }), y},
		{"10,000 columns", wide(), target("y", "evaluate.folds", 0)},
		{"a zip given as CSV", append([]byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), bytes.Repeat([]byte{0, 1, 2, 3}, 400)...), y},
		{"a PDF given as CSV", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"), y},
		{"an Excel file of old given as CSV", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...), y},
		{"random bytes", func() []byte {
			r := rand.NewChaCha8([32]byte{7})
			b := make([]byte, 4096)
			_, _ = r.Read(b)
			return b
		}(), y},
		{"a truncated Parquet file", []byte("PAR1 and then nothing"), y},
		{"a Parquet file that was said to be CSV", []byte("PAR1 and then nothing"), target("y", "ingest.format", "csv")},
		{"a cut gzip file", zipped(made("x1,x2,y", 1000, "{a},{b},{y}"))[:900], y},
		{"a gzip file", zipped(made("x1,x2,y", 100, "{a},{b},{y}")), y},
		{"NUL bytes", made("x1,x2,y", 100, "{a},\x00,{y}"), y},
		{"NUL bytes, skipped", append(made("x1,x2,y", 100, "{a},{b},{y}"), "1,\x00,yes\n"...), target("y", "ingest.on_bad_row", "skip")},
		{"invalid UTF-8", append(made("x1,x2,y", 100, "{a},{b},{y}"), "1,\xff\xfe,yes\n"...), y},
		{"a row too long", append(made("x1,x2,y", 100, "{a},{b},{y}"), "1,2,yes,4\n"...), y},
		{"an unclosed quote", append(made("x1,x2,y", 100, "{a},{b},{y}"), "1,\"2,yes\n"...), y},
		{"duplicated column names", made("x,x,y", 100, "{a},{b},{y}"), y},
		{"columns without names", made(",,y", 100, "{a},{b},{y}"), y},
		{"a duplicated target", made("x,y,y", 100, "{a},{y},{y}"), y},
		{"numbers like 1e400", made("x1,x2,y", 100, "{a},1e400,{y}"), y},
		{"some numbers like 1e400", rows("x1,x2,y", 100, func(i int) string {
			if i%10 == 0 {
				return column(i, "-1e400,{b},{y}")
			}
			return goodRow(i)
		}), y},
		{"numbers at the end of float64", rows("x1,x2,y", 100, func(i int) string { return column(i, "{a},1.7e308,{y}") + "" }), y},
		{"huge numbers of both signs", rows("x1,x2,y", 100, func(i int) string {
			return column(i, "{a},"+[]string{"1.7e308", "-1.7e308", "3"}[i%3]+",{y}")
		}), y},
		{"infinities", rows("x1,x2,y", 100, func(i int) string {
			return column(i, "{a},"+[]string{"inf", "-inf", "1", "2", "3"}[i%5]+",{y}")
		}), y},
		{"infinities only", rows("x1,x2,y", 100, func(i int) string { return column(i, "{a},"+[]string{"inf", "-inf"}[i%2]+",{y}") }), y},
		{"features that are infinite", rows("x1,x2,y", 100, func(i int) string { return column(i, "{i}e300,{i}e300,{y}") }),
			target("y", "featurize.interactions", []any{map[string]any{"pairs": []any{[]any{"x1", "x2"}}}})},
		{"an infinite target", rows("x1,x2,y", 100, func(i int) string {
			if i%10 == 0 {
				return column(i, "{a},{b},inf")
			}
			return column(i, "{a},{b},{a}")
		}), y},
		{"a huge target", rows("x1,x2,y", 100, func(i int) string { return column(i, "{a},{b},") + []string{"1.5e308", "-1.5e308"}[i%2] }), target("y", "ingest.task", "regression")},
		{"only id-like columns", made("id,uuid,y", 200, "{i},u-{i}-x,{y}"), y},
		{"no test row", made("x1,x2,y", 60, "{a},{b},{y}"), target("y", "ingest.test", 0)},
		{"a test fraction too large", made("x1,x2,y", 60, "{a},{b},{y}"), target("y", "ingest.test", 0.9, "ingest.validation", 0.09)},
		{"all rows equal but one", append(rows("x1,x2,y", 100, func(int) string { return "1,2,a" }), "1,2,b\n"...), y},
		{"all rows taken out", made("x1,x2,y", 100, "{a},,{y}"), target("y", "clean.missing", "drop_rows")},
		{"a split by time of one moment", made("x1,day,y", 100, "{a},2024-01-01,{y}"), target("y", "ingest.split", "time", "ingest.by", "day")},
		{"a split by time that is text", made("x1,x2,y", 100, "{a},w{i},{y}"), target("y", "ingest.split", "time", "ingest.by", "x2")},
		{"a split by no column", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "ingest.split", "time")},
		{"a split by an absent column", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "ingest.split", "time", "ingest.by", "X_1")},
		{"a split by one group", made("x1,g,y", 100, "{a},1,{y}"), target("y", "ingest.split", "group", "ingest.by", "g")},
		{"stratified numbers", made("x1,x2,y", 100, "{a},{b},{a}"), target("y", "ingest.split", "stratified")},
		{"regression of text", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "ingest.task", "regression")},
		{"classes in training that are one", rows("x1,t,y", 100, func(i int) string {
			return column(i, "{a},{i},") + []string{"early", "late"}[i/90]
		}), target("y", "ingest.split", "time", "ingest.by", "t")},
		{"an absent column to drop", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "clean.drop_columns", []any{"x3"})},
		{"the target as a column to drop", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "clean.drop_columns", []any{"y"})},
		{"a feature with the target's name", made("kind,x,kind_a", 100, "{y},{a},{a}"), target("kind_no", "featurize.one_hot", []any{})},
		{"a one-hot with the target's name", made("kind,x,kind_no", 100, "{y},{a},{b}"), target("kind_no", "ingest.task", "regression")},
		{"a gate on no metric", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "evaluate.gate", map[string]any{"acuracy": 0.5})},
		{"a model for another task", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "train.model", "ridge")},
		{"an unknown parameter", made("x1,x2,y", 100, "{a},{b},{y}"), target("y", "train.modle", "ridge")},
		{"JSON that is none", []byte(`{"x1": 1, "y": "a"` + "\n" + `{"x1": 2}`), y},
		{"JSON with nested values", []byte(`{"x1": {"a": 1}, "y": "a"}` + "\n"), y},
		{"an empty JSON list", []byte("[]\n"), y},
		{"JSON of numbers", []byte("[1, 2, 3]\n"), y},
	}
	for n := 2; n <= 10; n++ {
		list = append(list, bad{fmt.Sprintf("%d rows of classes", n), rows("x1,x2,y", n, func(i int) string { return column(i, "{a},{b},") + []string{"a", "b"}[i%2] }), y})
		list = append(list, bad{fmt.Sprintf("%d rows of numbers", n), made("x1,x2,y", n, "{a},{b},{b}"), y})
	}
	return list
}

// TestBadInput takes each through the whole chain. The golden file says how far
// it went, and what a person is told.
func TestBadInput(t *testing.T) {
	const golden = "testdata/bad.golden"
	var got strings.Builder
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			r := functest.Chain(t, "data.csv", c.content, c.params)
			fmt.Fprintf(&got, "%s\n%s\n", c.name, told(t, r))
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", golden, firstDifference(got.String(), string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// told is what a run came to: the error that ended it, or the notes.
func told(t *testing.T, r *functest.Run) string {
	var b strings.Builder
	if r.Err != nil {
		if class := step.ClassOf(r.Err); class != step.ClassPermanent {
			t.Errorf("%s: class %s of %v", r.Last, class, r.Err)
		}
		var classed *step.Error
		if errors.As(r.Err, &classed) && classed.Detail != "" {
			t.Errorf("%s panicked: %v\n%s", r.Last, r.Err, classed.Detail)
		}
		if len(r.Results[r.Last].Events) > 0 {
			t.Errorf("%s failed and sent an event", r.Last)
		}
		fmt.Fprintf(&b, "  %s fails: %v\n", r.Last, r.Err)
		return b.String()
	}
	for _, name := range []string{"ingest", "clean", "featurize", "train", "evaluate"} {
		notes := r.Results[name].Notes
		if len(notes) > 6 {
			notes = append(notes[:3:3], "...", notes[len(notes)-1])
		}
		for _, n := range notes {
			fmt.Fprintf(&b, "  %s: %s\n", name, n)
		}
	}
	if r.Evaluated.Evaluation.IsZero() {
		fmt.Fprintf(&b, "  ends at %s\n", r.Last)
		return b.String()
	}
	e := r.Evaluation(t)
	fmt.Fprintf(&b, "  %s of %d rows, measured on %d %s rows\n", e.Estimator, r.Ingested.Dataset.Rows, e.Model.Rows, e.Subset)
	return b.String()
}

// TestHugeInput is about input that is large where it should not be: memory and
// time stay bounded.
func TestHugeInput(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds and 300 MB")
	}
	for _, c := range []struct {
		name    string
		content func() []byte
		within  uint64 // bytes that are allocated in all
		want    string
	}{
		{"a line of 100 MB", func() []byte { return append([]byte("x,y\n1,"), bytes.Repeat([]byte("a"), 100<<20)...) }, 400 << 20, "longer than 64 MiB"},
		{"a line of 100 MB, one column", func() []byte { return bytes.Repeat([]byte("a"), 100<<20) }, 400 << 20, "longer than 64 MiB"},
		{"a line of 100 MB of JSON", func() []byte { return append([]byte(`{"x": "`), bytes.Repeat([]byte("a"), 100<<20)...) }, 400 << 20, "longer than"},
		{"a bomb of zeros", func() []byte { return bomb(1 << 30) }, 400 << 20, "decompresses"},
		{"a bomb of lines", func() []byte { return bytes.Repeat(zipped(bytes.Repeat([]byte("1,a\n"), 1<<18)), 240) }, 400 << 20, "bomb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := functest.NewEnv(t)
			object := env.Object(t, "uploads", "data.csv", c.content())
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			r := functest.Continue(t, env, events.ObjectCreatedData{Object: object}, target("y"))
			took := time.Since(start)
			var after runtime.MemStats
			runtime.ReadMemStats(&after)
			if r.Err == nil || step.ClassOf(r.Err) != step.ClassPermanent {
				t.Fatalf("no permanent error: %v", r.Err)
			}
			if !strings.Contains(r.Err.Error(), c.want) || len(r.Err.Error()) > 500 {
				t.Errorf("error of %d bytes: %.300s; want %s", len(r.Err.Error()), r.Err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > c.within {
				t.Errorf("%d MB were allocated for %d MB of input", used>>20, object.Content.Size>>20)
			}
			if took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
