package metrics

import (
	"maps"
	"testing"
)

func TestAnomalies(t *testing.T) {
	for _, c := range []struct {
		scores    []float64
		threshold float64
		want      map[string]float64
	}{
		{[]float64{0.5, 0.4, 0.6, 0.7}, 0.5, map[string]float64{"anomaly_share": 0.5, "score_median": 0.55, "score_max": 0.7, "threshold": 0.5}},
		{[]float64{0.5, 0.5, 0.5}, 0.5, map[string]float64{"anomaly_share": 0, "score_median": 0.5, "score_max": 0.5, "threshold": 0.5}},
		{[]float64{0.9}, 0.2, map[string]float64{"anomaly_share": 1, "score_median": 0.9, "score_max": 0.9, "threshold": 0.2}},
	} {
		if r := Anomalies(c.scores, c.threshold); r.Rows != len(c.scores) || !maps.Equal(r.Metrics, c.want) {
			t.Errorf("%v: %d rows, %v, want %v", c.scores, r.Rows, r.Metrics, c.want)
		}
	}
}
