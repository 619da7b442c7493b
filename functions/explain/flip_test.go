package explain_test

import (
	"fmt"
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

// Where the model has a threshold, what is asked for is measured by it.
func TestFlipsAtThreshold(t *testing.T) {
	for _, at := range []float64{0.1, 0.9} {
		r := penguins(t, "sex", map[string]any{"model": "logistic", "threshold": map[string]any{"at": at}})
		m := r.Model(t)
		raw, _ := r.Env.Read(t, r.Ingested.Dataset)
		raw = raw.Without("sex")
		said, err := m.Predict(raw)
		if err != nil {
			t.Fatal(err)
		}
		least := map[string]float64{m.Classes[0]: 1 - at, m.Classes[1]: at}
		seen := map[string]int{} // rows by what is said of them, and whether that is the likelier class
		nearer := false          // a change goes no further than the threshold
		for i := range raw.Rows() {
			p := said.Probabilities[2*i+1]
			kind := fmt.Sprint(said.Labels[i], (p > 0.5) == (p >= at))
			if seen[kind]++; seen[kind] > 3 {
				continue
			}
			for _, class := range m.Classes {
				flips, err := explain.Flips(t.Context(), m, raw.Take([]int{i}), class)
				if class == said.Labels[i] {
					if err == nil || !strings.Contains(err.Error(), "says "+class) {
						t.Errorf("at %v row %d is said to be %s: %v", at, i, class, err)
					}
					continue
				}
				if err != nil || len(flips) == 0 {
					t.Errorf("at %v, row %d to %s: %d flips, %v", at, i, class, len(flips), err)
				}
				for _, f := range flips {
					if f.Probability < least[class] {
						t.Errorf("at %v, row %d to %s: %+v", at, i, class, f)
					}
					nearer = nearer || f.Probability < 0.5
				}
			}
		}
		if len(seen) != 3 || !nearer {
			t.Errorf("at %v: the rows are %v, nearer %v", at, seen, nearer)
		}
	}
}
