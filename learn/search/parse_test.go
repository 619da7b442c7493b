package search_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn/search"
)

// TestParseErrors says where a space is wrong, and how.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{`{}`, "the space has no parameters: name at least one to search"},
		{`{"a": null}`, "a: there is no distribution: want a list of values, or such as {int: [2, 20]}"},
		{`{"a": []}`, "a: there is nothing to choose from"},
		{`{"a": [1, 2, 1.0]}`, "a: 1 is there twice"},
		{`{"a": {"b": {"int": [1]}}}`, "a.b.int: want the least and the greatest value, as in [1, 10], not [1]"},
		{`{"a": {"b": {"int": ["x", 3]}}}`, `a.b.int: want two numbers, not ["x",3]`},
		{`{"a": {"int": [1, 2.5]}}`, "a: from 1 to 2.5: the bounds of an integer are whole numbers"},
		{`{"a": {"int": [3, 2]}}`, "a: from 3 to 2 is no range"},
		{`{"a": {"log_uniform": [0, 2]}}`, "a: from 0: a logarithmic range begins above 0"},
		{`{"a": {"uniform": [0, 2], "step": -1}}`, "a.step: want a number above 0, not -1"},
		{`{"a": {"int": [0, 2], "step": 0.5}}`, "a: a step of 0.5: it is above 0, whole for an integer, and not for a logarithmic range"},
		{`{"a": {"uniform": [0, 2], "int": [1, 2]}}`, "a.uniform: the parameter is int already: it has one distribution"},
		{`{"a": {"int": [1, 2], "stpe": 2}}`, "a.stpe: no such key; did you mean step? (there are: choice, uniform, log_uniform, int, log_int, step, when)"},
		{`{"a": {"step": 2}}`, "a: the mapping names no distribution: one of choice, uniform, log_uniform, int, log_int"},
		{`{"a": {"choice": [1], "step": 2}}`, "a.step: a choice has no step"},
		{`{"a": {"int": [1, 2], "when": {"b": 1}}}`, `a: its condition looks at "b", which is not in the space`},
		{`{"a": {"int": [1, 2], "when": {"b": 1}}, "b": {"int": [1, 2]}}`, `a: its condition looks at "b", which is no choice: conditions are on choices`},
		{`{"a": {"int": [1, 2], "when": {"b": 3}}, "b": [1, 2]}`, `a: its condition wants b to be 3, which is none of its choices [1,2]`},
		{`{"a": {"choice": [1], "when": {"b": 1}}, "b": {"choice": [1], "when": {"a": 1}}}`, `a: its conditions go in a circle`},
		{`{"a": {"int": [1, 2], "when": 3}}`, "a.when: want a mapping such as {model: random_forest}, not 3"},
		{`{"a": {"b": 1}, "a.b": 2}`, "a.b: the parameter is there twice"},
		{`{"a..b": 1}`, `a..b: "a..b" is no name of a parameter`},
	} {
		var spec map[string]any
		if err := json.Unmarshal([]byte(c.spec), &spec); err != nil {
			t.Fatal(err)
		}
		_, err := search.Parse(spec)
		var at *search.Error
		if err == nil || err.Error() != c.want || !errors.As(err, &at) {
			t.Errorf("%s\n got %v\nwant %s", c.spec, err, c.want)
		}
	}
}

func TestGridOfARange(t *testing.T) {
	_, err := search.New(space(t, `{"a.b": {"uniform": [0, 1]}}`), &search.Options{Sampler: &search.Grid{}})
	if err == nil || !strings.HasPrefix(err.Error(), "a.b: a grid has no end") {
		t.Error(err)
	}
	_, err = search.New(space(t, `{"a": {"int": [1, 5000]}, "b": {"int": [1, 5000]}}`), &search.Options{Sampler: &search.Grid{}})
	if err == nil || !strings.HasPrefix(err.Error(), "the grid has up to 2.5e+07 points") {
		t.Error(err)
	}
}

// FuzzParse finds every space that is accepted to be searchable, and to be the
// same when it was written down with its study.
func FuzzParse(f *testing.F) {
	f.Add(everything)
	f.Add(`{"a": {"int": [1, 2], "when": {"b": 1}}, "b": [1, 2]}`)
	f.Add(`{"a": {"log_int": [1, 9007199254740992]}, "b": {"uniform": [-1e308, 1e308]}}`)
	f.Fuzz(func(t *testing.T, doc string) {
		var spec map[string]any
		if json.Unmarshal([]byte(doc), &spec) != nil {
			return
		}
		s, err := search.Parse(spec)
		if err != nil {
			return
		}
		st, err := search.New(s, &search.Options{Sampler: &search.TPE{Startup: 3}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			x := st.Ask(1)[0]
			if err := st.Tell(x.Number, search.Outcome{Score: float64(i * i % 3)}); err != nil {
				t.Fatal(err)
			}
		}
		read := rewritten(t, st)
		if a, b := text(t, st.Ask(1)), text(t, read.Ask(1)); a != b {
			t.Errorf("%s\n%s", a, b)
		}
	})
}
