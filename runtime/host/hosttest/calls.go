package hosttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// do runs the probe once.
func (s *suite) do(t testing.TB, e *env, data events.Payload, p probe.Params) (step.Result, error) {
	t.Helper()
	return s.host.Run(t.Context(), probe.Function, Invocation(t, probe.Function, data, p), e)
}

// must is do for what does not fail.
func (s *suite) must(t testing.TB, e *env, data events.Payload, p probe.Params) step.Result {
	t.Helper()
	res, err := s.do(t, e, data, p)
	if err != nil {
		t.Fatalf("%s: %v", p.Do, described(err))
	}
	return res
}

func described(err error) string {
	if e := (*step.Error)(nil); errors.As(err, &e) && e.Detail != "" {
		return fmt.Sprintf("%v (%s)\n%s", err, e.Class, e.Detail)
	}
	return fmt.Sprintf("%v (%s)", err, step.ClassOf(err))
}

func small(t testing.TB, e *env) events.DatasetIngestedData {
	t.Helper()
	floats := table.FloatColumn("f", []float64{1.5, 0, -2, 1e300, 5})
	floats.SetMissing(1)
	text := table.StringColumn("s", []string{"a", "b", "", "ü", "a"})
	text.SetMissing(4)
	whole := table.IntColumn("n", []int64{1, 2, 3, 1 << 62, -5})
	truth := table.BoolColumn("b", []bool{true, false, true, false, false})
	truth.SetMissing(3)
	tbl, err := table.New(floats, text, whole, truth, &table.Column{Name: "t", Kind: table.Time, Ints: []int64{0, -1, 1, 1e15, 7}})
	if err != nil {
		t.Fatal(err)
	}
	return e.dataset(t, tbl, 2)
}

// events compares what is emitted: alone, many, in sets, and within a set that
// the event belongs to.
func (s *suite) events(t *testing.T) {
	for _, p := range []probe.Params{
		{Do: "nothing"}, {Do: "emit", N: 1}, {Do: "emit", N: 1000, Text: "many"}, {Do: "set", N: 1}, {Do: "set", N: 20, Text: "fan"},
		{Do: "mixed", N: 3, Text: "both"}, {Do: "put", N: 5, Text: "bytes"}, {Do: "copy"}, {Do: "table"},
	} {
		for _, member := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %d of a set %v", p.Do, p.N, member), func(t *testing.T) {
				wantEnv, gotEnv := newEnv(t), newEnv(t)
				small(t, gotEnv)
				inv := Invocation(t, probe.Function, small(t, wantEnv), p)
				if member {
					events.Enter(&inv.Event, events.Set{ID: "outer", Size: 7, Index: 3})
				}
				want, err := same.Run(t.Context(), probe.Function, inv, wantEnv)
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.host.Run(t.Context(), probe.Function, inv, gotEnv)
				if err != nil {
					t.Fatal(described(err))
				}
				if p.Do != "nothing" {
					compare(t, p.Do, wantEnv, gotEnv, want, got)
				}
				if len(got.Events) != len(want.Events) {
					t.Errorf("%d events, want %d", len(got.Events), len(want.Events))
				}
			})
		}
	}
}

// invocation checks that a function is given all of it.
func (s *suite) invocation(t *testing.T) {
	e := newEnv(t)
	p := probe.Params{Do: "echo", N: 1 << 40, Text: "quotes \" and \\ and \u2028 and <é>\n", Digest: "", Size: -1}
	inv := Invocation(t, probe.Function, e.object(t, "a b/ü.csv", []byte("x")), p)
	inv.Seed, inv.Attempt = 1<<63+5, 3
	inv.Time = inv.Time.Add(123456789)
	for i := range 3 {
		member := inv.Event.Clone()
		events.Enter(&member, events.Set{ID: "s", Size: 3, Index: i})
		inv.Set = append(inv.Set, member)
	}
	seen := func(res step.Result, err error) (out probe.Seen) {
		if err != nil {
			t.Fatal(described(err))
		}
		if err := json.Unmarshal(e.bytes(t, res.Outputs["seen"]), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := seen(same.Run(t.Context(), probe.Function, inv, e))
	got := seen(s.host.Run(t.Context(), probe.Function, inv, e))
	if w, g := asJSON(t, want), asJSON(t, got); string(w) != string(g) {
		t.Errorf("the function saw\n%s\nand in process\n%s", g, w)
	}
	if got.Seed != inv.Seed || got.Attempt != 3 || !got.Time.Equal(inv.Time) || len(got.Set) != 3 || got.Params.Text != p.Text {
		t.Errorf("it saw %+v", got)
	}
}

// errors checks that they come with their class and their text.
func (s *suite) errors(t *testing.T) {
	e := newEnv(t)
	for _, c := range []struct {
		name   string
		data   events.Payload
		params any
		class  step.Class
		text   string
		detail string
	}{
		{"permanent", nil, probe.Params{Do: "permanent", Text: `column "age": a <b> & ü`}, step.ClassPermanent, `column "age": a <b> & ü`, ""},
		{"retryable", nil, probe.Params{Do: "retryable", Text: "later"}, step.ClassRetryable, "later", ""},
		{"gate", nil, probe.Params{Do: "gate", Text: "accuracy 0.5"}, step.ClassGate, "accuracy 0.5", ""},
		{"wrapped", nil, probe.Params{Do: "wrapped", Text: "inside"}, step.ClassRetryable, "around it: inside", "the detail"},
		{"panic", nil, probe.Params{Do: "panic", Text: "out of paper"}, step.ClassPermanent, "panicked: out of paper", "probe.handle"},
		{"undeclared event", nil, probe.Params{Do: "undeclared"}, step.ClassPermanent, "emits", ""},
		{"large event", nil, probe.Params{Do: "large", N: 1 << 20}, step.ClassPermanent, "put the data into an artifact", ""},
		{"params out of bounds", nil, map[string]any{"do": "dance"}, step.ClassPermanent, "dance", ""},
		{"unknown params", nil, map[string]any{"dance": 1}, step.ClassPermanent, "dance", ""},
		{"unaccepted event", events.ModelTrainedData{}, probe.Params{Do: "nothing"}, step.ClassPermanent, "accepts", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.data == nil {
				c.data = events.ObjectCreatedData{}
			}
			_, err := s.host.Run(t.Context(), probe.Function, Invocation(t, probe.Function, c.data, c.params), e)
			if err == nil || step.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v, want %q (%s)", described(orNone(err)), c.text, c.class)
			}
			var classed *step.Error
			if errors.As(err, &classed) && !strings.Contains(classed.Detail, c.detail) || classed == nil && c.detail != "" {
				t.Errorf("the detail lacks %q: %v", c.detail, described(err))
			}
		})
		if _, err := s.do(t, e, events.ObjectCreatedData{}, probe.Params{Do: "nothing"}); err != nil {
			t.Fatalf("after %s a call that does nothing fails: %v", c.name, err)
		}
	}
}

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// environment checks that what the store says comes through the function.
func (s *suite) environment(t *testing.T) {
	s.damage(t)
	if s.o.Away {
		return // its environment is its own, over the same store
	}
	for _, c := range []struct {
		name  string
		class step.Class
		p     probe.Params
		fail  func(t testing.TB, e *env, d events.DatasetIngestedData)
	}{
		{"reading", step.ClassRetryable, probe.Params{Do: "copy"}, func(_ testing.TB, e *env, d events.DatasetIngestedData) {
			e.fails[d.Dataset.Manifest.Digest] = step.Retryable(errors.New("the disk is away"))
		}},
		{"reading what is damaged", step.ClassPermanent, probe.Params{Do: "copy"}, func(_ testing.TB, e *env, d events.DatasetIngestedData) {
			e.fails[d.Dataset.Manifest.Digest] = step.Permanent(errors.New("the disk is away"))
		}},
		{"a table", step.ClassRetryable, probe.Params{Do: "table"}, func(t testing.TB, e *env, d events.DatasetIngestedData) {
			for _, ref := range parts(t, e, d) {
				e.fails[ref.Digest] = step.Retryable(errors.New("the disk is away"))
			}
		}},
		{"storing", step.ClassRetryable, probe.Params{Do: "put", N: 2}, func(_ testing.TB, e *env, _ events.DatasetIngestedData) {
			e.fails["put"] = step.Retryable(errors.New("the disk is away"))
		}},
		{"storing a table", step.ClassRetryable, probe.Params{Do: "copy"}, func(_ testing.TB, e *env, _ events.DatasetIngestedData) {
			e.fails["put"] = step.Retryable(errors.New("the disk is away"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEnv(t)
			d := small(t, e)
			c.fail(t, e, d)
			if _, err := s.do(t, e, d, c.p); err == nil || step.ClassOf(err) != c.class || !strings.Contains(err.Error(), "the disk is away") {
				t.Errorf("got %v, want it to say that the disk is away (%s)", described(orNone(err)), c.class)
			}
		})
	}
}

func parts(t testing.TB, e *env, d events.DatasetIngestedData) (refs []events.Ref) {
	t.Helper()
	var m step.Manifest
	if err := json.Unmarshal(e.bytes(t, d.Dataset.Manifest), &m); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Parts {
		refs = append(refs, p.Table)
	}
	return refs
}

// progress checks that it arrives, the last of it in any case.
func (s *suite) progress(t *testing.T) {
	if s.o.Away {
		t.Skip("progress cannot come: the answer is all that there is, and it comes at the end; see the function's log")
	}
	e := newEnv(t)
	s.must(t, e, events.ObjectCreatedData{}, probe.Params{Do: "progress", N: 5, Text: "trees"})
	got := e.reported()
	want := []step.Progress{{Done: 1, Total: 5, Unit: "trees"}, {Done: 2, Total: 5, Unit: "trees"}, {Done: 3, Total: 5, Unit: "trees"}, {Done: 4, Total: 5, Unit: "trees"}, {Done: 5, Total: 5, Unit: "trees"}}
	if !slices.Equal(got, want) {
		t.Errorf("%v was reported, want %v", got, want)
	}
}

// notes checks that they are bounded as they are in process.
func (s *suite) notes(t *testing.T) {
	for _, p := range []probe.Params{{Do: "notes", N: 3, Text: "ü"}, {Do: "notes", N: 250, Text: "many"}, {Do: "notes", N: 2, Text: strings.Repeat("ü", 400)}} {
		e := newEnv(t)
		want, err := same.Run(t.Context(), probe.Function, Invocation(t, probe.Function, events.ObjectCreatedData{}, p), e)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.must(t, e, events.ObjectCreatedData{}, p); !slices.Equal(got.Notes, want.Notes) {
			t.Errorf("notes %q, want %q", got.Notes, want.Notes)
		}
	}
}

// concurrency runs many calls at once, none of which may see another's.
func (s *suite) concurrency(t *testing.T) {
	e := newEnv(t)
	data := small(t, e)
	want, err := same.Run(t.Context(), probe.Function, Invocation(t, probe.Function, data, probe.Params{Do: "copy"}), e)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 48 {
		wg.Go(func() {
			switch i % 4 {
			case 0:
				got, err := s.do(t, e, data, probe.Params{Do: "copy"})
				if err != nil || string(asJSON(t, got)) != string(asJSON(t, want)) {
					t.Errorf("call %d: %+v, %v", i, got, err)
				}
			case 1:
				if _, err := s.do(t, e, data, probe.Params{Do: "panic", Text: fmt.Sprint("call ", i)}); err == nil || !strings.Contains(err.Error(), fmt.Sprint("call ", i)) {
					t.Errorf("call %d panicked with %v", i, err)
				}
			default:
				inv := Invocation(t, probe.Function, data, probe.Params{Do: "echo", Text: fmt.Sprint("call ", i)})
				inv.Seed = uint64(i)
				res, err := s.host.Run(t.Context(), probe.Function, inv, e)
				if err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
				var seen probe.Seen
				if err := json.Unmarshal(e.bytes(t, res.Outputs["seen"]), &seen); err != nil || seen.Seed != uint64(i) || seen.Params.Text != fmt.Sprint("call ", i) {
					t.Errorf("call %d saw %+v, %v", i, seen, err)
				}
			}
		})
	}
	wg.Wait()
}
