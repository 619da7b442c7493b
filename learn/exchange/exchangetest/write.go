package exchangetest

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

// A Writer writes a model in a format.
type Writer func(m *model.Model) (file []byte, notes []string, err error)

// Folds writes models with transforms as trees over the raw columns, and reads
// them again: they predict the same, and a note says what the file lacks.
func Folds(t *testing.T, write Writer, read func(file []byte) (*model.Model, error), tolerance float64) {
	data := Data(t, 300)
	for name, m := range Trained(t, data) {
		t.Run(name, func(t *testing.T) {
			file, notes, err := write(m)
			if err != nil {
				t.Fatal(err)
			}
			again, err := read(file)
			if err != nil {
				t.Fatal(err)
			}
			Agree(t, again, m, data, tolerance)
			if !strings.Contains(strings.Join(notes, "\n"), "(tidy) is not in the file: give island, kind") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// FoldsWhatever is Folds of any model that is a sum of trees, after any transforms;
// what cannot be written says what to do instead.
func FoldsWhatever(t *testing.T, write Writer, read func(file []byte) (*model.Model, error), tolerance float64) {
	data, written := Data(t, 80), 0
	rapid.Check(t, func(draw *rapid.T) {
		m := Draw(t, draw, data)
		file, _, err := write(m)
		if err != nil {
			if !strings.Contains(err.Error(), "export it as onnx") {
				draw.Fatal(err)
			}
			return
		}
		again, err := read(file)
		if err != nil {
			draw.Fatal(err)
		}
		Agree(draw, again, m, data, tolerance)
		written++
	})
	if written == 0 {
		t.Error("none could be written")
	}
}

// Refuses writes models that a file of trees cannot hold, one of them with a
// column of a name that the format refuses.
func Refuses(t *testing.T, write Writer, name, why string) {
	data := Data(t, 100)
	few := boost.New()
	few.Estimators = 2
	auto := &preprocess.Auto{}
	for want, m := range map[string]struct {
		target string
		e      learn.Estimator
		specs  []preprocess.Spec
	}{
		"the estimator is ridge":                                 {"price", linear.Ridge{Alpha: 1}, []preprocess.Spec{&preprocess.Auto{Family: "linear"}}},
		"the trees of a random_forest give probabilities":        {"species", tree.NewForest(), []preprocess.Spec{auto}},
		"transform 1 (interact) makes columns of others":         {"price", few, []preprocess.Spec{&preprocess.Interact{Pairs: [][2]string{{"mass", "year"}}}, auto}},
		"transform 1 (impute by nearest rows) of length, mass, ": {"price", few, []preprocess.Spec{&preprocess.Impute{Numeric: "knn"}, auto}},
		"onehot of \"year\", a column of numbers, as categories": {"price", few, []preprocess.Spec{&preprocess.OneHot{Columns: []string{"year"}}, auto}},
		why: {"price", few, []preprocess.Spec{auto}},
	} {
		rows := data
		if want == why {
			renamed := *rows.Columns[0]
			renamed.Name = name
			with, err := rows.Without("length").With(&renamed)
			if err != nil {
				t.Fatal(err)
			}
			rows = with
		}
		if _, _, err := write(Fit(t, rows, m.target, m.e, m.specs...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
