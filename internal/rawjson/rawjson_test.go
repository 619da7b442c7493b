package rawjson

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// value draws any JSON value.
func value(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.String().AsAny(),
	}
	if depth > 0 {
		leaves = append(leaves,
			rapid.SliceOfN(value(depth-1), 0, 4).AsAny(), rapid.MapOfN(rapid.String(), value(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}

// Objects and arrays come apart as encoding/json has them, with space between or without.
func TestApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOfN(rapid.String(), value(3), 0, 5).Draw(t, "object")
		array := rapid.SliceOfN(value(3), 0, 5).Draw(t, "array")
		indent := rapid.SampledFrom([]string{"", "\t", " "}).Draw(t, "indent")
		for _, v := range []any{object, array} {
			b, err := json.MarshalIndent(v, "", indent)
			if err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			parsed := func(b []byte) (v any) {
				if err := json.Unmarshal(b, &v); err != nil {
					t.Fatalf("%s: %v", b, err)
				}
				return v
			}
			var got any
			if _, ok := want.(map[string]any); ok {
				m := map[string]any{}
				err = Object(b, func(name string, v []byte) error { m[name] = parsed(v); return nil })
				got = m
			} else {
				list := []any{}
				err = Array(b, func(v []byte) error { list = append(list, parsed(v)); return nil })
				got = list
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s comes apart as %v, %v", b, got, err)
			}
		}
	})
}

func TestStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		got, err := String(AppendString(nil, want))
		if err != nil || got != want {
			t.Fatalf("%q comes back as %q, %v", want, got, err)
		}
		var by string
		if err := json.Unmarshal(AppendString(nil, want), &by); err != nil || by != want {
			t.Fatalf("%q is read as %q, %v", want, by, err)
		}
	})
	if got := string(AppendString(nil, "\xff")); got != `"`+"\ufffd"+`"` {
		t.Errorf("what is no UTF-8 is written as %q", got)
	}
}

// What is not JSON is an error or, inside a value, left to who reads the value.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{"a": 1, "b": [{"c": "\""}]}`, `{`, `{"a"}`, `{"a":1,}`, `{"a":1}x`, `{"a":`, `{"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		all := true
		err := Object(b, func(_ string, v []byte) error { all = all && json.Valid(v); return nil })
		var m map[string]json.RawMessage
		if ok := json.Unmarshal(b, &m) == nil && m != nil; ok != (err == nil && all) && json.Valid(b) {
			t.Errorf("%q: %v, encoding/json says %v", b, err, ok)
		}
	})
}
