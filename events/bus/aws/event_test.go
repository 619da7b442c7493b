package awsbus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
)

func testEvent(id string) events.Event {
	e := events.Event{}
	e.SetSpecVersion("1.0")
	e.SetID(id)
	e.SetType("dev.runnel.test.v1")
	e.SetSource("/test")
	return e
}

// rewritten is the event's detail as a service might pass it on: other spaces,
// other escapes, numbers in other forms.
func rewritten(t testing.TB, detail string) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(detail))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent(" ", "\t")
	if err := e.Encode(otherNumbers(v)); err != nil {
		t.Fatal(err)
	}
	var ascii strings.Builder
	for _, r := range b.String() {
		switch {
		case r < 0x80:
			ascii.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&ascii, `\u%04X`, r)
		default:
			fmt.Fprintf(&ascii, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	return ascii.String()
}

func otherNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = otherNumbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = otherNumbers(v[i])
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.ContainsAny(v.String(), ".eE") {
			return json.Number(strings.Replace(fmt.Sprintf("%.17E", f), "E+", "E", 1))
		}
	}
	return v
}

// What is published comes back byte for byte, whatever becomes of the JSON on its
// way, and what json.Marshal wrote stands in the detail as it is.
func TestDataSurvives(t *testing.T) {
	for data, readable := range map[string]bool{
		`{"a":1,"b":[true,null,"ü<\u003e\u2028 😀"],"c":{"d":1.5,"e":-2}}`: false, // < unescaped
		`{"a":"\u003cb\u003e ü😀","n":[0.1,1e-7,1e+21,123456.789]}`:        true,
		`[]`: true, `""`: true, `null`: true, `-7`: true, `9223372036854775807`: true,
		`{ "a": 1 }`: false, `{"a":1,"a":2}`: false, `1.0`: false, `1e400`: false, `-0`: false, `9223372036854775808`: false,
		`100000000000000000000`: false, `"\u00fc"`: false,
		strings.Repeat("[", 2000) + strings.Repeat("]", 2000): false,
	} {
		e := testEvent("1")
		e.SetDataContentType("application/json")
		e.DataEncoded = []byte(data)
		entry, err := entryOf(e, "b")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(*entry.Detail, `"data":`+data); got != readable {
			t.Errorf("%.60s is readable in the detail: %v", data, got)
		}
		detail := *entry.Detail
		if readable {
			detail = rewritten(t, detail)
		}
		for _, body := range []string{*entry.Detail, detail, `{"version":"0","source":"/test","detail-type":"t","resources":[],"detail":` + detail + `}`} {
			back, err := Decode(body)
			if err != nil || !bytes.Equal(back.Data(), e.Data()) || back.ID() != "1" {
				t.Errorf("%.60s came back as %.60q, %v", data, back.Data(), err)
			}
		}
	}
}

// An event as large as one may be comes back, however long escapes make it.
func TestLongEscapes(t *testing.T) {
	for _, data := range []string{strings.Repeat("<", 200_000), strings.Repeat("ü\u2028", 50_000)} {
		e := testEvent("1")
		e.SetSubject("<ü>")
		e.SetDataContentType("text/plain")
		e.DataEncoded = []byte(data)
		entry, err := entryOf(e, "b")
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(rewritten(t, *entry.Detail))
		if err != nil || string(back.Data()) != data || back.Subject() != "<ü>" {
			t.Errorf("%.20q: %.20q, %v", data, back.Data(), err)
		}
	}
}

// The data of json.Marshal is canonical.
func TestCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := map[string]any{
			rapid.String().Draw(t, "key"): rapid.SliceOf(rapid.Float64().Filter(func(f float64) bool { return math.Abs(f) < 1e18 || math.Abs(f) > 1e21 })).Draw(t, "floats"),
			"i":                           rapid.Int64().Draw(t, "integer"), "s": rapid.String().Draw(t, "string"),
			"o": map[string]any{"x": nil, "y": []any{true, []any{}, map[string]any{}}},
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(":-0,")) || bytes.Contains(data, []byte("[-0")) || bytes.Contains(data, []byte(",-0")) {
			t.Skip("a negative zero")
		}
		got, err := canonical(data)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%s\nbecomes\n%s, %v", data, got, err)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.50, "\u00fc", {"b": null}], "c": false}`))
	f.Add([]byte(`1e400`))
	f.Add([]byte(`[1] [2]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := canonical(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is no JSON, and becomes %q", data, c)
		}
		again, err := canonical(c)
		if err != nil || !bytes.Equal(again, c) {
			t.Fatalf("%q becomes %q and then %q, %v", data, c, again, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"specversion":"1.0","id":"1","source":"/x","type":"t","datacontenttype":"application/json","data":{"a":1}}`)
	f.Add(`{"source":"/x","detail-type":"t","detail":{"specversion":"1.0","id":"1","source":"/x","type":"t","data_base64":"AA=="}}`)
	f.Add(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		e, err := Decode(body)
		if err != nil {
			if !errors.Is(err, ErrNotAnEvent) {
				t.Fatal(err)
			}
			return
		}
		entry, err := entryOf(e, "b")
		if err != nil { // a type too long
			return
		}
		again, err := Decode(*entry.Detail)
		if err != nil || again.ID() != e.ID() || again.Type() != e.Type() || !bytes.Equal(again.Data(), e.Data()) {
			t.Fatalf("%v\nbecame %v, %v", e, again, err)
		}
	})
}

func TestEntries(t *testing.T) {
	for source, want := range map[string]string{"/pipelines/x": "/pipelines/x", "aws.s3": "/aws.s3", "AWS.x": "/AWS.x", "awsx": "awsx", strings.Repeat("/x", 150): strings.Repeat("/x", 128)} {
		e := testEvent("1")
		e.SetSource(source)
		entry, err := entryOf(e, "b")
		if err != nil || aws.ToString(entry.Source) != want {
			t.Errorf("%q goes as %q, %v", source, aws.ToString(entry.Source), err)
		}
		if back, err := Decode(*entry.Detail); err != nil || back.Source() != source {
			t.Errorf("%q comes as %q, %v", source, back.Source(), err)
		}
	}
	long := testEvent("1")
	long.SetType(strings.Repeat("t", 129))
	if _, err := entryOf(long, "b"); err == nil || !strings.Contains(err.Error(), "at most 128") {
		t.Error(err)
	}
}

func TestBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := NewPublisher(aws.Config{}, &Options{MaxRequest: 3000})
		if err != nil {
			t.Fatal(err)
		}
		var evs []events.Event
		large := false
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 3200), 0, 40).Draw(t, "sizes") {
			e := testEvent(fmt.Sprint(i))
			e.SetDataContentType("text/plain")
			e.DataEncoded = bytes.Repeat([]byte("x"), n)
			entry, err := entryOf(e, "b")
			if err != nil {
				t.Fatal(err)
			}
			large = large || entrySize(entry) > 3000
			evs = append(evs, e)
		}
		batches, err := p.batches(evs)
		if large {
			if !errors.Is(err, events.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, b := range batches {
			size := 0
			for _, entry := range b {
				size += entrySize(entry)
				if e, err := Decode(*entry.Detail); err != nil || e.ID() != fmt.Sprint(next) {
					t.Fatalf("%s where %d belongs, %v", e.ID(), next, err)
				}
				next++
			}
			if len(b) == 0 || len(b) > 10 || size > 3000 {
				t.Fatalf("a request of %d events and %d bytes", len(b), size)
			}
		}
		if next != len(evs) {
			t.Fatalf("%d events of %d", next, len(evs))
		}
	})
}

func TestPattern(t *testing.T) {
	for want, filters := range map[string][]bus.Filter{
		`{"detail-type":["a"],"detail":{"pipeline":[{"exists":false}]}}`:                                                             {{Type: "a"}},
		`{"detail-type":["a","b"],"detail":{"pipeline":[{"exists":false},"p"]}}`:                                                     {{Type: "b", Pipeline: "p"}, {Type: "a"}, {Type: "b"}, {Type: "a", Pipeline: "p"}, {Type: "a"}},
		`{"$or":[{"detail-type":["b"],"detail":{"pipeline":["p"]}},{"detail-type":["a"],"detail":{"pipeline":[{"exists":false}]}}]}`: {{Type: "a"}, {Type: "b", Pipeline: "p"}},
	} {
		if got, err := Pattern(filters); err != nil || got != want {
			t.Errorf("%v: %s, %v\nwant %s", filters, got, err, want)
		}
	}
	var many []bus.Filter
	for i := range 100 {
		many = append(many, bus.Filter{Type: fmt.Sprint("dev.runnel.type.number.", i)})
	}
	if _, err := Pattern(many); err == nil || !strings.Contains(err.Error(), "at most 2048") {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("p", 40) + "_" + strings.Repeat("s", 40)
	seen := map[string]string{}
	for _, sub := range []string{"a-b_c", "a_b-c", long, long[:80], "p_s"} {
		for what, name := range map[string]string{"queue": QueueName("runnel", sub), "dead letters": DeadLetterName("runnel", sub)} {
			if other, ok := seen[name]; ok || len(name) > 64 || !strings.HasPrefix(name, "runnel-") {
				t.Errorf("the %s of %s is %s, as that of %s", what, sub, name, other)
			}
			seen[name] = sub
		}
	}
	if got := QueueName("runnel", "default_clean") + " " + RuleName("runnel", "default_clean") + " " + DeadLetterName("runnel", "default_clean"); got != "runnel-default_clean runnel-default_clean runnel-default_clean-dlq" {
		t.Error(got)
	}
}

// However often an event comes, SQS's thousand receives last for days, and no
// retry waits for long.
func TestPatience(t *testing.T) {
	if patience(1) != 0 || patience(100) != 0 || patience(101) != time.Second || patience(5000) != 15*time.Minute {
		t.Error(patience(1), patience(100), patience(101), patience(5000))
	}
	var sum time.Duration
	for n := range maxReceives {
		sum += patience(n + 1)
	}
	if sum < 4*24*time.Hour {
		t.Errorf("they last %v", sum)
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, o := range []Options{{Prefix: "a.b"}, {Prefix: strings.Repeat("x", 21)}, {Wait: time.Millisecond}, {Wait: time.Minute}, {MaxRequest: -1}} {
		if _, err := Open(t.Context(), aws.Config{}, &o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
