package lightgbm_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/lightgbm"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

// What was read is written, and read again as the same model.
func TestWriteWhatWasRead(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			m, err := lightgbm.Read(exchangetest.Read(t, name+".lgb.txt"), nil)
			if err != nil {
				t.Fatal(err)
			}
			file, _, err := lightgbm.Write(m)
			if err != nil {
				t.Fatal(err)
			}
			again, err := lightgbm.Read(file, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, file)
			}
			rows := exchangetest.Load(t, name+".lgb")
			rows.Predicts(t, again, 1e-12)
		})
	}
}

// Transforms of single columns become part of the splits: a file of raw columns
// predicts what the model does.
func TestWriteTransforms(t *testing.T) {
	data := exchangetest.Data(t, 300)
	for name, m := range exchangetest.Trained(t, data) {
		t.Run(name, func(t *testing.T) {
			file, notes, err := lightgbm.Write(m)
			if err != nil {
				t.Fatal(err)
			}
			again, err := lightgbm.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			exchangetest.Agree(t, again, m, data, 1e-12)
			if !strings.Contains(strings.Join(notes, "\n"), "(tidy) is not in the file: give island, kind") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	data := exchangetest.Data(t, 100)
	few := boost.New()
	few.Estimators = 2
	for want, m := range map[string]struct {
		target string
		e      learn.Estimator
		specs  []preprocess.Spec
	}{
		"the estimator is a ridge":                                        {"price", linear.Ridge{Alpha: 1}, []preprocess.Spec{&preprocess.Auto{Family: "linear"}}},
		"the trees of a random_forest give probabilities":                 {"species", tree.NewForest(), []preprocess.Spec{&preprocess.Auto{}}},
		"transform 1 (interact) of ":                                      {"price", few, []preprocess.Spec{&preprocess.Interact{Pairs: [][2]string{{"mass", "year"}}}, &preprocess.Auto{}}},
		"transform 1 (impute by other columns) of ":                       {"price", few, []preprocess.Spec{&preprocess.Impute{Numeric: "knn"}, &preprocess.Auto{}}},
		"onehot of \"year\", a column of numbers, as categories":          {"price", few, []preprocess.Spec{&preprocess.OneHot{Columns: []string{"year"}}, &preprocess.Auto{}}},
		"has a character in its name that LightGBM refuses: rename it to": {"price", few, []preprocess.Spec{&preprocess.Auto{}}},
	} {
		rows := data
		if strings.Contains(want, "character") {
			renamed := *rows.Columns[0]
			renamed.Name = "the length"
			with, err := rows.Without("length").With(&renamed)
			if err != nil {
				t.Fatal(err)
			}
			rows = with
		}
		_, _, err := lightgbm.Write(exchangetest.Fit(t, rows, m.target, m.e, m.specs...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	// Categories that are numbers, with missing values among those of a set.
	file := bytes.Replace(exchangetest.Read(t, "onehot.xgb.json"), []byte(`"cats"`), []byte(`"dogs"`), 1)
	m, err := xgboost.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := lightgbm.Write(m); err == nil || !strings.Contains(err.Error(), "sends missing values where some categories go, and LightGBM") {
		t.Errorf("error %v", err)
	}
}
