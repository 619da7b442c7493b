// Package exchangetest compares a model that was read from another library's
// file with what that library predicts. The files are in learn/exchange/testdata,
// beside the scripts that made them.
package exchangetest

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/ensemble"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/model"
)

// Dir is where the files are, seen from a package below learn/exchange.
const Dir = "../testdata"

// Rows are rows and what another library says of them.
type Rows struct {
	Columns       []string `json:"columns"`
	Rows          [][]any  `json:"rows"`
	Predictions   any      `json:"predictions"`             // a value a row, or a list of them
	Margins       any      `json:"margins,omitempty"`       // of trees, before the link
	Contributions any      `json:"contributions,omitempty"` // of trees: features, then the base, for each output
}

// Read reads a file of testdata.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Load reads the rows of a model.
func Load(t testing.TB, name string) *Rows {
	t.Helper()
	var r Rows
	if err := json.Unmarshal(Read(t, name+".rows.json"), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// Matrix is the rows as features of a model.
func (r *Rows) Matrix(t testing.TB, m *model.Model) *learn.Matrix {
	t.Helper()
	rows := make([]any, len(r.Rows))
	for i, row := range r.Rows {
		object := map[string]any{}
		for j, name := range r.Columns {
			object[name] = row[j]
		}
		rows[i] = object
	}
	table, err := m.FromJSON(rows)
	if err != nil {
		t.Fatal(err)
	}
	x, err := m.Matrix(table)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Predicts compares predictions; a library that gives one number for two classes
// gives that of the second.
func (r *Rows) Predicts(t testing.TB, m *model.Model, tolerance float64) {
	t.Helper()
	got := m.Estimator.Predict(r.Matrix(t, m))
	want := numbers(r.Predictions, nil)
	if n := m.Estimator.Outputs(); n == 2 && len(want) == len(got)/2 {
		for i := range want {
			got[i] = got[2*i+1]
		}
		got = got[:len(want)]
	}
	Near(t, "prediction", got, want, tolerance)
}

// Written reads the files that runnel has written for a library, and that it has
// loaded (scripts/peers -update): they predict here what it said of them there.
func Written(t *testing.T, library string, read func(file []byte) (*model.Model, error), tolerance float64) {
	files, err := filepath.Glob(filepath.Join(Dir, "written", library+"-*.rows.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are none", err)
	}
	for _, name := range files {
		name = filepath.Join("written", strings.TrimSuffix(filepath.Base(name), ".rows.json"))
		t.Run(filepath.Base(name), func(t *testing.T) {
			m, err := read(Read(t, name))
			if err != nil {
				t.Fatal(err)
			}
			Load(t, name).Predicts(t, m, tolerance)
		})
	}
}

// Explains compares Shapley values, which also have to sum to the margins.
func (r *Rows) Explains(t testing.TB, m *model.Model, tolerance float64) {
	t.Helper()
	e := m.Estimator.(ensemble.Opener).Ensemble()
	e.Features = m.Features
	trees, err := explain.NewTrees(e)
	if err != nil {
		t.Fatal(err)
	}
	x := r.Matrix(t, m)
	v, err := trees.Explain(context.Background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	row := make([]float64, len(x.Columns))
	for i := range x.Rows {
		for j, c := range x.Columns {
			row[j] = c[i]
		}
		margins := e.Margins(row)
		for k := range v.Outputs() {
			got = append(append(got, v.Of(i, k)...), v.Base[k])
			if sum := v.Margin(i, k); math.Abs(sum-margins[k]) > 1e-9*max(1, math.Abs(sum)) {
				t.Errorf("row %d, output %d: what features add sums to %v, the margin is %v", i, k, sum, margins[k])
			}
		}
	}
	Near(t, "contribution", got, numbers(r.Contributions, nil), tolerance)
}

// Near compares numbers, relative to the larger ones.
func Near(t rapid.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%d values for %s, want %d", len(got), what, len(want))
	}
	for i, v := range got {
		if !(math.Abs(v-want[i]) <= tolerance*max(1, math.Abs(want[i]))) {
			t.Fatalf("%s %d is %v, want %v", what, i, v, want[i])
		}
	}
}

// numbers appends all numbers of nested lists to out.
func numbers(v any, out []float64) []float64 {
	switch v := v.(type) {
	case float64:
		return append(out, v)
	case []any:
		for _, e := range v {
			out = numbers(e, out)
		}
	}
	return out
}
