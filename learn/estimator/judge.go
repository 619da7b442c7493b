package estimator

import (
	"context"

	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/metrics"
)

// Judge measures what a model said of rows x with the target y: its outputs, as
// Predict gives them. Where the task is not supervised the rows judge by
// themselves. threshold is as in metrics.EvaluateAt, of anomalies the score above
// which a row is one, and opts.Weights say how much
// each row counts.
func Judge(ctx context.Context, x *learn.Matrix, y *learn.Target, outputs []float64, threshold float64, opts *learn.Options) (*metrics.Report, error) {
	if y.Task == learn.Clustering {
		return cluster.Evaluate(ctx, x, outputs, len(outputs)/max(x.Rows, 1), opts)
	}
	if y.Task == learn.AnomalyDetection {
		return metrics.Anomalies(outputs, threshold), nil
	}
	var weights []float64
	if opts != nil {
		weights = opts.Weights
	}
	return metrics.EvaluateAt(y, outputs, weights, threshold)
}

// Metric is the one that tells most of a task in one number, of those that are
// known: a single row has no r2, rows of one cluster no silhouette, and rows that
// nobody has labelled no roc_auc.
func Metric(task learn.Task, known map[string]float64) string {
	best, otherwise := "r2", "rmse"
	switch task {
	case learn.Classification:
		return "accuracy"
	case learn.Recommendation:
		return "ndcg_at_k"
	case learn.Clustering:
		best, otherwise = "silhouette", "inertia"
	case learn.AnomalyDetection:
		best, otherwise = "roc_auc", "anomaly_share"
	}
	if _, ok := known[best]; ok || known == nil {
		return best
	}
	return otherwise
}
