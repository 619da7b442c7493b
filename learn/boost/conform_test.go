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
		set   func(*Boosting)
		tasks []learn.Task
	}{
		{"defaults", func(*Boosting) {}, nil},
		{"small leaves", func(b *Boosting) { b.MinLeaf, b.L2, b.MaxDepth, b.Estimators = 1, 1, 4, 40 }, nil},
		{"absolute", func(b *Boosting) { b.Loss = "absolute" }, regression},
		{"quantile", func(b *Boosting) { b.Loss = "quantile" }, regression},
	} {
		t.Run(c.name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator {
				b := New()
				c.set(b)
				return b
			}, learntest.Config{Tasks: c.tasks, Missing: true, RowOrder: true, Copies: c.name == "small leaves", Restore: FromState})
		})
	}
}
