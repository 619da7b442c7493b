package baseline

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConformance(t *testing.T) {
	learntest.Estimator(t, func() learn.Estimator { return Estimator{} }, learntest.Config{
		Blind:    true,
		Restore:  FromState,
		RowOrder: true,
		Copies:   true,
	})
}
