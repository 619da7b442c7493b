package plain_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events/plain"
)

// a draws an event of the SDK, by what a guest does with events.
func a(t *rapid.T) event.Event {
	text := rapid.StringMatching(`[ -~é☃"\\<&\n\t]{1,12}[a-z]`)
	e := event.New()
	e.SetID(text.Draw(t, "id"))
	e.SetType("dev." + rapid.StringMatching(`[a-z.]{0,10}`).Draw(t, "type") + "x")
	e.SetSource("/pipelines/" + rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "source"))
	if rapid.Bool().Draw(t, "with subject") {
		e.SetSubject(text.Draw(t, "subject"))
	}
	if rapid.Bool().Draw(t, "with time") {
		e.SetTime(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")))
	}
	for range rapid.IntRange(0, 4).Draw(t, "extensions") {
		name := "x" + rapid.StringMatching(`[a-z0-9]{1,3}`).Draw(t, "name")
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			e.SetExtension(name, rapid.Bool().Draw(t, "bool"))
		case 1:
			e.SetExtension(name, rapid.Int32().Draw(t, "number"))
		default:
			e.SetExtension(name, text.Draw(t, "text"))
		}
	}
	var err error
	switch rapid.IntRange(0, 3).Draw(t, "data") {
	case 0:
		err = e.SetData("application/json", map[string]any{"a": text.Draw(t, "data"), "b": []int{1, 2}})
	case 1:
		err = e.SetData("text/plain", []byte(text.Draw(t, "data"))) // in base64
	case 2:
		err = e.SetData("text/plain", text.Draw(t, "data"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An event that the SDK wrote is read as what it is, and written with the same bytes.
func TestAgainstSDK(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sdk := a(t)
		b, err := json.Marshal(sdk)
		if err != nil {
			t.Fatal(err)
		}
		var e plain.Event
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		if e.ID() != sdk.ID() || e.Type() != sdk.Type() || e.Source() != sdk.Source() || e.Subject() != sdk.Subject() || !bytes.Equal(e.Data(), sdk.Data()) {
			t.Fatalf("%s is read as %+v", b, e)
		}
		for name, want := range sdk.Extensions() {
			if n, ok := want.(int32); ok {
				want = float64(n)
			}
			if got := e.Extensions()[name]; got != want {
				t.Fatalf("extension %s is %v, want %v", name, got, want)
			}
		}
		again, err := json.Marshal(e.Clone())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("written again\n%s, want\n%s", again, b)
		}
	})
}

// What is set is written as the SDK writes it.
func TestSet(t *testing.T) {
	at, data := time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("x", 3600)), map[string]string{"<": "ü"}
	sdk := event.New()
	e := plain.New()
	for _, x := range []interface {
		SetID(string)
		SetSource(string)
		SetType(string)
		SetSubject(string)
		SetTime(time.Time)
		SetExtension(string, any)
		SetData(string, any) error
	}{&sdk, &e} {
		x.SetID(" 1 ")
		x.SetSource("/here")
		x.SetType("t")
		x.SetSubject("")
		x.SetTime(at)
		x.SetExtension("setid", "s")
		x.SetExtension("gone", "g")
		x.SetExtension("gone", nil)
		if err := x.SetData(plain.JSON, data); err != nil {
			t.Fatal(err)
		}
	}
	want, err := json.Marshal(sdk)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(e); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%s, want\n%s", err, got, want)
	}
	var back map[string]string
	if err := e.DataAs(&back); err != nil || !reflect.DeepEqual(back, data) {
		t.Errorf("the data are %v, %v", back, err)
	}
	e.SetExtension("Not A Name", 1)
	if e.Validate() == nil {
		t.Error("an extension may have any name")
	}
	for _, bad := range []string{`{}`, `{"specversion":"0.3"}`, `[]`, `{"specversion":"1.0","id":1}`, `{"specversion":"1.0","data_base64":"?"}`} {
		if err := json.Unmarshal([]byte(bad), &e); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if err := new(plain.Event).Validate(); err == nil {
		t.Error("an event of nothing is valid")
	}
}

// Bytes of anyone are an event or an error.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"a":[1]},"x":true}`))
	f.Add([]byte(`{"specversion":"1.0","data_base64":"AAAA","datacontenttype":"text/plain","time":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e plain.Event
		if e.UnmarshalJSON(b) != nil || !json.Valid(b) {
			return
		}
		if out, err := e.MarshalJSON(); err == nil && !json.Valid(out) {
			t.Errorf("%s is written as %s", b, out)
		}
	})
}
