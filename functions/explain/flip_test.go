package explain_test

import (
	"math"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/functions/explain"
	"github.com/runnel-dev/runnel/table"
)

// What is found makes the model say the class, by values that training had.
func TestFlips(t *testing.T) {
	r := penguins(t, "species", nil)
	m := r.Model(t)
	raw, _ := r.Env.Read(t, r.Ingested.Dataset)
	for _, i := range []int{0, 3, 160, 300} { // row 3 has no numbers
		row := raw.Take([]int{i}).Without("species")
		said, err := m.Predict(row)
		if err != nil {
			t.Fatal(err)
		}
		for _, class := range m.Classes {
			flips, err := explain.Flips(t.Context(), m, row, class)
			if class == said.Labels[0] {
				if err == nil || !strings.Contains(err.Error(), "as it is") {
					t.Errorf("row %d: %v", i, err)
				}
				continue
			}
			if err != nil || len(flips) == 0 {
				t.Fatalf("row %d to %s: %d flips, %v", i, class, len(flips), err)
			}
			for k, f := range flips {
				object := map[string]any{}
				for _, c := range row.Columns {
					object[c.Name] = nil
					if !c.Missing(0) {
						object[c.Name] = c.Text(0)
					}
				}
				for _, c := range f.Changes {
					object[c.Column] = c.To
				}
				changed, err := m.FromJSON(object)
				if err != nil {
					t.Fatal(err)
				}
				p, err := m.Predict(changed)
				if err != nil {
					t.Fatal(err)
				}
				if p.Labels[0] != class || math.Abs(p.Distribution(0)[class]-f.Probability) > 0.05 { // numbers are shown with four digits
					t.Errorf("row %d: with %+v the model says %s", i, f, p.Labels[0])
				}
				if k > 0 && f.Cost < flips[k-1].Cost {
					t.Errorf("row %d: %+v comes after a dearer one", i, f)
				}
			}
		}
	}
}

func TestFlipsRefuses(t *testing.T) {
	value, species := penguins(t, "body_mass_g", nil), penguins(t, "species", nil)
	raw, _ := value.Env.Read(t, value.Ingested.Dataset)
	one, two := raw.Take([]int{0}), raw.Take([]int{0, 1})
	for want, try := range map[string]func() error{
		"predicts a number": func() error { _, err := explain.Flips(t.Context(), value.Model(t), one, "x"); return err },
		"did you mean":      func() error { _, err := explain.Flips(t.Context(), species.Model(t), one, "Gento"); return err },
		"2 rows":            func() error { _, err := explain.Flips(t.Context(), species.Model(t), two, "Gentoo"); return err },
		"is missing": func() error {
			_, err := explain.Flips(t.Context(), species.Model(t), &table.Table{Columns: one.Columns[:2]}, "Gentoo")
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
