package tree

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func small() *Forest {
	f := NewForest()
	f.Estimators = 20
	return f
}

func TestForestConforms(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return small() }, learntest.Config{Missing: true, Restore: FromState})
}

// A single tree on all rows does not depend on chance, if it tries all features.
func TestTreeConforms(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator {
		f := NewForest()
		f.Estimators, f.Bootstrap, f.MaxFeatures, f.MaxDepth = 1, false, "all", 6
		return f
	}, learntest.Config{Missing: true, Restore: FromState, RowOrder: true, Copies: true})
}
