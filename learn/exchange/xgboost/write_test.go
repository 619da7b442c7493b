package xgboost_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/xgboost"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/tree"
)

// What was read is written, and read again as the same model.
func TestWriteWhatWasRead(t *testing.T) {
	for name := range models {
		t.Run(name, func(t *testing.T) {
			m, err := xgboost.Read(exchangetest.Read(t, name+".xgb.json"), nil)
			if err != nil {
				t.Fatal(err)
			}
			rows := exchangetest.Load(t, name+".xgb")
			for _, ubj := range []bool{false, true} {
				file, _, err := xgboost.Write(m, ubj)
				if err != nil {
					t.Fatal(err)
				}
				again, err := xgboost.Read(file, nil)
				if err != nil {
					t.Fatal(err)
				}
				rows.Predicts(t, again, 1e-5)
			}
		})
	}
}

// Transforms of single columns become part of the splits: a file of raw columns
// predicts what the model does.
func TestWriteTransforms(t *testing.T) {
	data := exchangetest.Data(t, 300)
	for name, m := range exchangetest.Trained(t, data) {
		t.Run(name, func(t *testing.T) {
			file, notes, err := xgboost.Write(m, true)
			if err != nil {
				t.Fatal(err)
			}
			again, err := xgboost.Read(file, nil)
			if err != nil {
				t.Fatal(err)
			}
			exchangetest.Agree(t, again, m, data, 1e-5)
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
		"the estimator is a ridge":                               {"price", linear.Ridge{Alpha: 1}, []preprocess.Spec{&preprocess.Auto{Family: "linear"}}},
		"the trees of a random_forest give probabilities":        {"species", tree.NewForest(), []preprocess.Spec{&preprocess.Auto{}}},
		"transform 1 (interact) of ":                             {"price", few, []preprocess.Spec{&preprocess.Interact{Pairs: [][2]string{{"mass", "year"}}}, &preprocess.Auto{}}},
		"transform 1 (impute by other columns) of ":              {"price", few, []preprocess.Spec{&preprocess.Impute{Numeric: "knn"}, &preprocess.Auto{}}},
		"onehot of \"year\", a column of numbers, as categories": {"price", few, []preprocess.Spec{&preprocess.OneHot{Columns: []string{"year"}}, &preprocess.Auto{}}},
		"has a [, ] or < in its name, which XGBoost refuses":     {"price", few, []preprocess.Spec{&preprocess.Auto{}}},
	} {
		rows := data
		if strings.Contains(want, "in its name") {
			renamed := *rows.Columns[0]
			renamed.Name = "the [length]"
			with, err := rows.Without("length").With(&renamed)
			if err != nil {
				t.Fatal(err)
			}
			rows = with
		}
		_, _, err := xgboost.Write(exchangetest.Fit(t, rows, m.target, m.e, m.specs...), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
