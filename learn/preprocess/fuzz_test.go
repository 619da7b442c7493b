package preprocess

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/table"
)

// FuzzFromState restores transformers from changed states: each is refused, or
// transforms tables of the rows that it was made for without a panic.
func FuzzFromState(f *testing.F) {
	data := &table.Table{Columns: []*table.Column{
		table.FloatColumn("f", []float64{1, nans(1)[0], 3, -4}), table.IntColumn("i", []int64{1, 2, 3, 4}),
		table.BoolColumn("b", []bool{true, false, true, true}), table.StringColumn("s", []string{"red", "a red sea", "", "red"}),
		table.StringColumn("u_date", []string{"2024-02-03", "x", "1/2/2003", "2024"}),
		table.TimeColumn("d", []time.Time{time.Unix(0, 0), time.Unix(1e9, 0), time.Unix(2e9, 0), time.Unix(-1e9, 0)}),
	}}
	y := &learn.Target{Task: learn.Regression, Values: []float64{1, 2, 3, 4}}
	var tensors []map[string]learn.Tensor
	for k, spec := range everySpec() {
		g, _, err := Fit(context.Background(), data, y, nil, spec)
		if err != nil {
			continue // a spec that names columns of another table
		}
		s := g.State()
		b, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(len(tensors)))
		tensors = append(tensors, s.Tensors)
		if _, err := GraphFromState(s); err != nil {
			f.Fatalf("spec %d: %v", k, err)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, k uint8) {
		var s learn.State
		if json.Unmarshal(b, &s) != nil {
			return
		}
		s.Tensors = tensors[int(k)%len(tensors)]
		g, err := GraphFromState(s)
		if err != nil {
			return
		}
		for _, in := range []*table.Table{data, data.Take([]int{1}), data.Take(nil)} {
			out, err := g.Transform(in)
			if err == nil && len(out.Columns) > 0 && out.Rows() != in.Rows() {
				t.Fatalf("%d rows became %d", in.Rows(), out.Rows())
			}
		}
	})
}

// TestRefusedStates holds states that would fail in use.
func TestRefusedStates(t *testing.T) {
	data := &table.Table{Columns: []*table.Column{table.FloatColumn("f", []float64{1, nans(1)[0], 3})}}
	g, _, err := Fit(context.Background(), data, nil, nil, &Impute{Numeric: "knn"})
	if err != nil {
		t.Fatal(err)
	}
	step := func(s learn.State) map[string]any {
		return s.Params["steps"].([]any)[0].(map[string]any)["params"].(map[string]any)
	}
	for name, change := range map[string]func(s *learn.State){
		"neighbours below none": func(s *learn.State) { step(*s)["spec"].(map[string]any)["neighbors"] = -3.0 },
		"no donors":             func(s *learn.State) { s.Tensors = nil },
		"donors of two columns": func(s *learn.State) {
			s.Tensors = map[string]learn.Tensor{"0/donors": {Shape: []int{2, 1}, Data: []float64{1, 2}}}
		},
		"an unknown field":   func(s *learn.State) { step(*s)["exec"] = "rm" },
		"a column twice":     func(s *learn.State) { step(*s)["joint"] = []any{"f", "f"} },
		"a column of no one": func(s *learn.State) { step(*s)["joint"] = []any{"g"} },
		"no steps":           func(s *learn.State) { s.Params = nil },
		"a tensor of no one": func(s *learn.State) { s.Tensors["9/x"] = learn.Tensor{} },
		"another kind":       func(s *learn.State) { s.Kind = "impute" },
	} {
		s := throughJSON(t, g.State())
		change(&s)
		if _, err := GraphFromState(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
