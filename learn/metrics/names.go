package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/learn"
)

// better lists the metrics that grow as a model gets better, worse those that fall.
// The share of anomalies says nothing of the model: a gate is the most that is let pass.
var (
	better = []string{
		"accuracy", "balanced_accuracy", "matthews_corrcoef",
		"precision", "precision_macro", "precision_weighted",
		"recall", "recall_macro", "recall_weighted",
		"f1", "f1_macro", "f1_weighted",
		"roc_auc", "roc_auc_ovr", "roc_auc_ovr_weighted", "average_precision",
		"r2", "explained_variance",
		"silhouette", "calinski_harabasz",
		"precision_at_k", "recall_at_k", "map_at_k", "ndcg_at_k", "hit_rate_at_k", "coverage_at_k",
	}
	worse = []string{"anomaly_share", "log_loss", "brier", "mse", "rmse", "mae", "median_ae", "max_error", "inertia", "davies_bouldin"}
)

// Names lists the metrics of reports.
func Names() []string { return append(slices.Clone(better), worse...) }

// Of lists the metrics that reports of a task have, where the rows define them, by
// which models are compared or gated; of a classification the number of classes
// decides which.
func Of(task learn.Task, classes int) []string {
	switch task {
	case learn.Classification:
		names := []string{"accuracy", "balanced_accuracy", "matthews_corrcoef", "precision_macro", "recall_macro", "f1_macro",
			"precision_weighted", "recall_weighted", "f1_weighted", "log_loss", "brier", "roc_auc"}
		if classes == 2 {
			return append(names, "precision", "recall", "f1", "average_precision")
		}
		return append(names, "roc_auc_ovr", "roc_auc_ovr_weighted")
	case learn.Regression:
		return []string{"r2", "explained_variance", "mse", "rmse", "mae", "median_ae", "max_error"}
	case learn.Clustering:
		return []string{"silhouette", "calinski_harabasz", "davies_bouldin", "inertia"}
	case learn.AnomalyDetection:
		return []string{"anomaly_share", "roc_auc", "average_precision", "precision", "recall", "f1"}
	case learn.Recommendation:
		return []string{"precision_at_k", "recall_at_k", "map_at_k", "ndcg_at_k", "hit_rate_at_k", "coverage_at_k"}
	}
	return nil
}

// Check reports a metric that reports of a task do not have; of a classification the
// number of classes decides which they have.
func Check(metric string, task learn.Task, classes int) error {
	known := Of(task, classes)
	if known == nil || slices.Contains(known, metric) {
		return nil
	}
	of := string(task)
	if task == learn.Classification {
		of = fmt.Sprintf("classification of %d classes", classes)
	}
	return fmt.Errorf("metric: %s does not judge a %s: want one of %s", metric, of, strings.Join(known, ", "))
}

// Greater says whether a larger value of a metric of a report is the better one;
// known is false where the name is none of a report's.
func Greater(metric string) (greater, known bool) {
	if slices.Contains(better, metric) {
		return true, true
	}
	return false, slices.Contains(worse, metric)
}

// Range is the least and the greatest value that a metric of a report can have;
// an end that is infinite is none. A name that is none of a report's has no range
// but the whole line.
func Range(metric string) (least, greatest float64) {
	switch metric {
	case "matthews_corrcoef", "silhouette":
		return -1, 1
	case "anomaly_share":
		return 0, 1
	case "calinski_harabasz":
		return 0, math.Inf(1)
	case "r2", "explained_variance":
		return math.Inf(-1), 1
	case "brier":
		return 0, 2 // of several classes; of two it is at most 1
	}
	if slices.Contains(better, metric) {
		return 0, 1
	}
	if slices.Contains(worse, metric) {
		return 0, math.Inf(1)
	}
	return math.Inf(-1), math.Inf(1)
}
