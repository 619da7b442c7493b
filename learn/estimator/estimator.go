// Package estimator lists the estimators by name: with which parameters each is
// made, for which tasks, and what it asks of the features.
package estimator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/bayes"
	"github.com/runnel-dev/runnel/learn/boost"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/linear"
	"github.com/runnel-dev/runnel/learn/neighbors"
	"github.com/runnel-dev/runnel/learn/neural"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/learn/tree"
)

// Params are the parameters of every estimator, each under its name.
type Params struct {
	Forest    tree.Forest          `json:"random_forest" doc:"parameters of a random forest"`
	Extra     tree.ExtraTrees      `json:"extra_trees" doc:"parameters of extra trees"`
	Boosting  boost.Boosting       `json:"gradient_boosting" doc:"parameters of gradient boosting"`
	Logistic  linear.Logistic      `json:"logistic" doc:"parameters of a logistic regression"`
	Linear    linear.LeastSquares  `json:"linear" doc:"parameters of ordinary least squares"`
	Ridge     linear.Ridge         `json:"ridge" doc:"parameters of a ridge regression"`
	Lasso     linear.Lasso         `json:"lasso" doc:"parameters of a lasso"`
	Net       linear.ElasticNet    `json:"elastic_net" doc:"parameters of an elastic net"`
	Near      neighbors.Neighbors  `json:"neighbors" doc:"parameters of k nearest neighbours"`
	Bayes     bayes.NaiveBayes     `json:"naive_bayes" doc:"parameters of naive Bayes"`
	SGD       linear.SGD           `json:"sgd" doc:"parameters of a linear model fitted by stochastic gradient descent"`
	Network   neural.Network       `json:"neural_network" doc:"parameters of a neural network"`
	Isolation tree.IsolationForest `json:"isolation_forest" doc:"parameters of an isolation forest"`
	KMeans    cluster.KMeans       `json:"kmeans" doc:"parameters of k-means"`
	ALS       recommend.ALS        `json:"als" doc:"parameters of recommendations by alternating least squares"`
	Voting    Voting               `json:"voting" doc:"parameters of a vote of several estimators"`
	Stacking  Stacking             `json:"stacking" doc:"parameters of an estimator that learns from the predictions of others"`
	Refine
}

// An Entry describes an estimator.
type Entry struct {
	Name  string
	Tasks []learn.Task
	Doc   string
	Unit  string // what Progress counts

	make    func(p Params) learn.Estimator
	prepare []preprocess.Spec
}

// Entries lists the estimators.
func Entries() []Entry {
	both := []learn.Task{learn.Classification, learn.Regression}
	scaled := []preprocess.Spec{&preprocess.Impute{}, &preprocess.Scale{}}
	return []Entry{
		{"random_forest", both, "random forest on binned features", "trees", func(p Params) learn.Estimator { return &p.Forest }, nil},
		{"extra_trees", both, "extremely randomised trees", "trees", func(p Params) learn.Estimator { return &p.Extra }, nil},
		{"gradient_boosting", both, "gradient boosting on histograms", "rounds", func(p Params) learn.Estimator { return &p.Boosting }, nil},
		{"logistic", both[:1], "logistic regression, multinomial, L2 and L1", "steps", func(p Params) learn.Estimator { return p.Logistic }, scaled},
		{"linear", both[1:], "ordinary least squares", "steps", func(p Params) learn.Estimator { return p.Linear }, scaled},
		{"ridge", both[1:], "least squares with an L2 penalty", "steps", func(p Params) learn.Estimator { return p.Ridge }, scaled},
		{"lasso", both[1:], "least squares with an L1 penalty", "rounds", func(p Params) learn.Estimator { return p.Lasso }, scaled},
		{"elastic_net", both[1:], "least squares with an L1 and an L2 penalty", "rounds", func(p Params) learn.Estimator { return p.Net }, scaled},
		{"neighbors", both, "k nearest neighbours", "steps", func(p Params) learn.Estimator { return p.Near }, scaled},
		{"naive_bayes", both[:1], "naive Bayes, gaussian or multinomial", "steps", func(p Params) learn.Estimator { return p.Bayes }, scaled[:1]},
		{"sgd", both, "linear, by stochastic gradient descent", "rounds", func(p Params) learn.Estimator { return p.SGD }, scaled},
		{"neural_network", both, "dense neural network, by mini-batches", "epochs", func(p Params) learn.Estimator { return &p.Network }, scaled},
		{cluster.Kind, []learn.Task{learn.Clustering}, "k-means, by k-means++ and all rows or mini-batches", "passes", func(p Params) learn.Estimator { return cluster.Estimator{KMeans: p.KMeans} }, scaled},
		{tree.KindIsolation, []learn.Task{learn.AnomalyDetection}, "isolation forest: how few random splits part a row from all others", "trees", func(p Params) learn.Estimator { return &p.Isolation }, nil},
		{recommend.Kind, []learn.Task{learn.Recommendation}, "factors of users and items by implicit feedback: alternating least squares", "turns", func(Params) learn.Estimator { return ofEvents{} }, nil},
		{combine.KindVoting, both, "mean of what several estimators predict", "members", func(p Params) learn.Estimator { return combined{p: p} }, nil},
		{combine.KindStacking, both, "estimator that learns from the predictions of others", "fits", func(p Params) learn.Estimator { return combined{p: p, stacking: true} }, nil},
		{"baseline", both, "the target's distribution, whatever the features", "steps", func(Params) learn.Estimator { return baseline.Estimator{} }, nil},
	}
}

// Find returns the estimator of that name, which must suit the task.
func Find(name string, task learn.Task) (Entry, error) {
	var names []string
	var other Entry
	for _, e := range Entries() {
		suits := slices.Contains(e.Tasks, task)
		if suits {
			names = append(names, e.Name)
		}
		switch {
		case e.Name == name && suits:
			return e, nil
		case e.Name == name:
			other = e
		}
	}
	if other.Name != "" {
		tasks := make([]string, len(other.Tasks))
		for i, t := range other.Tasks {
			tasks[i] = string(t)
		}
		return other, fmt.Errorf("estimator %s is for %s, the task is %s (for that there are: %s)", name, strings.Join(tasks, " and "), task, strings.Join(names, ", "))
	}
	return Entry{}, fmt.Errorf("no estimator %q%s (for %s there are: %s)", name, nearest.Hint(name, names), task, strings.Join(names, ", "))
}

// New makes the estimator with its share of the parameters, and what they put
// around it.
func (e Entry) New(p Params) learn.Estimator { return p.around(e.make(p)) }

// Prepare lists the transforms that the estimator needs on any features, such
// as scaling. They are fitted with the model, on its training rows.
func (e Entry) Prepare() []preprocess.Spec { return e.prepare }

// Default chooses an estimator: a forest, which takes features as they are, or
// for fewer than 50 rows the linear model, which has less to learn; k-means of a
// clustering, an isolation forest where anomalies are searched for.
func Default(task learn.Task, rows int) string {
	switch {
	case task == learn.Clustering:
		return cluster.Kind
	case task == learn.AnomalyDetection:
		return tree.KindIsolation
	case task == learn.Recommendation:
		return recommend.Kind
	case rows >= 50:
		return "random_forest"
	case task == learn.Classification:
		return "logistic"
	}
	return "ridge"
}
