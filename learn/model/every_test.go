//go:build !race

package model

import (
	"slices"
	"testing"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/learntest"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/tree"
)

// TestEveryEstimator runs the suite over all that train can name, by the parameters
// of small models, and restores them as model files do. The packages of the
// estimators run it with more.
func TestEveryEstimator(t *testing.T) {
	p := estimator.Params{Forest: *tree.NewForest(), Extra: *tree.NewExtraTrees(), Boosting: *boost.New(), Logistic: linear.NewLogistic(),
		Lasso: linear.NewLasso(), Net: linear.NewElasticNet(), SGD: linear.NewSGD(), Network: *neural.New(), Isolation: *tree.NewIsolationForest()}
	p.Forest.Estimators, p.Extra.Estimators, p.Boosting.Estimators, p.Boosting.LearningRate, p.Network.Epochs = 10, 20, 20, 0.3, 30
	p.Lasso.Alpha, p.Net.Alpha, p.Stacking.Folds = 0.1, 0.1, 2
	takesMissing := []string{"random_forest", "extra_trees", boost.Kind, tree.KindIsolation, combine.KindVoting, combine.KindStacking}
	for _, e := range estimator.Entries() {
		if slices.Contains(e.Tasks, learn.Recommendation) {
			continue // it is fitted on events, by learn/recommend, which runs the suite
		}
		t.Run(e.Name, func(t *testing.T) {
			learntest.Estimator(t, func() learn.Estimator { return e.New(p) }, learntest.Config{
				Tasks:      e.Tasks,
				Missing:    slices.Contains(takesMissing, e.Name),
				Blind:      e.Name == baseline.Kind,
				Unweighted: e.Name == tree.KindIsolation,
				Optional:   []string{"tried"},
				Accuracy:   0.75, R2: 0.75,
				Restore: func(s learn.State) (learn.Model, error) { return restoreEstimator(s, 4) },
			})
		})
	}
}
