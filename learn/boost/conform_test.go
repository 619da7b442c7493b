package boost

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConforms(t *testing.T) {
	regression := []learn.Task{learn.Regression}
	for _, c := range []struct {
		name  string
		tasks []learn.Task
		set   func(*Boosting)
		// Random rows or features: neither the order of the rows nor copies are the same.
		random bool
	}{
		{"defaults", nil, func(*Boosting) {}, false},
		{"leaves of one", nil, func(b *Boosting) { b.MinLeaf, b.L2, b.MaxDepth = 1, 1, 4 }, false},
		{"absolute", regression, func(b *Boosting) { b.Loss = "absolute" }, false},
		{"quantile", regression, func(b *Boosting) { b.Loss, b.Quantile = "quantile", 0.4 }, false},
		{"penalties", nil, func(b *Boosting) { b.L1, b.L2, b.MinGain, b.MaxBins = 0.1, 2, 1e-9, 20 }, false},
		{"balanced", nil, func(b *Boosting) { b.ClassWeight = "balanced" }, false},
		{"samples", nil, func(b *Boosting) { b.Subsample, b.ByTree, b.ByNode = 0.8, 0.9, 0.8 }, true},
		{"goss", nil, func(b *Boosting) { b.GOSS, b.GOSSOther = true, 0.3 }, true},
		{"early stopping", nil, func(b *Boosting) { b.EarlyStopping = true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				b := New()
				b.Estimators, b.LearningRate = 15, 0.4
				c.set(b)
				return b
			}, learntest.Config{Tasks: c.tasks, Missing: true, RowOrder: !c.random, Monotone: true, Copies: c.name == "leaves of one", Restore: FromState, R2: 0.75, Accuracy: 0.85})
		})
	}
}
