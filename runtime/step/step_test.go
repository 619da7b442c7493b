package step_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

func fn(handle func(ctx context.Context, c *step.Call) error) *step.Function {
	return step.New("f", func(ctx context.Context, c *step.Call, _ struct{}) error { return handle(ctx, c) },
		step.Accepts(events.DatasetIngested), step.Emits(events.DatasetCleaned))
}

// TestNotes keeps a hundred notes, and counts the others.
func TestNotes(t *testing.T) {
	for n, want := range map[int]string{0: "", 1: "note 0", 100: "note 99", 101: "1 more notes are left out", 10_000: "9900 more notes are left out"} {
		res := steptest.New(t).Invoke(t, fn(func(_ context.Context, c *step.Call) error {
			for i := range n {
				c.Note("note %d", i)
			}
			return nil
		}), events.DatasetIngestedData{}, nil)
		last := ""
		if len(res.Notes) > 0 {
			last = res.Notes[len(res.Notes)-1]
		}
		if last != want || len(res.Notes) > 101 {
			t.Errorf("%d notes: %d are kept, the last is %q, want %q", n, len(res.Notes), last, want)
		}
	}
	res := steptest.New(t).Invoke(t, fn(func(_ context.Context, c *step.Call) error {
		c.Note("%s", strings.Repeat("é", 1000))
		return nil
	}), events.DatasetIngestedData{}, nil)
	if n := res.Notes[0]; len(n) > 510 || !utf8.ValidString(n) || !strings.HasSuffix(n, "é...") {
		t.Errorf("a long note is %d bytes: %q", len(n), n)
	}
}

// TestRun classes what ends a function.
func TestRun(t *testing.T) {
	in := events.DatasetIngestedData{}
	for _, c := range []struct {
		name   string
		handle func(ctx context.Context, c *step.Call) error
		data   events.Payload
		class  step.Class
		want   string
	}{
		{"a plain error", func(context.Context, *step.Call) error { return errors.New("no") }, in, step.ClassPermanent, "no"},
		{"a retryable error", func(context.Context, *step.Call) error {
			return fmt.Errorf("reading: %w", step.Retryable(errors.New("away")))
		}, in, step.ClassRetryable, "reading: away"},
		{"a gate", func(context.Context, *step.Call) error { return step.GateFailed("%d is too low", 1) }, in, step.ClassGate, "1 is too low"},
		{"a deadline", func(context.Context, *step.Call) error { return context.DeadlineExceeded }, in, step.ClassTimeout, "deadline"},
		{"a panic", func(context.Context, *step.Call) error { var m map[string]int; m["x"] = 1; return nil }, in, step.ClassPermanent, "function f panicked: assignment to entry in nil map"}, //nolint:staticcheck // it panics, as it should
		{"another event", func(context.Context, *step.Call) error { return nil }, events.DatasetCleanedData{}, step.ClassPermanent, "accepts"},
		{"an event that it does not emit", func(_ context.Context, c *step.Call) error { return c.Emit(events.ModelTrainedData{}) }, in, step.ClassPermanent, "add it to Emits"},
		{"an event too large", func(_ context.Context, c *step.Call) error {
			return c.Emit(events.DatasetCleanedData{Notes: []string{strings.Repeat("x", events.MaxSize)}})
		}, in, step.ClassPermanent, "put the data into an artifact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := steptest.New(t).Try(t, fn(c.handle), c.data, nil)
			if step.ClassOf(err) != c.class || !strings.Contains(err.Error(), c.want) || len(res.Events) > 0 {
				t.Errorf("class %s of %v, %d events; want %s of %s", step.ClassOf(err), err, len(res.Events), c.class, c.want)
			}
			var e *step.Error
			if c.name == "a panic" && (!errors.As(err, &e) || !strings.Contains(e.Detail, "step_test.go")) {
				t.Error("the error does not say where it panicked")
			}
		})
	}
}

// TestDataset reads what was stored, and refuses what does not fit together.
func TestDataset(t *testing.T) {
	env := steptest.New(t)
	tbl := &table.Table{Columns: []*table.Column{table.IntColumn("n", []int64{1, 2, 3, 4, 5})}}
	for name, c := range map[string]struct {
		split []step.Subset
		want  string
	}{
		"split":     {[]step.Subset{step.Train, step.Test, step.Validation, step.Excluded, step.Train}, ""},
		"none":      {nil, ""},
		"too short": {[]step.Subset{step.Train}, "the split has 1 rows, the table 5"},
		"no subset": {[]step.Subset{0, 1, 2, 3, 4}, "unknown subset 4 in row 4"},
	} {
		t.Run(name, func(t *testing.T) {
			ds := env.Dataset(t, events.Dataset{Name: "d"}, tbl, c.split, 2)
			_, err := env.Try(t, fn(func(ctx context.Context, call *step.Call) error {
				got, split, err := call.Dataset(ctx, ds)
				if err != nil {
					return err
				}
				if d := table.Difference(got, tbl); d != "" || len(split) != len(c.split) {
					t.Errorf("%s, split %v", d, split)
				}
				want := map[step.Subset]int{step.Train: 5}
				if c.split != nil {
					want = map[step.Subset]int{step.Train: 2, step.Test: 1, step.Validation: 1, step.Excluded: 1}
				}
				for s := range step.Excluded + 1 {
					if n := len(step.RowsOf(split, s, 5)); n != want[s] {
						t.Errorf("%d rows of subset %d, want %d", n, s, want[s])
					}
				}
				return nil
			}), events.DatasetIngestedData{}, nil)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestText: params that come as the same text are read anew for each call, and
// others are checked.
func TestText(t *testing.T) {
	type params struct {
		N    int   `json:"n" max:"10"`
		List []int `json:"list"`
		Late int   `json:"late" default:"7"`
	}
	var got params
	f := step.New("f", func(_ context.Context, _ *step.Call, p params) error {
		got = params{p.N, slices.Clone(p.List), p.Late}
		p.List[0] = 100
		return nil
	}, step.Accepts(events.DatasetIngested))
	for _, c := range []struct {
		text string
		want params
		err  string
	}{
		{`{"n": 1, "list": [1]}`, params{1, []int{1}, 7}, ""},
		{`{"n": 1, "list": [1]}`, params{1, []int{1}, 7}, ""},
		{`{"n": 11, "list": [1]}`, params{}, "above the most allowed"},
		{`{"n": 11, "list": [1]}`, params{}, "above the most allowed"},
		{`{"n": 2, "list": [3], "late": 1}`, params{2, []int{3}, 1}, ""},
		{`{"n": 1, "list": [1]}`, params{1, []int{1}, 7}, ""},
		{`{"m": 1}`, params{}, "no such parameter"},
	} {
		e, err := events.NewRoot("/t", "s", steptest.Time(), events.DatasetIngestedData{}, "id")
		if err != nil {
			t.Fatal(err)
		}
		inv := step.Invocation{Event: e, Text: []byte(c.text)}
		if err := json.Unmarshal(inv.Text, &inv.Params); err != nil {
			t.Fatal(err)
		}
		got = params{}
		_, err = f.Run(t.Context(), inv, steptest.New(t))
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s gives %+v, %v", c.text, got, err)
		}
	}
}
