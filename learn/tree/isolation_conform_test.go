package tree

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestIsolationForestConforms(t *testing.T) {
	for name, f := range map[string]IsolationForest{
		"default":     {Estimators: 40},
		"of all rows": {Estimators: 20, MaxSamples: 1, Contamination: 0.05},
		"single tree": {Estimators: 1, MaxSamples: 40},
	} {
		t.Run(name, func(t *testing.T) {
			accuracy := 0.9
			if f.Estimators == 1 {
				accuracy = 0.6
			}
			learntest.Estimator(t, func() learn.Estimator { return &f }, learntest.Config{
				Tasks:   []learn.Task{learn.AnomalyDetection},
				Restore: func(s learn.State) (learn.Model, error) { return IsolationFromState(s) },
				Missing: true, Unweighted: true, Accuracy: accuracy,
			})
		})
	}
}
