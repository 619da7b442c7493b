package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/table"
)

// birds makes a table of every kind of column whose species follows from the rest.
func birds(t testing.TB, n int) *table.Table {
	r := rand.New(rand.NewPCG(1, 2))
	mass, year := make([]float64, n), make([]int64, n)
	wild, island, species := make([]bool, n), make([]string, n), make([]string, n)
	seen := make([]time.Time, n)
	for i := range n {
		k := r.IntN(3)
		mass[i] = math.Round(1000*(3+float64(k)+r.NormFloat64()/2)) / 4
		year[i] = int64(2007 + r.IntN(3))
		wild[i] = r.IntN(2) == 0
		island[i] = []string{"Biscoe", "Dream", "Torgersen"}[(k+r.IntN(2))%3]
		species[i] = []string{"Adelie", "Chinstrap", "Gentoo"}[k]
		seen[i] = time.Date(2007, 1, 1+r.IntN(900), r.IntN(24), 0, 0, 0, time.UTC)
		if r.IntN(10) == 0 {
			mass[i] = math.NaN()
		}
	}
	out, err := table.New(table.FloatColumn("mass", mass), table.IntColumn("year", year), table.BoolColumn("wild", wild),
		table.StringColumn("island", island), table.TimeColumn("seen_date", seen), table.StringColumn("species", species))
	if err != nil {
		t.Fatal(err)
	}
	out.Column("island").SetMissing(4)
	return out
}

// fit makes a model of raw rows, all of them training rows.
func fit(t testing.TB, data *table.Table, target string, e learn.Estimator, specs ...preprocess.Spec) *Model {
	t.Helper()
	task, _ := preprocess.DecideTask(data.Column(target))
	y, absent, err := preprocess.Target(data, target, task, nil)
	if err != nil || len(absent) > 0 {
		t.Fatal(err, absent)
	}
	raw := data.Without(target)
	g, features, err := preprocess.Fit(context.Background(), raw, y, nil, specs...)
	if err != nil {
		t.Fatal(err)
	}
	x, err := preprocess.Matrix(features, nil)
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := e.Fit(context.Background(), x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Model{Task: task, Target: target, TargetKind: data.Column(target).Kind, Classes: y.Classes, Inputs: Describe(data, target),
		Graph: g, Features: x.Names, Estimator: fitted, Params: map[string]any{"trees": 10.0}, Metrics: map[string]float64{"accuracy": .9},
		Seed: math.MaxUint64, Statistics: []byte(`{"rows":80}`), Lineage: []byte(`["a"]`)}
}

func models(t testing.TB) map[string]*Model {
	data := birds(t, 80)
	small := newForest(10)
	return map[string]*Model{
		"forest": fit(t, data, "species", small, &preprocess.Impute{Numeric: "knn"}, &preprocess.Cap{}, &preprocess.Auto{}),
		"logistic": fit(t, data, "species", linear.NewLogistic(), &preprocess.Tidy{}, &preprocess.Dates{},
			&preprocess.Impute{Numeric: "iterative"}, &preprocess.Auto{Family: "linear"}),
		"regression": fit(t, data.Without("mass"), "seen_date", linear.Ridge{Alpha: 1}, &preprocess.TargetEncode{}, &preprocess.Auto{Family: "linear"}),
		"years":      fit(t, data, "year", small, &preprocess.Auto{}),
		"baseline":   fit(t, data, "wild", &baseline.Estimator{}, &preprocess.Auto{}),
	}
}

func roundTrip(t testing.TB, m *Model) *Model {
	t.Helper()
	doc, weights, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Decode(doc, weights)
	if err != nil {
		t.Fatal(err)
	}
	again, againWeights, err := Encode(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(doc, again) || !bytes.Equal(weights, againWeights) {
		t.Fatal("a second encoding differs")
	}
	return out
}

// TestEveryPathAgrees replays rows through the model as fitted, the model as
// stored, a row at a time, and JSON by name and by place: all give the same bits.
func TestEveryPathAgrees(t *testing.T) {
	data := birds(t, 80)
	for name, m := range models(t) {
		t.Run(name, func(t *testing.T) {
			want, err := m.Predict(data)
			if err != nil {
				t.Fatal(err)
			}
			stored := roundTrip(t, m)
			got, err := stored.Predict(data)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("stored: %v %v, want %v", err, got, want)
			}
			for i := range data.Rows() {
				byName, byPlace := map[string]any{}, []any{}
				for _, in := range m.Inputs {
					v := cell(data.Column(in.Name), i)
					byName[in.Name] = v
					byPlace = append(byPlace, v)
				}
				for path, row := range map[string]*table.Table{
					"alone": data.Take([]int{i}), "by name": fromJSON(t, stored, byName), "by place": fromJSON(t, stored, byPlace), "in a list": fromJSON(t, stored, []any{byPlace}),
				} {
					p, err := stored.Predict(row)
					if err != nil {
						t.Fatal(err)
					}
					if p.Value(0) != want.Value(i) || !sameRow(p, want, i) {
						t.Fatalf("row %d %s: %v, want %v", i, path, p, want.Value(i))
					}
				}
			}
		})
	}
}

func sameRow(p, all *Prediction, i int) bool {
	n := len(all.Classes)
	if n == 0 {
		return p.Values[0] == all.Values[i]
	}
	return reflect.DeepEqual(p.Probabilities, all.Probabilities[i*n:(i+1)*n])
}

// cell is a value as JSON holds it.
func cell(c *table.Column, i int) any {
	switch {
	case c.Missing(i):
		return nil
	case c.Kind == table.Float64:
		return c.Floats[i]
	case c.Kind == table.Int64:
		return c.Ints[i]
	case c.Kind == table.Bool:
		return c.Bools[i]
	}
	return c.Text(i)
}

// fromJSON takes a value through JSON text and into a table.
func fromJSON(t *testing.T, m *Model, v any) *table.Table {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(b, &decoded); err != nil {
		t.Fatal(err)
	}
	row, err := m.FromJSON(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestTypedPrediction(t *testing.T) {
	data := birds(t, 80)
	for name, want := range map[string]string{"forest": "string", "years": "int64", "baseline": "bool", "regression": "float64"} {
		p, err := models(t)[name].Predict(data)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%T", p.Value(0)); got != want || p.Rows() != 80 {
			t.Errorf("%s: predicts a %s for %d rows, want a %s", name, got, p.Rows(), want)
		}
		if p.Task != learn.Classification {
			continue
		}
		sum := 0.0
		for _, v := range p.Distribution(3) {
			sum += v
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: probabilities sum to %v", name, sum)
		}
	}
}

func TestInputErrors(t *testing.T) {
	m := models(t)["forest"]
	good := func(change func(row map[string]any)) map[string]any {
		row := map[string]any{"mass": 900.5, "year": 2008.0, "wild": true, "island": "Dream", "seen_date": "2008-02-03"}
		change(row)
		return row
	}
	for _, c := range []struct {
		name string
		row  any
		want string // "" where it is fine
	}{
		{"all there", good(func(map[string]any) {}), ""},
		{"one more, and the target", good(func(r map[string]any) { r["species"], r["note"] = "Gentoo", "x" }), ""},
		{"null is missing", good(func(r map[string]any) { r["year"] = nil }), ""},
		{"not required", good(func(r map[string]any) { delete(r, "mass") }), ""},
		{"an unseen category", good(func(r map[string]any) { r["island"] = "Anvers" }), ""},
		{"empty is missing", good(func(r map[string]any) { r["island"], r["mass"] = "", "" }), ""},
		{"numbers as text", good(func(r map[string]any) { r["mass"], r["year"], r["wild"] = " 900.5 ", "2008", "no" }), ""},
		{"required", good(func(r map[string]any) { delete(r, "year") }), `column "year" is missing: the model needs it, of type int64`},
		{"misspelt", good(func(r map[string]any) { r["masss"] = r["mass"]; delete(r, "mass") }), `column "mass" is missing: did you mean it by "masss"?`},
		{"not required, and another", good(func(r map[string]any) { r["mass2"], r["biomass"] = 1.0, 2.0; delete(r, "mass") }), ""},
		{"a word for a number", good(func(r map[string]any) { r["mass"] = "heavy" }), `column "mass", row 1: "heavy" is no number`},
		{"a half year", good(func(r map[string]any) { r["year"] = "later" }), `column "year", row 1: "later" is no whole number`},
		{"a number for a bool", good(func(r map[string]any) { r["wild"] = 2.0 }), `column "wild", row 1: 2 is no true or false`},
		{"no time", good(func(r map[string]any) { r["seen_date"] = "soon" }), `column "seen_date", row 1: "soon" is no time such as`},
		{"an object", good(func(r map[string]any) { r["island"] = map[string]any{"a": 1.0} }), `column "island", row 1: {"a":1} is no text`},
		{"in the second row", []any{good(func(map[string]any) {}), good(func(r map[string]any) { r["mass"] = "x" })}, `column "mass", row 2: "x" is no number`},
		{"too few values", []any{1.0, 2.0}, "row 1 has 2 values: want 5, for mass, year, wild, island, seen_date"},
		{"nothing", []any{}, "no rows"},
		{"a number", 3.0, "the row is a JSON number: want an object"},
		{"mixed rows", []any{good(func(map[string]any) {}), 1.0}, "row 2 is a JSON number: want an object, as the first is"},
		{"mixed arrays", []any{[]any{1.0, 2.0, nil, nil, nil}, "x"}, "row 2 is a JSON string: want an array"},
	} {
		row, err := m.FromJSON(c.row)
		if err == nil {
			_, err = m.Predict(row)
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	texts := birds(t, 10).Take([]int{0, 1, 2}).Without("mass")
	texts, err := texts.With(table.StringColumn("mass", []string{"1", "2.5", "much"}))
	if err != nil {
		t.Fatal(err)
	}
	var bad *InputError
	if _, err := m.Predict(texts); !errors.As(err, &bad) || bad.Column != "mass" || bad.Row != 2 {
		t.Errorf("error %v, want one about mass in row 2", err)
	}
}

// TestTableInput checks that a column read in another type means the same.
func TestTableInput(t *testing.T) {
	m := &Model{Inputs: []Input{{Name: "zip", Kind: table.String}, {Name: "n", Kind: table.Int64}, {Name: "x", Kind: table.Float64}, {Name: "late", Kind: table.Bool}, {Name: "at", Kind: table.Time}, {Name: "y", Kind: table.Float64}}}
	blank := table.StringColumn("x", []string{"", ""})
	blank.SetMissing(0)
	blank.SetMissing(1)
	in, err := table.New(table.FloatColumn("zip", []float64{1234567, math.NaN()}), table.FloatColumn("n", []float64{3, -4}), blank,
		table.IntColumn("late", []int64{1, 0}), table.StringColumn("at", []string{"2024-01-02", "2024-01-02 03:04:05"}), table.IntColumn("y", []int64{1_000_000, 2}))
	if err != nil {
		t.Fatal(err)
	}
	want := &table.Table{Columns: []*table.Column{table.StringColumn("zip", []string{"1234567", ""}), table.IntColumn("n", []int64{3, -4}), table.FloatColumn("x", []float64{math.NaN(), math.NaN()}),
		table.BoolColumn("late", []bool{true, false}), table.TimeColumn("at", []time.Time{time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)}),
		table.FloatColumn("y", []float64{1_000_000, 2})}} // as text 1e+06, which is what its category is called
	want.Columns[0].SetMissing(1)
	got, err := m.CheckInput(in)
	if err != nil {
		t.Fatal(err)
	}
	if d := table.Difference(got, want); d != "" {
		t.Error(d)
	}
}

// TestInfiniteInput checks that no prediction is NaN: a forest answers for an
// infinite number, a linear model refuses it by name.
func TestInfiniteInput(t *testing.T) {
	for name, m := range models(t) {
		row, err := m.FromJSON(map[string]any{"mass": "-inf", "year": 2008.0, "wild": true, "island": "Dream", "seen_date": "2008-02-03"})
		if err != nil {
			continue // models of other inputs
		}
		p, err := m.Predict(row)
		var bad *InputError
		switch {
		case err != nil && (!errors.As(err, &bad) || bad.Column != "mass" || bad.Row != 0):
			t.Errorf("%s: error %v, want one about mass in row 0", name, err)
		case err == nil && slices.ContainsFunc(append(p.Values, p.Probabilities...), func(v float64) bool { return v-v != 0 }):
			t.Errorf("%s: predicts %v %v", name, p.Values, p.Probabilities)
		case err == nil && name == "logistic":
			t.Errorf("%s: answers for an infinite number", name)
		}
	}
}

// TestCategoriesKeepTheirSpelling checks that a column of text of which a file,
// or a row, holds only what reads as another type still has training's categories.
func TestCategoriesKeepTheirSpelling(t *testing.T) {
	day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		training []string
		served   *table.Column
		json     any
		want     string
	}{
		{"bool", []string{"TRUE", "FALSE", "unknown"}, table.BoolColumn("c", []bool{true}), true, "TRUE"},
		{"float", []string{"1.0", "2.0", "none"}, table.FloatColumn("c", []float64{1}), 1.0, "1.0"},
		{"int", []string{"+7", "none"}, table.IntColumn("c", []int64{7}), 7.0, "+7"},
		{"its own spelling first", []string{"1.0", "1"}, table.IntColumn("c", []int64{1}), 1.0, "1"},
		{"time", []string{"2024-01-02", "never"}, table.TimeColumn("c", []time.Time{day}), "2024-01-02", "2024-01-02"},
		{"unseen", []string{"1.0", "none"}, table.IntColumn("c", []int64{3}), 3.0, "3"},
		{"an unseen time", []string{"never"}, table.TimeColumn("c", []time.Time{day}), "2024-01-02T00:00:00Z", "2024-01-02T00:00:00Z"},
	} {
		m := &Model{Inputs: Describe(&table.Table{Columns: []*table.Column{table.StringColumn("c", c.training)}}, "")}
		got, err := m.CheckInput(&table.Table{Columns: []*table.Column{c.served}})
		if err != nil || got.Columns[0].Text(0) != c.want {
			t.Errorf("%s: from a table %v (error %v), want %q", c.name, got, err, c.want)
		}
		row, err := m.FromJSON(map[string]any{"c": c.json})
		if err != nil || row.Columns[0].Text(0) != c.want {
			t.Errorf("%s: from JSON %v (error %v), want %q", c.name, row, err, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	m := models(t)["logistic"]
	doc, weights, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte {
		if !bytes.Contains(doc, []byte(old)) {
			t.Fatalf("model.json has no %s:\n%s", old, doc)
		}
		return bytes.Replace(doc, []byte(old), []byte(new), 1)
	}
	for _, c := range []struct {
		name         string
		doc, weights []byte
		want         string
	}{
		{"nothing", nil, weights, "model.json"},
		{"another format", edit(Format, "runnel.model/v9"), weights, `format "runnel.model/v9"`},
		{"another field", edit(`"seed"`, `"pickle": "cos\nsystem", "seed"`), weights, "unknown field"},
		{"no weights", doc, nil, "the weights are not those of model.json"},
		{"other weights", doc, append(bytes.Clone(weights), 0), "the weights are not those of model.json"},
		{"an unknown estimator", edit(`"kind":"logistic"`, `"kind":"exec"`), weights, `unknown kind of estimator "exec"`},
		{"an unknown transform", edit(`"kind":"tidy"`, `"kind":"tidi"`), weights, `unknown transform "tidi"; did you mean tidy`},
		{"classes and estimator apart", edit(`"classes": ["Adelie",`, `"classes": [`), weights, "2 classes, but an estimator of 3"},
		{"a feature too few", edit(`"features": ["mass",`, `"features": [`), weights, "features, but the model has"},
		{"a feature of another name", edit(`"features": ["mass",`, `"features": ["weight",`), weights, `no column "weight"`},
		{"two documents", append(bytes.Clone(doc), doc...), weights, "model.json"},
	} {
		if _, err := Decode(c.doc, c.weights); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestReadable(t *testing.T) {
	doc, _, err := Encode(models(t)["forest"])
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"{\n  \"format\": \"runnel.model/v1\",\n  \"task\": \"classification\",\n",
		"\n  \"classes\": [\"Adelie\",\"Chinstrap\",\"Gentoo\"],\n",
		"\n    {\"name\":\"wild\",\"type\":\"bool\",\"required\":true},\n",
		"\n  \"seed\": 18446744073709551615,\n",
	} {
		if !bytes.Contains(doc, []byte(line)) {
			t.Errorf("model.json lacks %q:\n%s", line, doc)
		}
	}
}

// FuzzDecode changes the readable part of a model; the weights are left as they
// are, which package safetensors fuzzes. What is read has to predict.
func FuzzDecode(f *testing.F) {
	data := birds(f, 30)
	var weights [][]byte
	for _, e := range []learn.Estimator{newForest(2), linear.NewLogistic()} {
		doc, w, err := Encode(fit(f, data, "species", e, &preprocess.Impute{Numeric: "knn"}, &preprocess.Bin{}, &preprocess.Auto{Family: "linear"}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc, uint8(len(weights)))
		weights = append(weights, w)
	}
	f.Fuzz(func(t *testing.T, doc []byte, k uint8) {
		m, err := Decode(doc, weights[int(k)%len(weights)])
		if err != nil {
			return
		}
		p, err := m.Predict(data)
		var bad *InputError
		if err != nil && !errors.As(err, &bad) {
			t.Logf("refused in use: %v", err)
		} else if err == nil && p.Rows() != data.Rows() {
			t.Fatalf("%d rows predicted of %d", p.Rows(), data.Rows())
		}
	})
}

func newForest(trees int) *tree.Forest {
	f := tree.NewForest()
	f.Estimators = trees
	return f
}

// FuzzFromJSON predicts from any JSON: an answer or an error, never a panic.
func FuzzFromJSON(f *testing.F) {
	m := fit(f, birds(f, 30), "species", newForest(2), &preprocess.Tidy{}, &preprocess.Dates{}, &preprocess.Impute{}, &preprocess.Auto{})
	for _, s := range []string{`{"mass":1,"year":2008,"wild":true,"island":"Dream","seen_date":"2008-01-01"}`, `[1,2,null,"x","2008"]`, `[[1e400,2.5,"no",3,{}]]`, `[{"mass":[]}]`, `[]`, `[null]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var v any
		d := json.NewDecoder(strings.NewReader(s))
		if len(s)%2 == 0 {
			d.UseNumber()
		}
		if d.Decode(&v) != nil {
			return
		}
		row, err := m.FromJSON(v)
		if err != nil {
			return
		}
		if p, err := m.Predict(row); err == nil && p.Rows() != row.Rows() {
			t.Fatalf("%d rows predicted of %d", p.Rows(), row.Rows())
		}
	})
}

// BenchmarkRow is a request to a prediction endpoint, its JSON decoded.
func BenchmarkRow(b *testing.B) {
	m := fit(b, birds(b, 500), "species", tree.NewForest(), &preprocess.Tidy{}, &preprocess.Dates{}, &preprocess.Impute{}, &preprocess.Cap{}, &preprocess.Auto{})
	row := map[string]any{"mass": 900.5, "year": 2008.0, "wild": true, "island": "Dream", "seen_date": "2008-02-03"}
	step := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	t, err := m.FromJSON(row)
	if err != nil {
		b.Fatal(err)
	}
	step("table", func() error { _, err := m.FromJSON(row); return err })
	step("matrix", func() error { _, err := m.Matrix(t); return err })
	step("predict", func() error { _, err := m.Predict(t); return err })
}
