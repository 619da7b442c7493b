// Command linear compares the linear models with scikit-learn's, on 1,000,000 rows
// of 50 features, in turns, 2 threads each. Run it in the repository:
//
//	go run ./bench/linear
//
// The Python that has scikit-learn is RUNNEL_PYTHON, .venv/bin/python if unset.
package main

import (
	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/linear"
)

const (
	script = "bench/peers/linear.py"
	folder = "bench/data/linear"
	few    = 100_000 // rows of what takes the peer minutes on all of them
)

// A job is one model and the peers that fit it, by their solvers.
type job struct {
	id, name  string
	rows      int // 0: all
	classes   bool
	estimator learn.Estimator
	solvers   []string
	l1, l2    float64 // penalty on the coefficients' sizes and squares, beside the mean loss
}

func jobs() []job {
	lasso, sparse, sgd := linear.NewLasso(), linear.NewLogistic(), linear.NewSGD()
	lasso.Alpha = 0.01
	sparse.C, sparse.L1Ratio = 0.01, 1
	sgd.MaxIter, sgd.Patience = 5, 5
	return []job{
		{id: "ridge", name: "ridge, 1,000,000 x 50", estimator: linear.Ridge{Alpha: 1}, solvers: []string{"cholesky"}, l2: 1e-6},
		{id: "linear", name: "least squares, 1,000,000 x 50", estimator: linear.LeastSquares{}, solvers: []string{"lstsq"}},
		{id: "lasso", name: "lasso, 1,000,000 x 50", estimator: lasso, solvers: []string{"coordinate descent"}, l1: 0.01},
		{id: "logistic", name: "logistic regression, 1,000,000 x 50", classes: true, estimator: linear.NewLogistic(), solvers: []string{"lbfgs", "newton-cholesky"}, l2: 1e-6},
		{id: "logistic_l1", name: "logistic regression with L1, 100,000 x 50", rows: few, classes: true, estimator: sparse, solvers: []string{"saga"}, l1: 100. / few},
		{id: "sgd", name: "stochastic gradient descent, 5 rounds, 1,000,000 x 50", classes: true, estimator: sgd, solvers: []string{"SGDClassifier"}, l2: 1e-4},
	}
}

func main() {
	var cases []compare.Case
	for _, j := range jobs() {
		cases = append(cases, compare.Case{ID: j.id, Job: j.name, Peers: j.beside, Fit: j.measure, Lines: j.lines})
	}
	compare.Turns("linear", cases)
}

func (j job) beside() (peers []compare.Peer, err error) {
	python, ok := compare.Python("sklearn")
	if !ok {
		return nil, nil
	}
	for _, solver := range j.solvers {
		peers = append(peers, compare.Peer{Name: "scikit-learn, " + solver + ", 2 threads", Argv: []string{python, "-P", script, "fit", folder, j.id, solver}})
	}
	return peers, compare.Make(python, script, folder, "y")
}
