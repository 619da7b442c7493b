package wasm

import (
	"bytes"
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
			walk(v, func(key, text string) {
				if strings.EqualFold(key, "digest") && isDigest(text) {
					t.Errorf("%s went through", p.data)
				}
			})
		}
	})
}

// FuzzMentions finds every reference in JSON that encoding/json could read, and
// takes for one that grants rights only what this program writes as one.
func FuzzMentions(f *testing.F) {
	a := "sha256:" + strings.Repeat("a", 64)
	f.Add([]byte(`{"a": ["sha256:` + strings.Repeat("0", 64) + `"], "b": {"digest": "` + a + `", "mediaType": "x+json", "size": 3}}`))
	f.Add([]byte(`{"digest": {"digest": "` + a + `", "size": 1}, "Digest": "` + a + `"}`))
	f.Add([]byte(`[{"digest": "` + a + `", "size": "1"}, {"digest": "` + a + `", "size": 1, "more": null}] 1`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got []mention
		err := mentionsIn(bytes.NewReader(b), func(m mention) error { got = append(got, m); return nil })
		if len(got) > 0 && !mayMention(b) {
			t.Errorf("%q is passed over", b)
		}
		for _, m := range got {
			written, jerr := json.Marshal(m.ref)
			if jerr != nil || m.exact && !bytes.Contains(b, []byte("size")) && !bytes.Contains(b, []byte(`\u`)) {
				t.Errorf("%s grants rights in %q", written, b)
			}
		}
		var v any
		if json.Unmarshal(b, &v) != nil {
			return // several values, or none
		}
		if err != nil {
			t.Fatalf("%q is JSON, but %v", b, err)
		}
		walk(v, func(key, text string) {
			if strings.EqualFold(key, "digest") && isDigest(text) && !slices.ContainsFunc(got, func(m mention) bool { return m.ref.Digest == text }) {
				t.Errorf("%s of %q is not found", text, b)
			}
		})
	})
}

// walk visits the members of objects whose values are text.
func walk(v any, each func(key, text string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walk(x, each)
		}
	case map[string]any:
		for k, x := range v {
			if text, ok := x.(string); ok {
				each(k, text)
			}
			walk(x, each)
		}
	}
}

func TestMentions(t *testing.T) {
	a, b, c := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64), "sha256:"+strings.Repeat("c", 64)
	in := `{"x": {"size": 7, "mediaType": "text/html", "digest": "` + a + `"}, "y": {"size": 7, "nested": {"size": 1, "digest": "` + b + `"}, "digest": "` + a + `"},
		"list": ["` + c + `", 1, null, true, {}], "metadata": {"digest": "` + c + `", "size": "5"}, "` + c + `": {"Digest": "` + c + `", "size": 1}, "digest": "x` + c + `"}`
	granted := func(in string) (refs []events.Ref, err error) {
		r := rights{}
		err = r.give(strings.NewReader(in))
		for _, known := range r {
			refs = append(refs, known.ref)
		}
		slices.SortFunc(refs, func(a, b events.Ref) int { return strings.Compare(a.Digest, b.Digest) })
		return refs, err
	}
	refs, err := granted(in)
	if err != nil {
		t.Fatal(err)
	}
	want := []events.Ref{{Digest: a, MediaType: "text/html", Size: 7}, {Digest: b, Size: 1}}
	if !slices.Equal(refs, want) {
		t.Errorf("got %v, want %v", refs, want)
	}
	for _, ref := range []events.Ref{{Digest: a, MediaType: "x", Size: 0}, {Digest: b, Size: 9}} {
		text, err := json.Marshal(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := granted(string(text)); err != nil || !slices.Equal(got, []events.Ref{ref}) {
			t.Errorf("%s grants %v, %v", text, got, err)
		}
	}
	if _, err := granted(`{"x": `); err == nil {
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
