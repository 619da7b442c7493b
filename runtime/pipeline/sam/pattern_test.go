package sam_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/pipeline/sam"
)

// matches is EventBridge's matching, as far as the templates' patterns go:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
func matches(pattern, event map[string]any) bool {
	for key, want := range pattern {
		if key == "$or" {
			if !slices.ContainsFunc(want.([]any), func(p any) bool { return matches(object(p), event) }) {
				return false
			}
			continue
		}
		got, there := event[key]
		if inner, ok := want.(map[string]any); ok {
			if !matches(inner, object(got)) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(want.([]any), func(w any) bool { return matchesValue(w, got, there) }) {
			return false
		}
	}
	return true
}

func matchesValue(want, got any, there bool) bool {
	m, ok := want.(map[string]any)
	if !ok {
		return there && fmt.Sprint(want) == fmt.Sprint(got)
	}
	if exists, ok := m["exists"]; ok {
		return exists == there
	}
	if p, ok := m["prefix"].(string); ok {
		return there && strings.HasPrefix(fmt.Sprint(got), p)
	}
	s, ok := m["suffix"].(string)
	return ok && there && strings.HasSuffix(fmt.Sprint(got), s)
}

// A rule carries every event that its step answers, whatever the filters.
func TestPatternsCarryAll(t *testing.T) {
	value := rapid.SampledFrom([]string{"a", "ab", "abc", "sales/x.csv", "sales/y.json", "x"})
	attribute := rapid.SampledFrom([]string{"subject", "source", "type", "step", "id", "other"})
	var filter func(depth int) *rapid.Generator[any]
	filter = func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			dialects := []string{"exact", "prefix", "suffix", "sql"}
			if depth < 2 {
				dialects = append(dialects, "all", "any", "not")
			}
			switch d := rapid.SampledFrom(dialects).Draw(t, "dialect"); d {
			case "sql":
				return map[string]any{d: "subject LIKE 'a%'"}
			case "all", "any":
				return map[string]any{d: rapid.SliceOfN(filter(depth+1), 1, 3).Draw(t, d)}
			case "not":
				return map[string]any{d: filter(depth+1).Draw(t, d)}
			default:
				return map[string]any{d: map[string]any{attribute.Draw(t, "attribute"): value.Draw(t, "value")}}
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		spec := pipeline.Spec{Name: "p", Steps: []pipeline.Step{
			{Name: "x", Function: "ingest", Timeout: "1m", Retry: pipeline.Retry{Attempts: 1, Backoff: "1s", Max: "1s"}},
		}}
		for _, typ := range rapid.SliceOfN(rapid.SampledFrom([]string{events.ObjectCreated, events.IngestRequested}), 1, 3).Draw(t, "types") {
			trigger := pipeline.Trigger{Type: typ, Filters: rapid.SliceOfN(filter(0), 0, 3).Draw(t, "filters")}
			if rapid.Bool().Draw(t, "from a step") {
				trigger.From = []string{"a", "ab"}
			}
			spec.Steps[0].On = append(spec.Steps[0].On, trigger)
		}
		p, err := pipeline.Part(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, _, err := sam.Render(p, nil)
		if err != nil && strings.Contains(err.Error(), "characters") {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		template, err := sam.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		ev, err := events.NewRoot(value.Draw(t, "source"), value.Draw(t, "subject"), time.Unix(0, 0), events.IngestRequestedData{}, "i")
		if err != nil {
			t.Fatal(err)
		}
		ev.SetType(rapid.SampledFrom([]string{events.ObjectCreated, events.IngestRequested}).Draw(t, "type"))
		if rapid.Bool().Draw(t, "emitted") {
			ev.SetExtension(events.Pipeline, "p")
			ev.SetExtension(events.StepName, value.Draw(t, "step"))
			ev.SetExtension("other", value.Draw(t, "other"))
		}
		b, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		var detail map[string]any
		if err := json.Unmarshal(b, &detail); err != nil {
			t.Fatal(err)
		}
		pattern := object(template.Resources["XRule"].Properties["EventPattern"])
		carried := matches(pattern, map[string]any{"source": ev.Source(), "detail-type": ev.Type(), "detail": detail})
		if p.Steps[0].Match(ev) >= 0 && !carried {
			t.Fatalf("the step answers %s and its rule does not carry it: %v", b, pattern)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(render(f, parse(f, branched))))
	f.Add([]byte("Resources: {A: {Type: X, Properties: {B: !GetAtt C.D, E: !Sub \"${F}${\", G: &x [*x]}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := sam.Parse(text)
		if err != nil {
			return
		}
		for _, r := range parsed.Resources {
			_, _ = parsed.Resolve(r.Properties, func(string, string) (any, bool) { return 1, true })
		}
	})
}
