package cluster

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConforms(t *testing.T) {
	for name, k := range map[string]KMeans{
		"chosen":  {},
		"given":   {K: 3},
		"starts":  {K: 3, Starts: 10, Init: "random"},
		"batches": {K: 3, Batch: 64},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator { return Estimator{k} }, learntest.Config{
				Tasks:    []learn.Task{learn.Clustering},
				Restore:  func(s learn.State) (learn.Model, error) { return FromState(s) },
				Optional: []string{"tried"},
				// The groups are far apart: whichever rows the first centres are drawn
				// from, the clusters are the same, but for what batches leave to chance.
				ColumnOrder: k.Batch == 0, RowOrder: k.Batch == 0, Copies: k.Batch == 0,
			})
		})
	}
}
