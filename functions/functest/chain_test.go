package functest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/clean"
	"github.com/runnel-dev/runnel/functions/featurize"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/train"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
	"github.com/runnel-dev/runnel/table/csv"
)

// mixed is a table of every kind of column, with missing values, duplicate rows
// and outliers; y is a number and kind a class.
func mixed(n int) *table.Table {
	r := rand.New(rand.NewPCG(1, 2))
	a, b, y := make([]float64, n), make([]float64, n), make([]float64, n)
	count, flag := make([]int64, n), make([]bool, n)
	town, kind, note := make([]string, n), make([]string, n), make([]string, n)
	when := make([]time.Time, n)
	words := strings.Fields("late early broken box van driver door ring cold rain road bridge")
	for i := range n {
		a[i], b[i] = r.NormFloat64(), r.ExpFloat64()
		count[i], flag[i] = r.Int64N(50), r.IntN(3) == 0
		town[i] = fmt.Sprintf("town %d", r.IntN(30))
		kind[i] = []string{"red", "green", "blue"}[r.IntN(3)]
		for range 6 {
			note[i] += words[r.IntN(len(words))] + " "
		}
		note[i] += fmt.Sprint(i)
		when[i] = time.Date(2020, 1, 1+r.IntN(900), r.IntN(24), 0, 0, 0, time.UTC)
		y[i] = 3*a[i] + b[i] + float64(count[i])/10 + r.NormFloat64()
		if i%37 == 5 {
			b[i] = 1000
		}
	}
	t := &table.Table{Columns: []*table.Column{
		table.FloatColumn("a", a), table.FloatColumn("b", b), table.IntColumn("count", count), table.BoolColumn("flag", flag),
		table.StringColumn("town", town), table.StringColumn("note", note), table.TimeColumn("when", when),
		table.FloatColumn("y", y), table.StringColumn("kind", kind),
	}}
	for i := range n {
		for j, c := range t.Columns[:7] {
			if (i*7+j*3)%23 == 0 {
				c.SetMissing(i)
			}
		}
	}
	order := make([]int, 0, n+10)
	for i := range n {
		order = append(order, i)
		if i%20 == 0 {
			order = append(order, i/2)
		}
	}
	return t.Take(order)
}

func alternate(n int) []step.Subset {
	split := make([]step.Subset, n)
	for i := range split {
		if i%4 == 1 {
			split[i] = step.Test
		}
		if i%16 == 3 {
			split[i] = step.Validation
		}
	}
	return split
}

// scrambled is t with the rows that are not learnt from changed beyond
// recognition: huge numbers, other words, missing values, copies of training rows.
func scrambled(t *table.Table, split []step.Subset, target string) *table.Table {
	out := &table.Table{}
	for _, c := range t.Columns {
		d := *c
		if c.Name != target || c.Kind != table.String { // a class stays one of the classes
			d.Floats, d.Ints, d.Bools, d.Codes = slices.Clone(c.Floats), slices.Clone(c.Ints), slices.Clone(c.Bools), slices.Clone(c.Codes)
			d.Dict, d.Valid = slices.Clone(c.Dict), slices.Clone(c.Valid)
			d.Dict = append(d.Dict, "a word never seen")
			for i, s := range split {
				if s == step.Train || c.Missing(i) {
					continue
				}
				switch c.Kind {
				case table.Float64:
					d.Floats[i] = 1e9 * float64(i)
				case table.Bool:
					d.Bools[i] = !d.Bools[i]
				case table.String:
					d.Codes[i] = uint32(len(d.Dict) - 1)
				default:
					d.Ints[i] = math.MaxInt32 * int64(i)
				}
				if i%7 == 0 {
					d.SetMissing(i)
				}
			}
		}
		out.Columns = append(out.Columns, &d)
	}
	// Every tenth of them becomes the training row before it.
	order := make([]int, t.Rows())
	last := 0
	for i, s := range split {
		if order[i] = i; s == step.Train {
			last = i
		} else if i%10 == 0 {
			order[i] = last
		}
	}
	return out.Take(order)
}

// TestTestRowsLeaveNoTrace trains on the same training rows beside test and
// validation rows that differ in everything, and gets the same bytes.
func TestTestRowsLeaveNoTrace(t *testing.T) {
	base := mixed(400)
	split := alternate(base.Rows())
	for _, target := range []string{"y", "kind"} {
		other := scrambled(base, split, target)
		for _, p := range []functest.Params{
			{},
			{"clean": {"missing": "median", "outliers": "both", "indicators": true, "categories": "mode"}},
			{"clean": {"missing": "knn", "outliers": "iqr"}},
			{"clean": {"missing": "iterative", "outliers": "remove"}},
			{"clean": {"missing": "drop_rows", "outliers": "remove", "duplicates": "keep"}},
			{"clean": {"missing": "drop_columns", "max_missing": 0.04}},
			{"clean": {"missing": "mode"}, "train": {"model": "baseline"}},
			{"featurize": {
				"bins":         []any{map[string]any{"columns": []any{"a"}, "method": "quantile"}, map[string]any{"columns": []any{"b"}, "method": "width"}},
				"interactions": []any{map[string]any{"pairs": []any{[]any{"a", "b"}}}},
				"hash_text":    []any{map[string]any{"columns": []any{"note"}}},
				"frequency":    []any{map[string]any{"columns": []any{"town"}}},
				"scale":        []any{map[string]any{"columns": []any{"a", "b"}, "method": "robust"}},
			}},
			{"featurize": {"auto": map[string]any{"family": "linear"}}, "train": {"model": map[string]any{"y": "ridge", "kind": "logistic"}[target]}},
		} {
			t.Run(fmt.Sprintf("%s %v", target, p), func(t *testing.T) {
				one, two := fit(t, base, split, target, p), fit(t, other, split, target, p)
				if one.cleaning != two.cleaning || one.features != two.features {
					t.Error("the transformers differ")
				}
				if one.model != two.model {
					t.Errorf("the models differ:\n%s", firstDifference(one.model, two.model))
				}
			})
		}
	}
}

// small gives train a small forest where it is not told otherwise.
func small(train map[string]any) map[string]any {
	if train != nil {
		return train
	}
	return map[string]any{"random_forest": map[string]any{"n_estimators": 10}}
}

type fitted struct{ cleaning, features, model string }

// fit cleans, featurizes and trains, and gives what was fitted as text.
func fit(t *testing.T, tbl *table.Table, split []step.Subset, target string, p functest.Params) fitted {
	env := functest.NewEnv(t)
	ds := events.Dataset{Name: "d", Target: target, Task: string(learn.Regression)}
	if c := tbl.Column(target); c.Kind == table.String {
		ds.Task, ds.Classes = string(learn.Classification), preprocess.Classes(c)
	}
	ds = env.Dataset(t, ds, tbl, split)
	cleaned := steptest.Emitted[events.DatasetCleanedData](t, env.Invoke(t, clean.Function, events.DatasetIngestedData{Dataset: ds}, p["clean"]), 0)
	built := steptest.Emitted[events.FeaturesBuiltData](t, env.Invoke(t, featurize.Function, cleaned, p["featurize"]), 0)
	trained := steptest.Emitted[events.ModelTrainedData](t, env.Invoke(t, train.Function, built, small(p["train"])), 0)
	m, err := model.Decode(env.Bytes(t, trained.Model.Model), env.Bytes(t, trained.Model.Weights))
	if err != nil {
		t.Fatal(err)
	}
	m.Lineage = nil // names the manifests, which do differ
	description, weights, err := model.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return fitted{cleaned.Transformers.Digest, built.Transformers.Digest, string(description) + string(weights)}
}

// TestSameBytes runs the chain twice, on one thread and on two.
func TestSameBytes(t *testing.T) {
	for _, c := range []struct {
		file, target string
		params       functest.Params
	}{
		{"penguins/penguins.csv", "species", functest.Params{"train": small(nil)}},
		{"penguins/penguins.csv", "body_mass_g", functest.Params{"clean": {"missing": "iterative"}, "train": small(nil)}},
		{"flights/flights.csv", "late", functest.Params{"train": {"random_forest": map[string]any{"n_estimators": 10}}}},
	} {
		t.Run(c.file+" "+c.target, func(t *testing.T) {
			content := functest.Example(t, c.file)
			p := functest.Params{"ingest": {"target": c.target}}
			for k, v := range c.params {
				p[k] = v
			}
			threads := func(n int) string {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
				b, err := json.Marshal(functest.Chain(t, c.file, content, p).Must(t).Results)
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			one := threads(1)
			if again := threads(1); again != one {
				t.Error("a second run gave other results")
			}
			if two := threads(2); two != one {
				t.Error("two threads gave other results than one")
			}
		})
	}
}

// asJSON is a row as it comes to a prediction endpoint.
func asJSON(t testing.TB, tbl *table.Table, row int) any {
	t.Helper()
	values := map[string]any{}
	for _, c := range tbl.Columns {
		switch {
		case c.Missing(row):
			values[c.Name] = nil
		case c.Kind == table.Float64:
			values[c.Name] = c.Floats[row]
		case c.Kind == table.Int64:
			values[c.Name] = c.Ints[row]
		case c.Kind == table.Bool:
			values[c.Name] = c.Bools[row]
		default:
			values[c.Name] = c.Text(row)
		}
	}
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestServingEqualsTraining replays the rows of the upload through the model, as
// a table and row by row as JSON, and finds the features that it was trained on
// and what it then predicted.
func TestServingEqualsTraining(t *testing.T) {
	// No column is target-encoded: where one is, training rows are encoded fold by fold.
	plain := map[string]any{"auto": map[string]any{"one_hot": 100000}}
	linear := map[string]any{"auto": map[string]any{"one_hot": 100000, "family": "linear"}}
	for _, c := range []struct {
		name, target string
		content      []byte
		params       functest.Params
		crossFitted  bool
	}{
		{"penguins", "species", functest.Example(t, "penguins/penguins.csv"), nil, false},
		{"penguins numbers", "body_mass_g", functest.Example(t, "penguins/penguins.csv"), nil, false},
		{"penguins logistic", "species", functest.Example(t, "penguins/penguins.csv"), functest.Params{"train": {"model": "logistic"}}, false},
		{"penguins linear", "body_mass_g", functest.Example(t, "penguins/penguins.csv"), functest.Params{"train": {"model": "linear"}, "featurize": linear}, false},
		{"mixed", "kind", writeCSV(t, mixed(300).Without("y")), functest.Params{"featurize": plain}, false},
		{"mixed numbers", "y", writeCSV(t, mixed(300)), functest.Params{"clean": {"missing": "knn", "indicators": true, "outliers": "both"}, "featurize": plain}, false},
		{"mixed cross-fitted", "y", writeCSV(t, mixed(300)), nil, true},
		{"flights", "late", functest.Example(t, "flights/flights.csv"), functest.Params{"train": {"random_forest": map[string]any{"n_estimators": 10}}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := functest.Params{"ingest": {"target": c.target}}
			for k, v := range c.params {
				p[k] = v
			}
			p["train"] = small(p["train"])
			r := functest.Chain(t, "data.csv", c.content, p).Must(t)
			m := r.Model(t)
			raw, split := r.Env.Read(t, r.Trained.Raw)
			features, fsplit := r.Env.Read(t, r.Trained.Features)
			for _, subset := range []step.Subset{step.Train, step.Test} {
				rows := step.RowsOf(split, subset, raw.Rows())
				x, err := m.Matrix(raw.Take(rows))
				if err != nil {
					t.Fatal(err)
				}
				if c.crossFitted && subset == step.Train {
					continue
				}
				want := features.Take(step.RowsOf(fsplit, subset, features.Rows()))
				if x.Rows != want.Rows() {
					t.Fatalf("%d rows served, %d of features", x.Rows, want.Rows())
				}
				if c.params["train"] == nil { // the estimator takes the features as they are
					for j, name := range x.Names {
						for i, v := range want.Column(name).Numbers() {
							if math.Float64bits(v) != math.Float64bits(x.Columns[j][i]) {
								t.Fatalf("feature %s, row %d: %v served, %v in training", name, rows[i], x.Columns[j][i], v)
							}
						}
					}
				}
			}
			all, err := m.Predict(raw)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < raw.Rows(); i += max(1, raw.Rows()/300) {
				one, err := m.FromJSON(asJSON(t, raw.Without(c.target), i))
				if err != nil {
					t.Fatal(err)
				}
				p, err := m.Predict(one)
				if err != nil {
					t.Fatal(err)
				}
				k := max(1, len(all.Classes))
				if p.Value(0) != all.Value(i) || !slices.Equal(append(p.Probabilities, p.Values...), append(slices.Clone(all.Probabilities), all.Values...)[i*k:(i+1)*k]) {
					t.Fatalf("row %d: %v as JSON, %v in the table", i, p.Value(0), all.Value(i))
				}
			}
			if c.crossFitted {
				return
			}
			rows := step.RowsOf(split, step.Train, raw.Rows())
			y, _, err := preprocess.Target(raw.Take(rows), c.target, m.Task, m.Classes)
			if err != nil {
				t.Fatal(err)
			}
			served, err := m.Predict(raw.Take(rows))
			if err != nil {
				t.Fatal(err)
			}
			again, err := metrics.Evaluate(y, append(served.Probabilities, served.Values...), nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range again.Metrics {
				if r.Trained.Metrics[name] != v {
					t.Errorf("%s of the training rows: %v served, %v in training", name, v, r.Trained.Metrics[name])
				}
			}
		})
	}
}

// TestTargetStaysAsItIs looks for what cleaning did to the target: nothing.
func TestTargetStaysAsItIs(t *testing.T) {
	base := mixed(300)
	y := base.Column("y")
	y.Floats[7], y.Floats[11] = 1e7, -1e7 // far out
	y.SetMissing(20)
	for _, p := range []map[string]any{nil, {"missing": "knn"}, {"missing": "drop_columns", "max_missing": 0}, {"outliers": "iqr"}, {"outliers": "remove"}} {
		env := functest.NewEnv(t)
		ds := env.Dataset(t, events.Dataset{Name: "d", Target: "y", Task: "regression"}, base, alternate(base.Rows()))
		out := steptest.Emitted[events.DatasetCleanedData](t, env.Invoke(t, clean.Function, events.DatasetIngestedData{Dataset: ds}, p), 0)
		raw, split := env.Read(t, out.Raw)
		cleaned, _ := env.Read(t, out.Dataset)
		var kept []int
		for i, s := range split {
			if s != step.Excluded {
				kept = append(kept, i)
			}
		}
		if d := table.Difference(&table.Table{Columns: []*table.Column{raw.Column("y").Take(kept)}}, &table.Table{Columns: []*table.Column{cleaned.Column("y")}}); d != "" {
			t.Errorf("%v: %s", p, d)
		}
		if split[20] != step.Excluded {
			t.Errorf("%v: a row without a target is %v", p, split[20])
		}
	}
}

func writeCSV(t *testing.T, tbl *table.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := csv.Write(&b, tbl, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCancelled ends every step soon after its context ends.
func TestCancelled(t *testing.T) {
	r := functest.Chain(t, "p.csv", functest.Example(t, "penguins/penguins.csv"), target("species")).Must(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		fn *step.Function
		in events.Payload
	}{{clean.Function, r.Ingested}, {featurize.Function, r.Cleaned}, {train.Function, r.Built}} {
		root, err := events.NewRoot("/tests", "s", steptest.Time(), c.in, "x")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.fn.Run(ctx, step.Invocation{Event: root, From: events.Emitter{Step: c.fn.Name}, Seed: 1, Time: steptest.Time()}, r.Env)
		if step.ClassOf(err) != step.ClassRetryable {
			t.Errorf("%s: class %s of %v, want one that is tried again", c.fn.Name, step.ClassOf(err), err)
		}
	}
}
