package structured_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

func newEvent(contentType string, data []byte) events.Event {
	e := event.New()
	e.SetID("1")
	e.SetType("dev.runnel.test.v1")
	e.SetSource("/test")
	e.SetTime(time.Date(2025, 2, 3, 4, 5, 6, 123456789, time.UTC))
	if contentType != "" {
		e.SetDataContentType(contentType)
	}
	e.DataEncoded = data
	return e
}

func TestDataComesBackByteForByte(t *testing.T) {
	for _, c := range []struct {
		name, contentType, data, base64 string
	}{
		{"JSON", "application/json", `{"a": 1,  "b":"<&>"}`, ""},
		{"JSON without a type", "", `[1, 2]`, ""},
		{"JSON with a newline after it", "application/json", "{}\n", "yes"},
		{"JSON in capitals", "Application/JSON", `{"a":1}`, "yes"},
		{"JSON with a charset", "application/json; charset=utf-8", `{"a":1}`, ""},
		{"broken JSON", "application/json", `{"a":`, "yes"},
		{"empty JSON", "application/json", ``, "yes"},
		{"problem+json", "application/problem+json", "{ }\n", ""},
		{"text", "text/plain", "a \"quoted\"\n\x00 ü ", ""},
		{"bytes", "application/octet-stream", "\xff\xfe\x00", "yes"},
		{"empty text", "text/plain", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newEvent(c.contentType, []byte(c.data))
			b, err := structured.Encode(in)
			if err != nil {
				t.Fatal(err)
			}
			out, err := structured.Decode(b)
			if err != nil {
				t.Fatalf("%v in %s", err, b)
			}
			if string(out.Data()) != c.data || out.DataContentType() != c.contentType {
				t.Errorf("got %q as %q from %s", out.Data(), out.DataContentType(), b)
			}
			if got := out.DataBase64; got != (c.base64 != "") {
				t.Errorf("base64: %v in %s", got, b)
			}
			if in.DataBase64 {
				t.Error("Encode changed its argument")
			}
		})
	}
}

func TestEventsRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[!-~ü€]([ -~ü€\n]{0,20}[!-~])?`)
	rapid.Check(t, func(t *rapid.T) {
		e := newEvent(rapid.SampledFrom([]string{"", "application/json", "text/plain", "Text/JSON ; a=b", "image/png"}).Draw(t, "type"),
			rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "data"))
		e.SetID(text.Draw(t, "id"))
		e.SetSubject(text.Draw(t, "subject"))
		e.SetTime(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")))
		e.SetExtension("number", rapid.Int32().Draw(t, "number"))
		e.SetExtension("flag", rapid.Bool().Draw(t, "flag"))
		e.SetExtension("text", text.Draw(t, "text"))
		b, err := structured.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := structured.Decode(b)
		if err != nil {
			t.Fatalf("%v in %s", err, b)
		}
		if got.ID() != e.ID() || got.Subject() != e.Subject() || got.Type() != e.Type() || got.Source() != e.Source() || !got.Time().Equal(e.Time()) ||
			!maps.Equal(got.Extensions(), e.Extensions()) || !bytes.Equal(got.Data(), e.Data()) || got.DataContentType() != e.DataContentType() {
			t.Fatalf("sent %v\ngot %v\nas %s", e, got, b)
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	old := event.New(event.CloudEventsVersionV03)
	old.SetID("1")
	old.SetType("t")
	old.SetSource("/s")
	bad := newEvent("text/plain", nil)
	bad.SetSubject("\xff")
	for _, c := range []struct {
		name  string
		e     events.Event
		cause error
	}{
		{"nothing", events.Event{}, structured.ErrInvalid},
		{"no id", func() events.Event { e := newEvent("", nil); e.SetID(""); return e }(), structured.ErrInvalid},
		{"an old version", old, structured.ErrInvalid},
		{"bad UTF-8", bad, structured.ErrInvalid},
		{"a large event", newEvent("text/plain", bytes.Repeat([]byte("a"), events.MaxSize)), structured.ErrTooLarge},
	} {
		if _, err := structured.Encode(c.e); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	const attributes = `"specversion":"1.0","id":"1","source":"/s","type":"t"`
	for _, s := range []string{
		``, `{`, `null`, `[]`, `{}`, `{"specversion":"1.0"}`, `{"specversion":"9","id":"1","source":"/s","type":"t"}`,
		`{"specversion":"1.0","id":"","source":"/s","type":"t"}`,
		`{` + attributes + `,"data_base64":1}`, `{` + attributes + `,"data_base64":"?"}`, `{` + attributes + `,"bad-name":"x"}`,
		`{` + attributes + `} {}`, `{` + attributes + `,"dAtA":"0"}`,
	} {
		if e, err := structured.Decode([]byte(s)); !errors.Is(err, structured.ErrInvalid) {
			t.Errorf("%s: %v, %v", s, e, err)
		}
	}
	if _, err := structured.Decode([]byte(`"` + strings.Repeat("a", events.MaxSize) + `"`)); !errors.Is(err, structured.ErrTooLarge) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	b, _ := structured.Encode(newEvent("application/json", []byte(`{"a":1}`)))
	f.Add(b)
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"AA=="}`))
	f.Add([]byte(`{"data":"x","datacontenttype":"text/plain","specversion":"1.0","id":"1","source":"/s","type":"t","n":1.5}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := structured.Decode(b)
		if err != nil {
			return
		}
		again, err := structured.Encode(e)
		if err != nil {
			if errors.Is(err, structured.ErrTooLarge) {
				return
			}
			t.Fatalf("decoded from %q, but: %v", b, err)
		}
		back, err := structured.Decode(again)
		if err != nil {
			t.Fatalf("%q became %q: %v", b, again, err)
		}
		if back.ID() != e.ID() || !bytes.Equal(back.Data(), e.Data()) {
			t.Fatalf("%q became %q", b, again)
		}
	})
}
