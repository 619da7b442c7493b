//go:build !race

package boost

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// On the folds of real data it is as good as scikit-learn's, within two standard errors.
func TestScoresAsScikitLearn(t *testing.T) {
	var file map[string]learntest.Folds
	learntest.ReadJSON(t, "testdata/scores.json", &file)
	for name, reference := range file {
		t.Run(name, func(t *testing.T) {
			path, task := "../tree/testdata/"+name+".csv", learn.Classification
			if name == "diabetes" {
				path, task = "../linear/testdata/diabetes.csv", learn.Regression
			}
			x, y := learntest.ReadCSV(t, path, task)
			reference.AsGood(t, func() learn.Estimator { return New() }, x, y)
		})
	}
}
