package schema_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/runtime/schema"
)

type inner struct {
	Depth int     `json:"depth" default:"3" min:"1" max:"9" doc:"how deep"`
	Rate  float64 `json:"rate" default:"0.5" min:"0" max:"1"`
}

type shared struct {
	Seed uint64 `json:"seed" default:"42"`
}

type params struct {
	Name    string         `json:"name" doc:"what it is called"`
	Method  string         `json:"method" default:"mean" enum:"mean,median,mode"`
	On      bool           `json:"on" default:"true"`
	Count   int            `json:"count" default:"5" min:"0" max:"100"`
	Columns []string       `json:"columns" default:"a,b"`
	Pairs   [][2]string    `json:"pairs"`
	Inner   inner          `json:"inner"`
	List    []inner        `json:"list"`
	Gate    map[string]int `json:"gate"`
	Free    any            `json:"free"`
	Pointer *float64       `json:"pointer"`
	Hidden  string         `json:"-"`
	NoTag   string
	shared2
	shared
}

type shared2 struct {
	Other string `json:"other" default:"x"`
}

// TestCheck says what does not fit, and where.
func TestCheck(t *testing.T) {
	s := schema.Of[params]()
	for _, c := range []struct{ values, want string }{
		{`{}`, ``},
		{`{"name": "n", "method": "mode", "on": false, "count": 7, "columns": [], "pairs": [["a", "b"]], "inner": {"depth": 1}, "list": [{"rate": 1}], "gate": {"x": 1}, "free": [1, {}], "pointer": 2.5, "seed": 1, "other": ""}`, ``},
		{`{"name": null, "count": null, "inner": null, "columns": null}`, ``},
		{`{"count": 7.0}`, ``},
		{`{"nmae": 1}`, `nmae: no such parameter; did you mean name? (there are: name, method, on, count, columns, pairs, inner, list, gate, free, pointer, other, seed)`},
		{`{"Hidden": 1}`, `Hidden: no such parameter (there are: name, method, on, count, columns, pairs, inner, list, gate, free, pointer, other, seed)`},
		{`{"name": 1}`, `name: want text, not 1`},
		{`{"method": "medain"}`, `method: "medain" is none of mean, median, mode; did you mean median or mean?`},
		{`{"on": "yes"}`, `on: want true or false, not "yes"`},
		{`{"count": "7"}`, `count: want a number, not "7"`},
		{`{"count": 7.5}`, `count: want a whole number, not 7.5`},
		{`{"count": -1}`, `count: -1 is below the least allowed, 0`},
		{`{"count": 101}`, `count: 101 is above the most allowed, 100`},
		{`{"seed": 1e300}`, `seed: want a whole number, not 1e+300`},
		{`{"seed": -1}`, `seed: -1 is below the least allowed, 0`},
		{`{"columns": "a"}`, `columns: want a list, not "a": write ["a"]`},
		{`{"columns": ["a", 2]}`, `columns.1: want text, not 2`},
		{`{"pairs": [["a"]]}`, `pairs.0: want a list of 2, not ["a"]`},
		{`{"pairs": [["a", "b", "c"]]}`, `pairs.0: want a list of 2, not ["a","b","c"]`},
		{`{"inner": 3}`, `inner: want a mapping, not 3`},
		{`{"inner": {"dept": 3}}`, `inner.dept: no such parameter; did you mean depth? (there are: depth, rate)`},
		{`{"inner": {"depth": 0}}`, `inner.depth: 0 is below the least allowed, 1`},
		{`{"list": [{}, {"rate": 2}]}`, `list.1.rate: 2 is above the most allowed, 1`},
		{`{"gate": {"x": "y"}}`, `gate.x: want a number, not "y"`},
		{`{"pointer": "` + strings.Repeat("é", 60) + `"}`, `pointer: want a number, not "` + strings.Repeat("é", 28) + `...`},
		{`{"on": 1, "count": "x"}`, "count: want a number, not \"x\"\non: want true or false, not 1"},
	} {
		var values map[string]any
		if err := json.Unmarshal([]byte(c.values), &values); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range s.Check(values) {
			got = append(got, e.Error())
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.values, text, c.want)
		}
		if _, err := schema.Decode[params](s, values); (err == nil) != (c.want == "") {
			t.Errorf("%s: decoding gives %v", c.values, err)
		}
	}
	for _, v := range []any{math.NaN(), math.Inf(1)} {
		if len(s.Check(map[string]any{"count": v, "pointer": v})) != 2 {
			t.Errorf("%v was taken for a number", v)
		}
	}
}

// TestDefaults fills in what is not said.
func TestDefaults(t *testing.T) {
	got, err := schema.Decode[params](schema.Of[params](), map[string]any{"inner": map[string]any{"rate": 1}, "list": []any{map[string]any{"rate": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	want := params{Method: "mean", On: true, Count: 5, Columns: []string{"a", "b"}, Inner: inner{3, 1}, List: []inner{{0, 1}}}
	want.Seed, want.Other = 42, "x"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestJSONSchema is the form that editors read.
func TestJSONSchema(t *testing.T) {
	b, err := json.Marshal(schema.Of[inner]().JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"additionalProperties":false,"properties":{` +
		`"depth":{"default":3,"description":"how deep","maximum":9,"minimum":1,"type":"integer"},` +
		`"rate":{"default":0.5,"maximum":1,"minimum":0,"type":"number"}},"type":"object"}`
	if string(b) != want {
		t.Errorf("got %s\nwant %s", b, want)
	}
	all := schema.Of[params]().JSONSchema()["properties"].(map[string]any)
	for name, want := range map[string]string{
		"pairs": `{"items":{"items":{"type":"string"},"maxItems":2,"minItems":2,"type":"array"},"type":"array"}`,
		"gate":  `{"additionalProperties":{"type":"integer"},"type":"object"}`,
		"free":  `{}`,
		"seed":  `{"default":42,"minimum":0,"type":"integer"}`,
	} {
		if b, _ := json.Marshal(all[name]); string(b) != want {
			t.Errorf("%s: got %s, want %s", name, b, want)
		}
	}
}

// TestMistakes panics where a struct makes no schema.
func TestMistakes(t *testing.T) {
	for name, f := range map[string]func(){
		"no struct": func() { schema.Of[int]() },
		"a channel": func() {
			schema.Of[struct {
				C chan int `json:"c"`
			}]()
		},
		"a map of ints": func() {
			schema.Of[struct {
				M map[int]string `json:"m"`
			}]()
		},
		"a default": func() {
			schema.Of[struct {
				N int `json:"n" default:"many"`
			}]()
		},
		"a bound": func() {
			schema.Of[struct {
				N int `json:"n" min:"low"`
			}]()
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it made a schema")
				}
			}()
			f()
		})
	}
}

// values draws values for some fields, that fit or do not.
func values() *rapid.Generator[map[string]any] {
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(v bool) any { return v }), rapid.Map(rapid.String(), func(v string) any { return v }),
		rapid.Map(rapid.Float64(), func(v float64) any { return v }), rapid.Map(rapid.IntRange(-2, 101), func(v int) any { return v }),
		rapid.SampledFrom([]any{"mean", "mode", uint64(math.MaxUint64), int64(math.MinInt64), []any{"a", "b"}, []any{[]any{"a", "b"}}, map[string]any{"depth": 2}, map[string]any{"x": 1}}))
	return rapid.MapOf(rapid.SampledFrom([]string{"name", "method", "on", "count", "columns", "pairs", "inner", "list", "gate", "free", "pointer", "seed", "what"}), scalar)
}

// TestProperties holds for any values: what Check passes Complete fills in
// once and for all, and Decode decodes but for numbers beyond the type.
func TestProperties(t *testing.T) {
	s := schema.Of[params]()
	rapid.Check(t, func(t *rapid.T) {
		v := values().Draw(t, "values")
		errs := s.Check(v)
		for _, e := range errs {
			if len(e.Path) == 0 || e.Message == "" {
				t.Fatalf("an error without path or message: %+v", e)
			}
		}
		if len(errs) > 0 {
			return
		}
		full := s.Complete(v)
		if again := s.Complete(full); !reflect.DeepEqual(again, full) {
			t.Fatalf("completed once %v, twice %v", full, again)
		}
		if errs := s.Check(full); len(errs) > 0 {
			t.Fatalf("complete values do not fit: %v", errs[0])
		}
		if _, err := schema.Decode[params](s, v); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
			t.Fatal(err)
		}
		for name := range v {
			if v[name] != nil && fmt.Sprint(full[name]) != fmt.Sprint(v[name]) && name != "inner" {
				t.Fatalf("%s was %v, is %v", name, v[name], full[name])
			}
		}
	})
}

// TestExplain adds what a text means to what is none.
func TestExplain(t *testing.T) {
	s := schema.Of[params]()
	for _, c := range []struct {
		values map[string]any
		want   string
	}{
		{map[string]any{"name": 10}, "name: want text, not 10: what it is called"},
		{map[string]any{"other": 10}, "other: want text, not 10"},
		{map[string]any{"method": 10}, "method: want text, not 10"},
		{map[string]any{"count": "ten"}, `count: want a number, not "ten"`},
		{map[string]any{"columns": []any{10}}, "columns.0: want text, not 10"},
		{map[string]any{"inner": map[string]any{"width": 10}}, "inner.width: no such parameter (there are: depth, rate)"},
	} {
		errs := s.Check(c.values)
		if len(errs) != 1 || s.Explain(errs[0]) != c.want {
			t.Errorf("%v: %v, want %s", c.values, errs, c.want)
		}
	}
}
