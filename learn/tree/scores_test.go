//go:build !race

package tree

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

// Forests are as good as scikit-learn's, on the same folds.
func TestScoresAsScikitLearn(t *testing.T) {
	var file map[string]map[string]learntest.Folds
	learntest.ReadJSON(t, "testdata/forests.json", &file)
	for kind, make := range map[string]func() learn.Estimator{
		Kind:      func() learn.Estimator { return NewForest() },
		KindExtra: func() learn.Estimator { return NewExtraTrees() },
	} {
		if len(file[kind]) != 4 {
			t.Errorf("%s: %d data sets, want 4", kind, len(file[kind]))
		}
		for name, reference := range file[kind] {
			t.Run(kind+"/"+name, func(t *testing.T) {
				path, task := "testdata/"+name+".csv", learn.Classification
				if name == "diabetes" {
					path, task = "../linear/testdata/diabetes.csv", learn.Regression
				}
				x, y := learntest.ReadCSV(t, path, task)
				reference.AsGood(t, make, x, y)
			})
		}
	}
}
