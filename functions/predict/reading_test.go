package predict_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/functest"
	"github.com/runnel-dev/runnel/functions/predict"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
	"github.com/runnel-dev/runnel/table"
)

// sameAsJSON fails the test where the predictions of a file's rows are not those
// of the same rows given as JSON.
func sameAsJSON(t *testing.T, r *functest.Run, out *table.Table, rows ...any) {
	t.Helper()
	m := r.Model(t)
	raw, err := m.FromJSON(rows)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Values {
		if got := out.Column("prediction").Floats[i]; math.Abs(got-v) > 1e-9 {
			t.Errorf("row %d of the file is predicted as %v, as JSON %v", i, got, v)
		}
	}
}

// TestDatesAsInTraining reads 03/04/2024 as of the month that training's file,
// whose other rows settle it, gave it.
func TestDatesAsInTraining(t *testing.T) {
	for _, c := range []struct {
		name, layout, iso, other string
	}{
		{"day first", "%[1]s,%02[3]d/%02[2]d/2024,%[4]d\n", "2024-04-03", "2024-03-04"},
		{"month first", "%[1]s,%02[2]d/%02[3]d/2024,%[4]d\n", "2024-03-04", "2024-04-03"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("s,d,y\n")
			for i := range 336 {
				month, day := i/28+1, i%28+1
				fmt.Fprintf(&b, c.layout, "ab"[i%2:i%2+1], month, day, 100*month+day)
			}
			r := registered(t, "dates.csv", b.Bytes(), "y")
			var manifest step.Manifest
			r.Env.JSON(t, r.Ingested.Dataset.Manifest, &manifest)
			if want := strings.ReplaceAll(c.name, " ", "_"); len(manifest.DateOrder) != 1 || manifest.DateOrder["d"] != want {
				t.Errorf("the dataset's orders are %v, want %s", manifest.DateOrder, want)
			}
			out := predicted(t, r, "d,s\n03/04/2024,a\n", nil, map[string]any{"model": "dates"})
			if at := out.Column("d").Text(0); !strings.HasPrefix(at, c.iso) {
				t.Errorf("03/04/2024 is read as %s, want %s", at, c.iso)
			}
			sameAsJSON(t, r, out, map[string]any{"d": c.iso, "s": "a"})
			mixed := predicted(t, r, "d,s\n03/04/2024,a\n"+c.iso+",a\n", nil, map[string]any{"model": "dates"})
			if d := mixed.Column("d"); d.Text(0) != "03/04/2024" || d.Text(1) != c.iso {
				t.Errorf("the dates %s and %s are not as they were given", d.Text(0), d.Text(1))
			}
			sameAsJSON(t, r, mixed, map[string]any{"d": c.iso, "s": "a"}, map[string]any{"d": c.iso, "s": "a"})
			m := r.Model(t)
			raw, err := m.FromJSON(map[string]any{"d": c.other, "s": "a"})
			if err != nil {
				t.Fatal(err)
			}
			if p, err := m.Predict(raw); err != nil || p.Values[0] == out.Column("prediction").Floats[0] {
				t.Errorf("the other order is predicted alike: %v, error %v", p, err)
			}
			o := r.Env.Object(t, "requests", "rows.csv", []byte("d,s\n31/31/2024,a\n"))
			if _, err := r.Env.Try(t, predict.Function, events.PredictionRequestData{Model: "dates", Object: o}, nil); err == nil ||
				!strings.Contains(err.Error(), `column "d", row 1: "31/31/2024" is no time`) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTextAsInTraining keeps categories text that look like numbers in the file,
// also where there are more than a model lists.
func TestTextAsInTraining(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("code,x,y\n")
	for i := range 1200 {
		code := fmt.Sprintf("%d.0", i%150)
		if i%150 == 149 {
			code = "none given"
		}
		fmt.Fprintf(&b, "%s,%d,%d\n", code, i*37%11, 10*(i%150))
	}
	r := registered(t, "codes.csv", b.Bytes(), "y")
	out := predicted(t, r, "code,x\n3.0,1\n140.0,2\n", nil, map[string]any{"model": "codes"})
	if c := out.Column("code"); c.Kind != table.String || c.Text(0) != "3.0" {
		t.Errorf("the codes are read as %v: %s", c.Kind, c.Text(0))
	}
	sameAsJSON(t, r, out, map[string]any{"code": "3.0", "x": 1}, map[string]any{"code": "140.0", "x": 2})
}

// TestNotes tells what the reader decided.
func TestNotes(t *testing.T) {
	r := registered(t, "penguins.csv", functest.Example(t, "penguins/penguins.csv"), "species")
	o := r.Env.Object(t, "requests", "rows.csv", []byte("island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,year,seen\nBiscoe,40,18,190,1e400,2007,03/04/2024\n"))
	res := r.Env.Invoke(t, predict.Function, events.PredictionRequestData{Model: "penguins", Object: o}, nil)
	steptest.Emitted[events.PredictionMadeData](t, res, 0)
	for _, want := range []string{`column "body_mass_g": numbers beyond the range of float64 are missing`, `column "seen": dates could be month/day or day/month`} {
		if !slices.ContainsFunc(res.Notes, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("notes %q, want %q", res.Notes, want)
		}
	}
}
