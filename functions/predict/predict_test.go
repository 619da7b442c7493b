package predict_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/functions/register"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

func registered(t *testing.T, name string, content []byte, target string) *functest.Run {
	t.Helper()
	r := functest.Chain(t, name, content, functest.Params{"ingest": {"target": target}, "evaluate": {"folds": 0}}).Must(t)
	r.Env.Invoke(t, register.Function, r.Evaluated, map[string]any{"alias": "champion"})
	return r
}

func predicted(t *testing.T, r *functest.Run, content string, metadata map[string]string, params map[string]any) *table.Table {
	t.Helper()
	o := r.Env.Object(t, "requests", "rows.csv", []byte(content))
	o.Metadata = metadata
	out := steptest.Emitted[events.PredictionMadeData](t, r.Env.Invoke(t, predict.Function, events.ObjectCreatedData{Object: o}, params), 0)
	tbl, err := r.Env.Table(t.Context(), out.Predictions)
	if err != nil {
		t.Fatal(err)
	}
	if out.Rows != int64(tbl.Rows()) || out.Version != 1 {
		t.Errorf("the event says %d rows of version %d, the table has %d", out.Rows, out.Version, tbl.Rows())
	}
	return tbl
}

// TestClasses predicts the file that the model was trained on.
func TestClasses(t *testing.T) {
	text := functest.Example(t, "penguins/penguins.csv")
	r := registered(t, "penguins.csv", text, "species")
	out := predicted(t, r, string(text), map[string]string{"model": "penguins"}, nil)
	want := append(strings.Split("species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year", ","),
		"prediction", "probability_Adelie", "probability_Chinstrap", "probability_Gentoo")
	if got := out.Names(); strings.Join(got, ",") != strings.Join(want, ",") {
		t.Fatalf("columns %v, want %v", got, want)
	}
	right := 0
	for i := range out.Rows() {
		sum := 0.0
		for _, name := range want[9:] {
			sum += out.Column(name).Floats[i]
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("row %d: probabilities of %v", i, sum)
		}
		if out.Column("prediction").Text(i) == out.Column("species").Text(i) {
			right++
		}
	}
	if right < 335 {
		t.Errorf("%d of %d right", right, out.Rows())
	}
	bare := predicted(t, r, string(text), nil, map[string]any{"model": "penguins@1", "inputs": false, "probabilities": false})
	if d := table.Difference(bare, &table.Table{Columns: []*table.Column{out.Column("prediction")}}); d != "" {
		t.Error(d)
	}
}

// TestTypes gives predictions in the type of the target.
func TestTypes(t *testing.T) {
	for _, c := range []struct {
		name  string
		value func(i int) any
		kind  table.Kind
	}{
		{"text", func(i int) any { return []string{"low", "high"}[i/50] }, table.String},
		{"bool", func(i int) any { return i < 50 }, table.Bool},
		{"whole", func(i int) any { return 10 * (i / 50) }, table.Int64},
		{"number", func(i int) any { return float64(i) / 4 }, table.Float64},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("x,z,y\n")
			for i := range 100 {
				fmt.Fprintf(&b, "%d,%d,%v\n", i, i*37%11, c.value(i))
			}
			r := registered(t, "d.csv", b.Bytes(), "y")
			out := predicted(t, r, "z,x\n3,5\n4,95\n", nil, map[string]any{"model": "d"}).Column("prediction")
			if out.Kind != c.kind {
				t.Fatalf("predictions of type %v, want %v", out.Kind, c.kind)
			}
			for row, i := range []int{5, 95} {
				if want := fmt.Sprint(c.value(i)); c.kind != table.Float64 && out.Text(row) != want {
					t.Errorf("%s, want %s", out.Text(row), want)
				} else if c.kind == table.Float64 && math.Abs(out.Floats[row]-c.value(i).(float64)) > 2 {
					t.Errorf("%v, want about %v", out.Floats[row], c.value(i))
				}
			}
			if empty := predicted(t, r, "z,x\n", nil, map[string]any{"model": "d"}); empty.Rows() != 0 {
				t.Errorf("%d rows predicted of none", empty.Rows())
			}
		})
	}
}

// TestCollision keeps the columns of a table that was predicted before.
func TestCollision(t *testing.T) {
	text := string(functest.Example(t, "penguins/penguins.csv"))
	r := registered(t, "penguins.csv", []byte(text), "species")
	head, rest, _ := strings.Cut(text, "\n")
	lines := strings.Split(strings.TrimSpace(rest), "\n")
	for i := range lines {
		lines[i] = fmt.Sprintf("%s,%d,%d,%d", lines[i], i, -i, 2*i)
	}
	out := predicted(t, r, head+",prediction,input_prediction,probability_Adelie\n"+strings.Join(lines, "\n")+"\n", nil, map[string]any{"model": "penguins"})
	for name, want := range map[string]int64{"input_input_prediction": 7, "input_prediction": -7, "input_probability_Adelie": 14} {
		if c := out.Column(name); c == nil || c.Kind != table.Int64 || c.Ints[7] != want {
			t.Errorf("column %s is not the one that was given: %v", name, out.Names())
		}
	}
	if c := out.Column("prediction"); c == nil || c.Text(0) != "Adelie" {
		t.Errorf("columns %v", out.Names())
	}
}

// TestErrors name what is wrong.
func TestErrors(t *testing.T) {
	r := registered(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), "species")
	for _, c := range []struct {
		name, content, model, want string
	}{
		{"a column that is absent", "bill_length_mm\n4\n", "penguins", `predicting rows.csv with penguins version 1: column "island" is missing: the model needs it, of type string`},
		{"a column that is misspelt", "Island,year\nBiscoe,2007\n", "penguins", `column "island" is missing: did you mean it by "Island"?`},
		{"a value of another type", "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,year\nBiscoe,40,18,190,heavy,2007\n", "penguins", `column "body_mass_g", row 1: "heavy" is no number`},
		{"no model", "island,year\nBiscoe,2007\n", "", "no model is named: set the param model, or the metadata `model` of the upload of rows.csv"},
		{"an unknown model", "island,year\nBiscoe,2007\n", "pinguins", "pinguins"},
		{"an unknown version", "island,year\nBiscoe,2007\n", "penguins@9", "9"},
		{"an unreadable file", "island,year\nBiscoe\n", "penguins", "rows.csv:2:1: the row has 1 field"},
		{"an empty file", "", "penguins", "rows.csv: the file is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := r.Env.Object(t, "requests", "rows.csv", []byte(c.content))
			res, err := r.Env.Try(t, predict.Function, events.PredictionRequestData{Model: c.model, Object: o}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || step.ClassOf(err) != step.ClassPermanent || len(res.Events) > 0 {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
