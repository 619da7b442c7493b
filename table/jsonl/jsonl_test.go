package jsonl

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/klauspost/compress/zstd"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/tabletest"
)

// show writes a table as its kinds and its values.
func show(t *table.Table) string {
	var b strings.Builder
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "%s %v:", c.Name, c.Kind)
		for i := range c.Len() {
			if c.Missing(i) {
				b.WriteString(" _")
			} else {
				fmt.Fprintf(&b, " %s", c.Text(i))
			}
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"kinds", `{"i":1,"f":1.5,"b":true,"s":"x","t":"2024-02-29"}` + "\n" + `{"i":-2,"f":2,"b":false,"s":"y","t":"2024-02-29T12:30:00.5+01:00"}`,
			"i int64: 1 -2; f float64: 1.5 2; b bool: true false; s string: x y; t time: 2024-02-29T00:00:00Z 2024-02-29T11:30:00.5Z"},
		{"missing", `{"a":1}` + "\n" + `{"b":null}` + "\n" + `{"b":"x","a":null}`, "a int64: 1 _ _; b string: _ _ x"},
		{"all missing", `{"a":null}` + "\n" + `{"a":NaN}`, "a float64: _ _"},
		{"wide", `{"a":1}` + "\n" + `{"a":9223372036854775808}`, "a string: 1 9223372036854775808"},
		{"wide float", `{"a":9223372036854775808}` + "\n" + `{"a":0.5}`, "a float64: 9.223372036854776e+18 0.5"},
		{"mixed", `{"a":1.50}` + "\n" + `{"a":"x"}` + "\n" + `{"a":true}`, "a string: 1.50 x true"},
		{"times that are words after all", `{"a":"2024-01-01"}` + "\n" + `{"a":"soon"}`, "a string: 2024-01-01 soon"},
		{"no such day", `{"a":"2023-02-29"}`, "a string: 2023-02-29"},
		{"beyond float64", `{"a":1e400}` + "\n" + `{"a":-1}`, "a float64: _ -1"},
		{"infinities", `{"a":-Infinity}` + "\n" + `{"a":1e308}`, "a float64: -Inf 1e+308"},
		{"minus zero", `{"a":-0}` + "\n" + `{"a":"x"}`, "a string: 0 x"},
		{"escapes", `{"a\u0062":"\"\\\/\b\f\n\r\té\ud83d\ude00"}`, "ab string: \"\\/\b\f\n\r\té😀"},
		{"white space", " \t{ \"a\" : 1 , \"b\" : 2 }\r\n\r\n{\"a\":3,\"b\":4}  ", "a int64: 1 3; b int64: 2 4"},
		{"byte order mark", "\xef\xbb\xbf{\"a\":1}", "a int64: 1"},
		{"empty object", "{\"a\":1}\n{}", "a int64: 1 _"},
		{"empty key", `{"":1}`, " int64: 1"},
		{"array", `[{"a":1},{"a":2}]`, "a int64: 1 2"},
		{"array over lines", "[\n  {\n    \"a\": \"}\\\"{\"\n  },\n  {\n    \"a\": \"]\"\n  }\n]\n", `a string: }"{ ]`},
		{"objects over lines", "{\n \"a\": 1\n}\n{\n \"a\": 2\n}", "a int64: 1 2"},
		{"other order", `{"a":1,"b":2}` + "\n" + `{"b":3,"a":4}`, "a int64: 1 4; b int64: 2 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := Read(context.Background(), Bytes("in.jsonl", []byte(c.in)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if s := show(got); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func TestBadRows(t *testing.T) {
	for _, c := range []struct{ name, row, want string }{
		{"no object", `12`, `in.jsonl:2:1: '1', want an object`},
		{"cut short", `{"a":`, "in.jsonl:2:6: the object is cut short, want a value"},
		{"cut in a string", `{"a":"x`, "in.jsonl:2:8: the object is cut short, want the end of a string"},
		{"word", `{"a":yes}`, "in.jsonl:2:6: 'y', want a value"},
		{"single quotes", `{'a':1}`, `in.jsonl:2:2: '\'', want a key in double quotes`},
		{"comma at the end", `{"a":1,}`, "in.jsonl:2:8: '}', want a key in double quotes"},
		{"two objects", `{"a":1} {"a":2}`, "in.jsonl:2:9: '{', want the end of the line"},
		{"leading zero", `{"a":01}`, "in.jsonl:2:6: '0', want a number without leading zeros"},
		{"bare minus", `{"a":-}`, "in.jsonl:2:7: '}', want a number without leading zeros"},
		{"point without digits", `{"a":1.}`, "in.jsonl:2:8: '}', want a digit"},
		{"escape", `{"a":"\x41"}`, "in.jsonl:2:8: 'x', want one of"},
		{"nested object", `{"a":{"b":1}}`, `in.jsonl:2:2: "a" is an object or array within the row (flatten it`},
		{"nested array", `{"a":[1,2]}`, `in.jsonl:2:2: "a" is an object or array within the row`},
		{"key twice", `{"a":1,"a":2}`, `in.jsonl:2:8: the key "a" appears twice`},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "in.jsonl:2:7: the byte 0xff is not UTF-8"},
		{"half a pair", `{"a":"\ud83d"}`, "in.jsonl:2:7: half of a surrogate pair"},
		{"NUL", "{\"a\":\x00}", "in.jsonl:2:6: a NUL byte"},
		{"NUL escaped", `{"a":"\u0000"}`, "in.jsonl:2:7: a NUL character"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := Bytes("in.jsonl", []byte("{\"a\":1}\n"+c.row+"\n{\"a\":3}\n"))
			_, _, err := Read(context.Background(), in, nil)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v\nwant  %s", err, c.want)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%T is no *Error", err)
			}
			got, report, err := Read(context.Background(), in, &Options{OnBadRow: Skip})
			if err != nil {
				t.Fatal(err)
			}
			if s := show(got); s != "a int64: 1 3" || report.Skipped != 1 || report.Rows != 2 || len(report.Bad) != 1 || report.Bad[0].Line != 2 {
				t.Errorf("skipped: %s, %+v", s, report)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	many := func() string {
		var b strings.Builder
		b.WriteString("{")
		for i := range 50 {
			fmt.Fprintf(&b, `"c%d":1,`, i)
		}
		return b.String() + `"z":1}`
	}()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(bytes.Repeat([]byte(`{"a":"`+strings.Repeat("x", 500)+"\"}\n"), 1<<11))
	z.Close()
	bomb = *bytes.NewBuffer(bytes.Repeat(bomb.Bytes(), 70)) // members may follow each other
	for _, c := range []struct {
		name, in string
		opts     *Options
		want     Problem
	}{
		{"empty", "", nil, Empty},
		{"blank", " \n\n", nil, Empty},
		{"empty array", "[]", nil, Empty},
		{"empty objects", "{}\n{}", nil, Empty},
		{"CSV", "a,b\n1,2\n", nil, NotJSON},
		{"zip", "PK\x03\x04", nil, NotJSON},
		{"UTF-16", "\xff\xfe{\x00", nil, InvalidUTF8},
		{"array cut short", `[{"a":1},`, nil, Syntax},
		{"array of numbers", `[1,2]`, &Options{OnBadRow: Skip}, Syntax},
		{"array without comma", `[{"a":1} {"a":2}]`, nil, Syntax},
		{"after the array", `[{"a":1}] 5`, nil, Syntax},
		{"object cut short", "{\n\"a\":", nil, Syntax},
		{"long line", `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, &Options{MaxLine: 1 << 19}, LongLine},
		{"long line in an array", `[{"a":"` + strings.Repeat("x", 1<<20) + `"}]`, &Options{MaxLine: 1 << 19}, LongLine},
		{"columns", many, &Options{MaxColumns: 50, OnBadRow: Skip}, TooLarge},
		{"bytes", `{"a":1}` + strings.Repeat("\n", 1<<20), &Options{MaxBytes: 1 << 19}, TooLarge},
		{"bomb", bomb.String(), nil, TooLarge},
		{"gzip cut short", bomb.String()[:5000], nil, Damaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Read(context.Background(), Bytes("in.jsonl", []byte(c.in)), c.opts)
			var e *Error
			if !errors.As(err, &e) || e.Problem != c.want || e.File != "in.jsonl" {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestWhereInAnArray(t *testing.T) {
	_, _, err := Read(context.Background(), Bytes("in.json", []byte("[\n {\"a\":1},\n {\"b\":2,\n  \"c\":}\n]")), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "in.json:4:7: ") {
		t.Error(err)
	}
}

func TestNotes(t *testing.T) {
	in := `{"big":1e999,"mix":1,"cut":"2024-01-01 00:00:00.1234567","id":99999999999999999999,"fix":"7","not":"x"}
{"big":1,"mix":"a","cut":"2024-01-01","id":1,"fix":8,"not":"2.5"}`
	got, report, err := Read(context.Background(), Bytes("in", []byte(in)), &Options{Kinds: map[string]table.Kind{"fix": table.Int64, "not": table.Float64}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "big float64: _ 1; mix string: 1 a; cut time: 2024-01-01T00:00:00.123456Z 2024-01-01T00:00:00Z; id string: 99999999999999999999 1; fix int64: 7 8; not float64: _ 2.5"; show(got) != want {
		t.Errorf("got  %s\nwant %s", show(got), want)
	}
	b, _ := json.Marshal(report.Notes)
	want := `[{"column":"big","text":"numbers beyond float64 are missing","count":1},{"column":"mix","text":"values that are no strings are kept as text","count":1},` +
		`{"column":"cut","text":"digits beyond microseconds are dropped","count":1},{"column":"id","text":"integers, some beyond int64, are kept as text","count":2},` +
		`{"column":"not","text":"values that are no float64 are missing","count":1}]`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestNestedText(t *testing.T) {
	got, _, err := Read(context.Background(), Bytes("in", []byte(`{"a":{"x":[1,"}"]}}`+"\n"+`{"a":[]}`)), &Options{NestedText: true})
	if err != nil || show(got) != `a string: {"x":[1,"}"]} []` {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, err := Read(context.Background(), Bytes("in", []byte(`{"a":[1,]}`)), &Options{NestedText: true}); err == nil {
		t.Error("nested text that is no JSON was kept")
	}
}

func TestCompressed(t *testing.T) {
	plain := []byte("{\"a\":1}\n{\"a\":2}\n")
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write(plain)
	z.Close()
	e, _ := zstd.NewWriter(nil)
	for name, b := range map[string][]byte{"gzip": gz.Bytes(), "zstd": e.EncodeAll(plain, nil)} {
		got, report, err := Read(context.Background(), Bytes(name, b), nil)
		if err != nil || show(got) != "a int64: 1 2" || report.Bytes != int64(len(plain)) {
			t.Errorf("%s: %v, %+v, %v", name, got, report, err)
		}
	}
}

func TestChanged(t *testing.T) {
	texts := []string{"{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n{\"a\":\"x\"}", "{\"a\":1}", "{\"a\":1}\n{\"b\":2}", "{\"a\":1}\n{\"a\":2}\n{\"a\":2}"}
	for _, second := range texts[1:] {
		opened := 0
		src := Source{"in", func() (io.ReadCloser, error) {
			opened++
			if opened == 1 {
				return io.NopCloser(strings.NewReader(texts[0])), nil
			}
			return io.NopCloser(strings.NewReader(second)), nil
		}}
		var e *Error
		if _, _, err := Read(context.Background(), src, nil); !errors.As(err, &e) || e.Problem != Changed {
			t.Errorf("%q: %v", second, err)
		}
	}
}

// What is written is read back as it was; parts of any size make up the whole.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tabletest.Table(60).Draw(t, "table")
		for i, c := range want.Columns {
			// All missing is float64, and text that looks like a time is one; NUL is refused.
			if c.Nulls() == c.Len() {
				t.Skip("a column without values")
			}
			if c.Kind == table.String {
				d := *c
				d.Dict = nil
				for _, s := range c.Dict {
					d.Dict = append(d.Dict, "x"+strings.ReplaceAll(s, "\x00", ""))
				}
				want.Columns[i] = &d
			}
		}
		var b bytes.Buffer
		if err := Write(&b, want); err != nil {
			t.Fatal(err)
		}
		plan, err := Scan(context.Background(), Bytes("in", b.Bytes()), nil)
		if err != nil {
			t.Fatal(err)
		}
		var parts []*table.Table
		rows := rapid.IntRange(1, 70).Draw(t, "rows of a part")
		err = plan.Parts(context.Background(), rows, func(p *table.Table) error {
			parts = append(parts, p)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := table.Concat(parts...)
		if err != nil {
			t.Fatal(err)
		}
		if d := table.Difference(want, got); d != "" {
			t.Fatalf("%s\n%s", d, b.Bytes())
		}
	})
}

// What encoding/json reads as a flat object is read with the same values, and
// what it refuses is refused.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":"x"}`, `[{"a":1.5e3},{"a":null}]`, "{\"a\":\"\\u00e9\"}\n{\"a\":true}", "{\n\"a\":[1]}\n", `{"a":"2024-01-01T00:00:00Z"}`, `{"a":-0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _, err := Read(context.Background(), Bytes("in", b), &Options{MaxLine: 1 << 16, MaxBytes: 1 << 20, NestedText: true})
		var e *Error
		if err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		var want map[string]any
		if bytes.ContainsAny(b, "\n\r") || !bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
			return
		}
		if err := json.Unmarshal(b, &want); err != nil {
			if bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Infinity")) || bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) || strings.Contains(err.Error(), "number") {
				return // read on purpose, or beyond float64
			}
			t.Fatalf("read, but encoding/json says %v", err)
		}
		if len(want) != len(got.Columns) || got.Rows() != 1 {
			t.Fatalf("%d columns, want %d", len(got.Columns), len(want))
		}
		for _, c := range got.Columns {
			w, ok := want[c.Name]
			if !ok || (w == nil) != c.Missing(0) {
				t.Fatalf("column %q: %v", c.Name, w)
			}
			if s, ok := w.(string); ok && c.Kind == table.String && c.Text(0) != s {
				t.Fatalf("column %q: %q, want %q", c.Name, c.Text(0), s)
			}
			if n, ok := w.(float64); ok && c.Kind != table.String && c.Numbers()[0] != n {
				t.Fatalf("column %q: %v, want %v", c.Name, c.Numbers()[0], n)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var in bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&in, `{"id":%d,"price":%d.%02d,"name":"label %d","ok":%t,"at":"2024-03-%02dT10:00:00Z","lat":%.6f,"lon":%.6f}`+"\n",
			i, i%977, i%100, i%300, i%3 == 0, 1+i%28, float64(i)/1000, -float64(i)/777)
	}
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		if _, _, err := Read(context.Background(), Bytes("in", in.Bytes()), nil); err != nil {
			b.Fatal(err)
		}
	}
}
