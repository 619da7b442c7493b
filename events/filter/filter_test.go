package filter

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
)

func sample(t testing.TB) events.Event {
	t.Helper()
	e, err := events.FromObject(events.Object{Bucket: "uploads", Key: "sales/2026/orders.csv", Version: 3,
		Content: events.Ref{Digest: "sha256:00"}, CreatedAt: time.Unix(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	e.SetExtension("tier", "gold")
	return e
}

func TestFilters(t *testing.T) {
	e := sample(t)
	for _, test := range []struct {
		spec string
		want bool
	}{
		{`{"exact": {"type": "dev.runnel.object.created.v1"}}`, true},
		{`{"exact": {"type": "other"}}`, false},
		{`{"prefix": {"subject": "sales/"}}`, true},
		{`{"prefix": {"subject": "sales/", "source": "/nowhere"}}`, false},
		{`{"suffix": {"subject": ".csv"}}`, true},
		{`{"suffix": {"absent": "x"}}`, false},
		{`{"not": {"suffix": {"subject": ".csv"}}}`, false},
		{`{"all": [{"suffix": {"subject": ".csv"}}, {"exact": {"tier": "gold"}}]}`, true},
		{`{"all": [{"suffix": {"subject": ".csv"}}, {"exact": {"tier": "tin"}}]}`, false},
		{`{"any": [{"exact": {"tier": "tin"}}, {"exact": {"tier": "gold"}}]}`, true},
		{`{"any": [{"exact": {"tier": "tin"}}]}`, false},
		{`{"sql": "subject LIKE 'sales/%' AND tier = 'gold'"}`, true},
		{`{"sql": "tier = 'tin'"}`, false},
		{`{"sql": "absent = 'x'"}`, false},
		{`{"sql": "INT(tier) > 3"}`, false},
		{`{"sql": "EXISTS tier"}`, true},
		{`{"sql": "NOT EXISTS other"}`, true},
	} {
		var spec any
		if err := json.Unmarshal([]byte(test.spec), &spec); err != nil {
			t.Fatal(err)
		}
		f, err := Compile(spec)
		if err != nil {
			t.Errorf("%s: %v", test.spec, err)
			continue
		}
		if got := f(e); got != test.want {
			t.Errorf("%s: %v, want %v", test.spec, got, test.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for spec, want := range map[string]string{
		`"x"`:                                "a filter is a mapping with one key",
		`{}`:                                 "a filter is a mapping with one key",
		`{"prefx": {"subject": "a"}}`:        "did you mean prefix?",
		`{"prefix": {"subject": 3}}`:         "prefix.subject: want a text",
		`{"prefix": {}}`:                     "want a mapping of attribute names",
		`{"all": []}`:                        "all wants a list",
		`{"any": [{"sql": "subject LIKE"}]}`: "any.0.sql: not a CESQL expression",
		`{"sql": 3}`:                         "sql wants a CESQL expression",
		strings.Repeat(`{"not":`, 20) + `{"exact":{"a":"b"}}` + strings.Repeat("}", 20): "nested deeper than",
	} {
		var v any
		if err := json.Unmarshal([]byte(spec), &v); err != nil {
			t.Fatal(err)
		}
		_, err := Compile(v)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

func FuzzSQL(f *testing.F) {
	for _, s := range []string{"subject LIKE 'a%'", "NOT EXISTS x", "(1 + 2) * 3 = 9", "tier IN ('a','b')", "'", "TRUE AND", "\x00"} {
		f.Add(s)
	}
	e := sample(f)
	f.Fuzz(func(t *testing.T, text string) {
		if match, err := Compile(map[string]any{"sql": text}); err == nil {
			match(e)
		}
	})
}
