package wasm

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// FuzzAnswer: no answer brings the host down, and none gets an event through
// that names what the guest was not given.
func FuzzAnswer(f *testing.F) {
	secret := "sha256:" + strings.Repeat("5", 64)
	for _, s := range []string{
		``, `{}`, `{"events": [{"type": "dataset.explored", "data": {"profile": {"digest": "` + secret + `"}}}]}`,
		`{"events": [{"set": [{"type": "dataset.explored", "data": {}}]}], "rows": 1, "notes": ["n"], "outputs": {"a": {"digest": "` + secret + `", "size": 1}}}`,
		`{"error": {"class": "gate", "message": "m", "detail": "d"}}`, `{"events": [{"type": "dataset.explored", "data": {"x": "\u0073ha256:` + secret[7:] + `"}}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		env := steptest.New(t)
		fn := probe("probe")
		inv := invocationOf(t, fn, events.DatasetIngestedData{}, probeParams{})
		s := (&Host{out: 1 << 20}).newSession(t.Context(), fn, inv, env)
		a, err := ParseAnswer(b)
		if err != nil {
			return
		}
		for _, e := range a.Events {
			p, err := s.payload(e)
			if err != nil {
				continue
			}
			var v any
			if err := json.Unmarshal(p.data, &v); err != nil {
				t.Fatalf("%q was taken: %v", p.data, err)
			}
			plain, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(plain), secret) {
				t.Errorf("%s went through", plain)
			}
		}
	})
}

// FuzzMentions finds every digest that stands in JSON.
func FuzzMentions(f *testing.F) {
	f.Add([]byte(`{"a": ["sha256:` + strings.Repeat("0", 64) + `"], "b": {"digest": "sha256:` + strings.Repeat("a", 64) + `", "mediaType": "x+json", "size": 3, "more": null}}`))
	f.Add([]byte(`"sha256:sha256:` + strings.Repeat("1", 70) + `"`))
	f.Add([]byte(`{"sha256:` + strings.Repeat("f", 64) + `": true} 1`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := mentions(b)
		var v any
		if json.Unmarshal(b, &v) != nil {
			return // several values, or none
		}
		if err != nil {
			t.Fatalf("%q is JSON, but %v", b, err)
		}
		var want []string
		walk(v, func(s string) { want = append(want, digestsIn(s)...) })
		for _, d := range want {
			if !slices.ContainsFunc(got, func(r events.Ref) bool { return r.Digest == d }) {
				t.Errorf("%s of %q is not found", d, b)
			}
		}
	})
}

func walk(v any, each func(string)) {
	switch v := v.(type) {
	case string:
		each(v)
	case []any:
		for _, x := range v {
			walk(x, each)
		}
	case map[string]any:
		for k, x := range v {
			each(k)
			walk(x, each)
		}
	}
}

func TestMentions(t *testing.T) {
	a, b, c := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64), "sha256:"+strings.Repeat("c", 64)
	in := `{"x": {"size": 7, "mediaType": "text/html", "nested": {"digest": "` + b + `"}, "digest": "` + a + `"}, "list": ["` + c + c + `", 1, null, true, {}]}`
	refs, err := mentions([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	want := []events.Ref{{Digest: b}, {Digest: b}, {Digest: a}, {Digest: a, MediaType: "text/html", Size: 7}, {Digest: c}, {Digest: c}}
	if !slices.Equal(refs, want) {
		t.Errorf("got %v, want %v", refs, want)
	}
	if _, err := mentions([]byte(`{"x": `)); err == nil {
		t.Error("half an object is JSON")
	}
	if got := isJSON("application/vnd.x+json; charset=utf-8"); !got || isJSON("text/plain") || !isJSON("application/json") {
		t.Error("what JSON is")
	}
	r := rights{}
	r.store(events.Ref{Digest: a, MediaType: "application/json"})
	if !r[a].stored {
		t.Error("stored, and not known as such")
	}
	r.grant(events.Ref{Digest: a})
	if r[a].stored {
		t.Error("given, and still only stored")
	}
}
