package onnx_test

import (
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/exchange/exchangetest"
	"github.com/runnel-dev/runnel/learn/exchange/onnx"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neighbors"
	"github.com/runnel-dev/runnel/learn/preprocess"
)

// What ONNX cannot hold is refused, with why.
func TestWriteRefuses(t *testing.T) {
	data := exchangetest.Data(t, 100)
	auto := []preprocess.Spec{&preprocess.Auto{Family: "linear"}, &preprocess.Impute{}}
	with := func(specs ...preprocess.Spec) []preprocess.Spec { return append(specs, auto...) }
	for want, c := range map[string]struct {
		e     learn.Estimator
		specs []preprocess.Spec
	}{
		"hangs on the last bit of a sum":                                                          {neighbors.Neighbors{}, auto},
		"transform 1 (tfidf) of kind takes texts apart into words":                                {linear.Ridge{}, with(&preprocess.Tfidf{Columns: []string{"kind"}})},
		"transform 1 (impute by nearest rows) of length, mass, ":                                  {linear.Ridge{}, with(&preprocess.Impute{Numeric: "knn"})},
		`transform 1 (interact): the column "year" is not of texts`:                               {linear.Ridge{}, with(&preprocess.Interact{Pairs: [][2]string{{"island", "year"}}, Op: "concat"})},
		"transform 1 (bin): an interval is named by the blank text, which stands for a missing o": {linear.Ridge{}, with(&preprocess.Bin{Columns: []string{"mass"}, Edges: []float64{0, 1, 999}, Labels: []string{"", "much"}})},
		`of "year": the category "2007.5" is no whole number, and ONNX looks up no others`:        {linear.Ridge{}, with(&preprocess.OneHot{Columns: []string{"year"}})},
	} {
		rows := data
		if strings.Contains(want, "2007.5") {
			halves := rows.Column("year").Numbers()
			for i := range halves {
				halves[i] += .5
			}
			year := *rows.Column("mass")
			year.Name, year.Floats = "year", halves
			with, err := rows.Without("year").With(&year)
			if err != nil {
				t.Fatal(err)
			}
			rows = with
		}
		if _, _, err := onnx.Write(exchangetest.Fit(t, rows, "price", c.e, c.specs...), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
