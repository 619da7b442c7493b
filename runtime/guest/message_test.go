package guest

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// What is written by hand is what encoding/json writes, and is read as it reads.
func TestInvocation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		e, err := events.NewRoot("/here", "subject", time.Unix(1, 5), events.IngestRequestedData{URL: text.Draw(t, "url")}, "id")
		if err != nil {
			t.Fatal(err)
		}
		want := abi.Invocation{
			ABI: 1, Function: text.Draw(t, "function"), Event: e,
			From:   abi.From{Pipeline: text.Draw(t, "pipeline"), Version: "v", Step: "s"},
			Params: map[string]any{"text": text.Draw(t, "param"), "n": rapid.Float64Range(-1e9, 1e9).Draw(t, "n"), "none": nil, "list": []any{1.0, "x"}},
			Seed:   rapid.Uint64().Draw(t, "seed"), Time: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 7).UTC(),
			Attempt: 3, DeadlineMS: rapid.Int64Range(0, 1<<40).Draw(t, "deadline"),
			Memory: rapid.Int64Range(0, 4<<30).Draw(t, "memory"),
		}
		if rapid.Bool().Draw(t, "joined") {
			want.Set = []events.Event{e, e}
		}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parse(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		var by abi.Invocation
		if err := json.Unmarshal(b, &by); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, by) {
			t.Fatalf("read as\n%+v, want\n%+v", got, by)
		}
	})
	for _, bad := range []string{``, `{`, `[]`, `{"seed": -1}`, `{"time": "now"}`, `{"event": []}`, `{"from": 1}`, `{"params": {]}`, `{"set": [1]}`} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}

func TestAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		emission := func(label string) abi.Emission {
			data, err := json.Marshal(map[string]string{"x": text.Draw(t, label)})
			if err != nil {
				t.Fatal(err)
			}
			return abi.Emission{Type: text.Draw(t, "type"), Data: data}
		}
		want := &abi.Answer{Rows: rapid.Int64Range(0, 9).Draw(t, "rows")}
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			e := emission("data")
			if rapid.Bool().Draw(t, "set") {
				e = abi.Emission{Set: []abi.Emission{emission("first"), emission("second")}}
			}
			want.Events = append(want.Events, e)
		}
		if rapid.Bool().Draw(t, "rest") {
			want.Outputs = map[string]events.Ref{text.Draw(t, "output"): {Digest: "sha256:1", MediaType: text.Draw(t, "media"), Size: 5}, "b": {Digest: "d"}}
			want.Notes = []string{text.Draw(t, "note"), "\x00\x1f\u2028"}
			want.Error = &abi.Error{Class: step.ClassGate, Message: text.Draw(t, "message"), Detail: text.Draw(t, "detail")}
		}
		b := appendAnswer(nil, want)
		var got, by abi.Answer
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		b2, err := json.Marshal(want)
		if err == nil {
			err = json.Unmarshal(b2, &by)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, by) {
			t.Fatalf("%s is read as\n%+v, want\n%+v", b, got, by)
		}
	})
}

func TestRequests(t *testing.T) {
	for _, want := range []abi.Request{
		{Put: &abi.Put{File: "/out/1", MediaType: "text/\"html\""}}, {Put: &abi.Put{File: "/out/2", Table: true}},
		{Progress: &step.Progress{Done: 5, Unit: "rows"}}, {Progress: &step.Progress{Done: -5, Total: 9, Unit: "<é>"}},
		{Error: &struct{}{}}, {Fetch: &abi.Fetch{URL: "https://example.org"}}, {Get: &abi.Get{Name: "m"}},
	} {
		b, err := appendRequest([]byte{}, &want)
		if err != nil || b[len(b)-1] != '\n' {
			t.Fatalf("%q, %v", b, err)
		}
		var got abi.Request
		if err := json.Unmarshal(b, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v, %v", b, got, err)
		}
	}
	for _, want := range []abi.Response{
		{}, {Ref: &events.Ref{Digest: "sha256:1", MediaType: "a/b", Size: 7}}, {Previous: 3}, {Model: &step.ModelVersion{Name: "m", Version: 2}},
		{Error: &abi.Error{Class: step.ClassRetryable, Message: "later", Detail: "d"}},
	} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseResponse(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %+v, %v", b, got, err)
		}
	}
	if _, err := parseResponse([]byte(`{"ref": 1}`)); err == nil {
		t.Error("a ref that is none was read")
	}
}
