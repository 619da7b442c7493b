package events_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

var update = flag.Bool("update", false, "write events/schemas, and the samples that are missing")

// The schemas beside the code are those of the code.
func TestSchemas(t *testing.T) {
	for _, p := range events.Payloads() {
		b, err := json.MarshalIndent(events.JSONSchema(p), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("schemas", p.EventType()+".json")
		if *update {
			if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(file); err != nil || string(have) != string(b)+"\n" {
			t.Errorf("%s is not the schema of %T (%v): run go test ./events -update, and give the type a new version if old events no longer fit", file, p, err)
		}
	}
}

// Each sample is an event as it was once sent. It stays readable: a field that
// is renamed or changes its type needs a new version of the type.
func TestSamples(t *testing.T) {
	for _, p := range events.Payloads() {
		file := filepath.Join("samples", p.EventType()+".json")
		if _, err := os.Stat(file); *update && err != nil {
			if err := os.WriteFile(file, sample(t, p), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("no sample of %s: %v", p.EventType(), err)
			continue
		}
		e, err := structured.Decode(b)
		if err != nil || e.Type() != p.EventType() {
			t.Errorf("%s: type %s, %v", file, e.Type(), err)
			continue
		}
		d := json.NewDecoder(bytes.NewReader(e.Data()))
		d.DisallowUnknownFields()
		data := reflect.New(reflect.TypeOf(p))
		if err := d.Decode(data.Interface()); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if reflect.DeepEqual(data.Elem().Interface(), any(p)) {
			t.Errorf("%s says nothing", file)
		}
		var value any
		if err := json.Unmarshal(e.Data(), &value); err != nil {
			t.Fatal(err)
		}
		schema := events.JSONSchema(p)
		for _, problem := range check("data", value, schema) {
			t.Errorf("%s: %s", file, problem)
		}
		for _, name := range schema["required"].([]any) { // the schema is not one that everything fits
			broken := maps.Clone(value.(map[string]any))
			delete(broken, name.(string))
			if len(check("data", broken, schema)) == 0 {
				t.Errorf("%s: without %s it still fits its schema", file, name)
			}
		}
		again, err := structured.Encode(e)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if back, err := structured.Decode(again); err != nil || !bytes.Equal(back.Data(), e.Data()) || !reflect.DeepEqual(back.Context, e.Context) {
			t.Errorf("%s does not come back the same: %v", file, err)
		}
	}
	files, err := filepath.Glob("samples/*.json")
	if err != nil || len(files) != len(events.Payloads()) {
		t.Errorf("%d samples of %d payloads, %v", len(files), len(events.Payloads()), err)
	}
}

// check tells where a value does not fit a schema of the kind that JSONSchema makes.
func check(at string, v any, schema map[string]any) (problems []string) {
	fail := func() []string { return []string{fmt.Sprintf("%s: %v is no %v", at, v, schema["type"])} }
	switch schema["type"] {
	case "object":
		m, ok := v.(map[string]any)
		if !ok {
			return fail()
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := m[name.(string)]; !ok {
				problems = append(problems, fmt.Sprintf("%s: %s is missing", at, name))
			}
		}
		properties, _ := schema["properties"].(map[string]any)
		rest, _ := schema["additionalProperties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(m)) {
			s, ok := properties[name].(map[string]any)
			if !ok {
				s = rest
			}
			if s != nil {
				problems = append(problems, check(at+"."+name, m[name], s)...)
			}
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return fail()
		}
		for i, e := range list {
			problems = append(problems, check(fmt.Sprintf("%s[%d]", at, i), e, schema["items"].(map[string]any))...)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			return fail()
		}
	case "number":
		if _, ok := v.(float64); !ok {
			return fail()
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return fail()
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return fail()
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
				return fail()
			}
		}
	}
	return problems
}

// sample makes an event whose data has a plausible value in every field.
func sample(t *testing.T, p events.Payload) []byte {
	v := reflect.New(reflect.TypeOf(p)).Elem()
	fill(v, "")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var e events.Event
	var err error
	if o, ok := v.Interface().(events.ObjectCreatedData); ok {
		e, err = events.FromObject(o.Object)
	} else {
		e, err = events.NewChild(root(t), events.Emitter{Pipeline: "default", Version: "0123456789abcdef0123456789abcdef", Step: "sample"}, 0, at, "penguins.csv", v.Interface().(events.Payload))
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := structured.Encode(e)
	var out bytes.Buffer
	if err == nil {
		err = json.Indent(&out, b, "", "  ")
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

func fill(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		texts := map[string]string{"Digest": "sha256:" + strings.Repeat("0a", 32), "MediaType": events.MediaParquet, "Task": "classification",
			"Bucket": "uploads", "Key": "penguins.csv", "URL": "https://example.org/penguins.csv", "Alias": "champion", "Class": "permanent",
			"Target": "species", "Estimator": "forest", "Name": "penguins", "Model": "penguins@champion"}
		v.SetString(texts[name])
		if texts[name] == "" {
			v.SetString(strings.ToLower(name))
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(.5)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, "value")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("accuracy"), value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name)
		}
	}
}
