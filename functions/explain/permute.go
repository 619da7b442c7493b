package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/cluster"
	"github.com/runnel-dev/runnel/learn/explain"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/table"
)

// A Permuted says how much worse the model gets when a column's values are dealt
// out anew among the rows.
type Permuted struct {
	Metric  string           `json:"metric"`
	Value   float64          `json:"value"` // of the rows as they are
	Rows    int              `json:"rows"`
	Repeats int              `json:"repeats"`
	Columns []PermutedColumn `json:"columns"` // in the order of the explanation's
}

// A PermutedColumn is by how much the metric gets worse, over the repeats.
type PermutedColumn struct {
	Name string  `json:"name"`
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"`
}

// metric is the one that a model is measured by. The error is one of the params.
func (p Params) metric(m *model.Model) (string, error) {
	if p.Metric != "" {
		switch m.Task {
		case learn.Clustering:
			return "", fmt.Errorf("metric: %s is none of a clustering, which is measured by the rows that stay in their cluster: leave metric out", p.Metric)
		case learn.Recommendation:
			return "", fmt.Errorf("metric: %s is not measured of a recommendation, which has no columns to permute: leave metric out", p.Metric)
		case learn.AnomalyDetection:
			if err := metrics.Check(p.Metric, learn.Regression, 0); err != nil {
				return "", fmt.Errorf("metric: %s does not compare scores with those of the rows as they are: want one of %s", p.Metric, strings.Join(metrics.Of(learn.Regression, 0), ", "))
			}
		}
		return p.Metric, metrics.Check(p.Metric, m.Task, len(m.Classes))
	}
	switch m.Task {
	case learn.Classification:
		return "accuracy", nil
	case learn.Clustering:
		return sameCluster, nil
	case learn.AnomalyDetection:
		return "mae", nil
	}
	return "r2", nil
}

// notMeasured says why a model cannot be measured on the rows that are explained.
type notMeasured struct{ error }

// sameCluster is the share of rows that stay in their cluster: what permuted
// columns of a clustering are measured by, for it has no truth.
const sameCluster = "same_cluster"

// permute measures a model on raw rows, column by column permuted. weight is the
// column of how much they count; "": all the same.
func (e *Explanation) permute(ctx context.Context, m *model.Model, raw *table.Table, metric, weight string, repeats int) error {
	raw, y, err := fitted.WithTarget(raw, m.Target, m.Task, m.Classes)
	if err != nil {
		return err
	}
	if y.Len() < 2 {
		return nil // there is nothing to permute
	}
	x, err := m.Matrix(raw.Without(m.Target))
	if err != nil {
		return err
	}
	outputs := m.Estimator.Predict(x)
	if m.Task == learn.Clustering {
		before, _ := cluster.Nearest(outputs, m.Estimator.Outputs())
		return e.permuted(ctx, m, x, &Permuted{Metric: metric, Value: 1, Repeats: repeats}, true, func(predicted []float64) float64 {
			after, _ := cluster.Nearest(predicted, m.Estimator.Outputs())
			same := 0
			for i, k := range after {
				if k == before[i] {
					same++
				}
			}
			return float64(same) / float64(len(after))
		})
	}
	weights, err := preprocess.Weights(raw, weight)
	if err != nil {
		return err
	}
	if m.Task == learn.AnomalyDetection { // whose scores are compared with those of the rows as they are
		if slices.Min(outputs) == slices.Max(outputs) {
			return nil
		}
		y = &learn.Target{Task: learn.Regression, Values: outputs}
	}
	measure := func(predicted []float64) (float64, error) {
		report, err := metrics.EvaluateAt(y, predicted, weights, m.Threshold)
		if err != nil {
			return 0, &notMeasured{err}
		}
		value, ok := report.Metrics[metric]
		if !ok {
			return 0, &notMeasured{fmt.Errorf("%s is not defined for the explained rows", metric)}
		}
		return value, nil
	}
	value, err := measure(outputs)
	if err != nil {
		return err
	}
	greater, _ := metrics.Greater(metric)
	return e.permuted(ctx, m, x, &Permuted{Metric: metric, Value: value, Repeats: repeats}, greater, func(predicted []float64) float64 {
		if v, err := measure(predicted); err == nil {
			return v
		}
		return value // it was measured on the same rows
	})
}

// permuted measures the score of what is predicted with each column permuted.
func (e *Explanation) permuted(ctx context.Context, m *model.Model, x *learn.Matrix, p *Permuted, greater bool, score func([]float64) float64) error {
	names, groups := make([]string, len(e.Columns)), make([][]int, len(e.Columns))
	for g, c := range e.Columns {
		names[g] = c.Name
		for _, f := range c.Features {
			groups[g] = append(groups[g], slices.Index(m.Features, f))
		}
	}
	list, err := explain.Permutation{Repeats: p.Repeats, Seed: m.Seed}.Importances(ctx, m.Estimator.Predict, x, names, groups, score, greater, nil)
	if err != nil {
		return err
	}
	p.Rows = x.Rows
	for _, im := range list {
		p.Columns = append(p.Columns, PermutedColumn{im.Name, im.Mean, im.Std})
	}
	e.Permuted = p
	return nil
}
