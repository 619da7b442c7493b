package linear

import (
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/learntest"
)

func TestConformance(t *testing.T) {
	balanced, sparse := NewLogistic(), NewLogistic()
	balanced.ClassWeight = "balanced"
	sparse.L1Ratio = 0.7
	lasso, net := NewLasso(), NewElasticNet()
	lasso.Alpha, lasso.Tolerance = 0.01, 1e-12
	net.Alpha, net.Tolerance = 0.01, 1e-12
	for _, c := range []struct {
		name      string
		estimator learn.Estimator
		task      learn.Task
	}{
		{"linear", LeastSquares{}, learn.Regression},
		{"linear without intercept", LeastSquares{NoIntercept: true}, learn.Regression},
		{"ridge", Ridge{Alpha: 1}, learn.Regression},
		{"lasso", lasso, learn.Regression},
		{"elastic net", net, learn.Regression},
		{"logistic", NewLogistic(), learn.Classification},
		{"logistic balanced", balanced, learn.Classification},
		{"logistic sparse", sparse, learn.Classification},
	} {
		t.Run(c.name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator { return c.estimator }, learntest.Config{
				Tasks:    []learn.Task{c.task},
				Restore:  FromState,
				RowOrder: true,
				Copies:   true,
			})
		})
	}
	sgd, margin, robust := NewSGD(), NewSGD(), NewSGD()
	margin.Loss, margin.L1Ratio, margin.MaxIter = "hinge", 0.3, 30
	robust.Loss, robust.LearningRate, robust.Epsilon, robust.ClassWeight = "modified_huber", "adaptive", 2, "balanced"
	robust.MaxIter, sgd.MaxIter = 50, 100
	for name, p := range map[string]SGD{"sgd": sgd, "sgd hinge": margin, "sgd modified huber": robust} {
		t.Run(name, func(t *testing.T) {
			tasks := []learn.Task{learn.Classification}
			if p.Loss == "auto" {
				tasks = append(tasks, learn.Regression)
			}
			learntest.Estimator(t, func() learn.Estimator { return p }, learntest.Config{Tasks: tasks, Restore: FromState})
		})
	}
}
