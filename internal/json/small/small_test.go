package small

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// level is written as text, and reads any but "bad".
type level int

func (l level) MarshalText() ([]byte, error) { return []byte(strings.Repeat("<", int(l)&7)), nil }
func (l *level) UnmarshalText(b []byte) error {
	if string(b) == "bad" {
		return fmt.Errorf("bad level")
	}
	*l = level(len(b))
	return nil
}

// real is written by a method of its value, and read by one of its pointer.
type real float64

func (r real) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(r)) {
		return []byte(` "<NaN>" `), nil
	}
	return json.Marshal(float64(r))
}

func (r *real) UnmarshalJSON(b []byte) error {
	if string(b) == "null" || b[0] == '"' {
		*r = 0
		return nil
	}
	return json.Unmarshal(b, (*float64)(r))
}

// pointed has its method on the pointer, as table/stats.Column does.
type pointed struct{ N int }

func (p *pointed) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d ]", p.N), nil }

type Inner struct {
	A    string `json:"a"`
	Deep int    `json:"deep,omitempty"`
	Same string
}

type hidden struct {
	H    int `json:"h"`
	Same string
}

type everything struct {
	Inner
	hidden
	*Other
	String  string            `json:"string"`
	Strings []string          `json:"strings"`
	Bytes   []byte            `json:"bytes,omitempty"`
	Float   float64           `json:"float"`
	Single  float32           `json:"single,omitempty"`
	Int     int               `json:"int,omitempty"`
	Small   int8              `json:"small"`
	Uint    uint64            `json:"uint,string"`
	Bool    bool              `json:"bool,omitempty"`
	Any     any               `json:"any"`
	Map     map[string]any    `json:"map,omitempty"`
	Counts  map[int]int       `json:"counts,omitempty"`
	Levels  map[level]level   `json:"levels,omitempty"`
	Names   map[string]string `json:"names"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Level   level             `json:"level"`
	Real    real              `json:"real"`
	Reals   []real            `json:"reals"`
	Pointed pointed           `json:"pointed"`
	List    []pointed         `json:"list"`
	Next    *everything       `json:"next,omitempty"`
	Ptr     **int             `json:"ptr"`
	When    time.Time         `json:"when,omitzero"`
	Pair    [2]uint8          `json:"pair"`
	Skipped int               `json:"-"`
	Plain   struct{ X, Y int }
	private int
}

type Other struct {
	O string `json:"o"`
	A string `json:"a"`
}

var texts = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<a href=\"x\">&", "\u2028\u2029\b\f\n\r\t\x00\x7f", "bad\xffutf8", `"\`, "é", "𝄞"}))

func drawAny(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(t, "bool")
	case n == 2:
		return texts.Draw(t, "text")
	case n <= 4 || depth == 0:
		return finite.Draw(t, "float")
	case n == 5:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "n"))
		for i := range list {
			list[i] = drawAny(t, depth-1)
		}
		return list
	}
	m := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "n") {
		m[texts.Draw(t, "name")] = drawAny(t, depth-1)
	}
	return m
}

var finite = rapid.Custom(func(t *rapid.T) float64 {
	f := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e21, 9.9e20, 1e-9, 1e100, 5e-324}), rapid.Map(rapid.Int(), func(i int) float64 { return float64(i) })).Draw(t, "f")
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
})

func draw(t *rapid.T, depth int) *everything {
	n := rapid.Int().Draw(t, "int")
	e := &everything{Inner: Inner{A: texts.Draw(t, "a"), Deep: n % 2}, hidden: hidden{H: 3}, String: texts.Draw(t, "string"), Strings: rapid.SliceOfN(texts, 0, 3).Draw(t, "strings"),
		Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), Float: finite.Draw(t, "float"), Single: float32(rapid.Int16().Draw(t, "single")) / 3e7,
		Int: n, Small: int8(n), Uint: uint64(n), Bool: n%3 == 0, Any: drawAny(t, 2), Level: level(n & 7), Real: real(finite.Draw(t, "real")), Pointed: pointed{n},
		When: time.Unix(int64(n>>33), int64(n&0xfffff)).UTC(), Pair: [2]uint8{uint8(n), 2}, private: 1}
	if n%2 == 0 {
		e.Other, e.Ptr = &Other{"o", "deep"}, new(*int)
		*e.Ptr = &n
		e.Map, _ = drawAny(t, 2).(map[string]any)
		e.Counts, e.Levels = map[int]int{n: 1, -1: 2, 10: 3}, map[level]level{1: 2, 3: 4}
		e.Names = map[string]string{texts.Draw(t, "n1"): "x", texts.Draw(t, "n2"): "y"}
		e.Raw, e.Reals, e.List = json.RawMessage(` {"a" : [1 , "<" ] } `), []real{1, real(math.NaN())}, []pointed{{1}, {2}}
		e.When = time.Time{}
	}
	if depth > 0 && n%5 == 0 {
		e.Next = draw(t, depth-1)
	}
	return e
}

// TestWritesTheSame compares bytes with encoding/json.
func TestWritesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := draw(t, 2)
		for _, v := range []any{e, *e, []any{e, *e}, map[string]any{"k": e.Any}, map[string]everything{"k": *e}, e.Any, e.Strings, &e.Real} {
			sameBytes(t, v)
		}
	})
	for _, v := range []any{nil, math.NaN(), math.Inf(1), map[string]float64{"a": math.Inf(-1)}, func() {}, make(chan int), (*int)(nil), (*pointed)(nil), pointed{1}, []int(nil),
		[]byte{}, map[string]int(nil), map[bool]int{true: 1}, []any{}, struct{}{}, json.RawMessage(nil), json.RawMessage("{"), []json.RawMessage{nil},
		float32(1e-7), float32(3.4e38), struct{ X complex64 }{}, [2]bool{true}, struct {
			X *string `json:",string"`
		}{}} {
		sameBytes(t, v)
	}
}

type tester interface {
	Helper()
	Fatalf(string, ...any)
}

func sameBytes(t tester, v any) {
	t.Helper()
	got, err := Marshal(v)
	want, wantErr := json.Marshal(v)
	if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
		t.Fatalf("%#v:\n%s (%v), encoding/json:\n%s (%v)", v, got, err, want, wantErr)
	}
	if err != nil {
		return
	}
	got, _ = MarshalIndent(v, "-", " ")
	if want, _ = json.MarshalIndent(v, "-", " "); string(got) != string(want) {
		t.Fatalf("indented:\n%s, encoding/json:\n%s", got, want)
	}
	sameValues(t, want)
}

// sameValues reads a text as encoding/json does, into values that are empty and
// values that are not.
func sameValues(t tester, b []byte) {
	t.Helper()
	if got, want := Valid(b), json.Valid(b); got != want {
		t.Fatalf("%.300q is valid: %v, encoding/json: %v", b, got, want)
	}
	n := 7
	p := &n
	for _, to := range []func() any{
		func() any { return new(any) },
		func() any { return new(everything) },
		func() any {
			return &everything{Strings: []string{"x", "y", "z"}, Names: map[string]string{"kept": "1"}, Any: &n, Ptr: &p, Pair: [2]uint8{1, 2}, Bool: true, List: []pointed{{1}}}
		},
		func() any { return new(map[string]float64) },
		func() any { return new([]Inner) },
		func() any { return new(*string) },
		func() any { return new(map[level]int8) },
		func() any { return new(json.RawMessage) },
	} {
		got, want := to(), to()
		err, wantErr := Unmarshal(b, got), json.Unmarshal(b, want)
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%q into %T: %v, encoding/json: %v", b, got, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q into %T: %+v, encoding/json: %+v", b, got, got, want)
		}
	}
}

// cases are what fuzzing starts from.
var cases = []string{`{}`, `[]`, ` null `, `"x"`, `-0.5e+3`, `01`, `1.`, `-`, `1e`, `tru`, `{"a":1,}`, `[1,]`, `{"a" 1}`, `"\ud834\udd1e\ud834x\udd1e\uD834\uD834\uDD1E"`, `"\x"`, "\"\n\"",
	`{"STRING":"folded","strings":["a"],"Strings":null,"any":{"x":[1,"a",null,true]},"uint":"12","pair":[1,2,3],"ptr":5,"level":"<<","real":null,"plain":{"x":1}}`,
	`{"uint":12}`, `{"uint":"x"}`, `{"uint":null}`, `{"uint":"null"}`, `{"small":300}`, `{"small":1.5}`, `{"int":"1"}`, `{"bytes":"YWI="}`, `{"bytes":"?"}`, `{"bytes":[1,2]}`, `{"level":1}`, `{"level":"bad"}`, `{"level":null}`,
	`{"counts":{"1":2,"x":3}}`, `{"counts":{"1":2}}`, `{"levels":{"<<":"<"}}`, `{"next":{"next":null}}`, `{"o":"embedded","a":"inner","h":1,"Same":"x"}`, `{"float":1e999}`, `1e999`, `{"a":null,"names":{"x":null}}`, `{"any":5}`, `{"any":null}`,
	`{"private":1,"Skipped":2}`, `{"pair":[1]}`, `{"strings":[]}`, `{"when":"2020-01-02T03:04:05Z"}`, `{"when":"x"}`, "\"bad\xff\"", `[[1],{"a":"b"}]`, `{"1":2}`, `{"x":1e400}`, "", "1 2", "nul", "{\"a\":\"\u2028\"}"}

func TestReadsTheSame(t *testing.T) {
	for _, c := range append(cases, strings.Repeat("[", 9999)+strings.Repeat("]", 9999), strings.Repeat("[", 10001)+strings.Repeat("]", 10001)) {
		sameValues(t, []byte(c))
	}
}

func FuzzReadsTheSame(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sameValues(t, b)
		_, err := Compact(b)
		var want strings.Builder
		if err == nil {
			var v json.RawMessage
			if err := json.Unmarshal(b, &v); err != nil {
				t.Fatal(err)
			}
			compacted, _ := json.Marshal(struct{ V json.RawMessage }{v})
			want.Write(compacted[5 : len(compacted)-1])
			if got := appendCompact(nil, b, true); string(got) != want.String() {
				t.Fatalf("%q compact: %s, want %s", b, got, want.String())
			}
		}
	})
}

func TestStrict(t *testing.T) {
	var v struct {
		A int `json:"a"`
	}
	if err := Strict([]byte(`{"A":1}`), &v); err != nil || v.A != 1 {
		t.Errorf("%v %+v", err, v)
	}
	for _, c := range []string{`{"a":1,"b":2}`, `{"a":1} {}`, `{"a":1`} {
		if Strict([]byte(c), &v) == nil {
			t.Errorf("%s: no error", c)
		}
	}
	if err := Unmarshal([]byte("{}"), v); err == nil {
		t.Error("into a value that is no pointer: no error")
	}
}
