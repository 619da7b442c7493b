package metrics

import (
	"slices"

	"github.com/runnel-dev/runnel/learn"
)

// Anomalies reports on scores of rows of which nobody knows what is right, at least
// one: the threshold above which a row is an anomaly, the share of rows that are
// (anomaly_share), and the median and the largest of the scores.
func Anomalies(scores []float64, threshold float64) *Report {
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	at, _ := slices.BinarySearchFunc(sorted, threshold, func(score, threshold float64) int {
		if score > threshold {
			return 1
		}
		return -1
	})
	n := len(sorted)
	return &Report{Task: learn.AnomalyDetection, Rows: n, Metrics: map[string]float64{
		"threshold": threshold, "anomaly_share": float64(n-at) / float64(n),
		"score_median": (sorted[(n-1)/2] + sorted[n/2]) / 2, "score_max": sorted[n-1],
	}}
}
