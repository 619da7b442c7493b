package metrics

import (
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/learn"
)

const (
	reportPoints = 100 // of a ROC curve in a report
	reportBins   = 10  // of a reliability diagram in a report
)

// A Report is all there is to say of predictions, as JSON: metrics that are not
// defined for the data (NaN) are left out.
type Report struct {
	Task      learn.Task         `json:"task"`
	Rows      int                `json:"rows"`
	Metrics   map[string]float64 `json:"metrics"`
	Classes   []ClassReport      `json:"classes,omitempty"`
	Confusion Confusion          `json:"confusion,omitempty"` // in the order of Classes
}

// A ClassReport is one class against the rest. ROC is nil where y lacks the
// class or any other.
type ClassReport struct {
	ClassScore
	ROCAUC      *float64 `json:"roc_auc,omitempty"`
	ROC         []Point  `json:"roc,omitempty"`
	Reliability []Bin    `json:"reliability,omitempty"`
}

// Classification reports on class probabilities (rows x classes, row-major). The
// predicted class is the one of the largest probability, the first of equals.
//
// Metrics are accuracy, balanced_accuracy, matthews_corrcoef, precision_macro,
// recall_macro, f1_macro, precision_weighted, recall_weighted, f1_weighted,
// log_loss, brier, roc_auc, and with two classes precision, recall, f1 and
// average_precision of the second, the positive one. With more, roc_auc is
// one-vs-rest macro, also under the name roc_auc_ovr, beside roc_auc_ovr_weighted.
func Classification(y []int32, probabilities []float64, classes []string, weights []float64) (*Report, error) {
	return classification(y, probabilities, classes, weights, 0)
}

func classification(y []int32, probabilities []float64, classes []string, weights []float64, threshold float64) (*Report, error) {
	n := len(classes)
	switch {
	case n < 2:
		return nil, fmt.Errorf("metrics: %d class(es): classification needs at least 2", n)
	case len(probabilities) != len(y)*n:
		return nil, fmt.Errorf("metrics: %d probabilities for %d rows of %d classes, want %d", len(probabilities), len(y), n, len(y)*n)
	}
	if err := check(len(y), weights); err != nil {
		return nil, err
	}
	for i, label := range y {
		if label < 0 || int(label) >= n {
			return nil, fmt.Errorf("metrics: label %d in row %d is none of the %d classes", label, i, n)
		}
	}
	for i, p := range probabilities {
		if !(p >= 0 && p <= 1+1e-9) {
			return nil, fmt.Errorf("metrics: the probability of class %q in row %d is %v, not within 0 and 1", classes[i%n], i/n, p)
		}
	}

	confusion := NewConfusion(y, learn.Decide(probabilities, n, threshold), n, weights)
	scores := confusion.PerClass()
	macro, weighted := Macro(scores), Weighted(scores)
	m := map[string]float64{
		"accuracy":           confusion.Accuracy(),
		"balanced_accuracy":  confusion.BalancedAccuracy(),
		"matthews_corrcoef":  confusion.Matthews(),
		"precision_macro":    macro.Precision,
		"recall_macro":       macro.Recall,
		"f1_macro":           macro.F1,
		"precision_weighted": weighted.Precision,
		"recall_weighted":    weighted.Recall,
		"f1_weighted":        weighted.F1,
		"log_loss":           LogLoss(y, probabilities, n, weights),
		"brier":              Brier(y, probabilities, n, weights),
	}
	r := &Report{Task: learn.Classification, Rows: len(y), Metrics: m, Confusion: confusion}
	var total, areas, share, shared float64
	for k, s := range scores {
		positive, column := oneVsRest(y, probabilities, n, k)
		ranking := steps(positive, column, weights)
		s.Class = classes[k]
		c := ClassReport{
			ClassScore:  s,
			ROC:         curve(ranking, reportPoints),
			Reliability: Reliability(positive, column, weights, reportBins),
		}
		auc := areaUnderROC(ranking)
		if !math.IsNaN(auc) {
			c.ROCAUC = &auc
			total += auc
			areas++
			share += float64(auc * s.Support)
			shared += s.Support
		}
		if n == 2 && k == 1 {
			m["precision"], m["recall"], m["f1"] = s.Precision, s.Recall, s.F1
			m["roc_auc"] = auc
			m["average_precision"] = averagePrecision(ranking)
		}
		r.Classes = append(r.Classes, c)
	}
	if n > 2 {
		m["roc_auc"], m["roc_auc_ovr"], m["roc_auc_ovr_weighted"] = total/areas, total/areas, share/shared
	}
	r.dropUndefined()
	return r, nil
}

// Regression reports on predicted values. Metrics are r2, mse, rmse, mae,
// explained_variance, median_ae and max_error; the last two take no weights.
func Regression(y, predicted, weights []float64) (*Report, error) {
	if len(predicted) != len(y) {
		return nil, fmt.Errorf("metrics: %d predictions for %d rows", len(predicted), len(y))
	}
	if err := check(len(y), weights); err != nil {
		return nil, err
	}
	for i, p := range predicted {
		if math.IsNaN(p) || math.IsInf(p, 0) || math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
			return nil, fmt.Errorf("metrics: row %d has the value %v and the prediction %v: both must be finite", i, y[i], p)
		}
	}
	r := &Report{Task: learn.Regression, Rows: len(y), Metrics: map[string]float64{
		"r2":                 R2(y, predicted, weights),
		"mse":                MSE(y, predicted, weights),
		"rmse":               RMSE(y, predicted, weights),
		"mae":                MAE(y, predicted, weights),
		"explained_variance": ExplainedVariance(y, predicted, weights),
		"median_ae":          MedianAE(y, predicted),
		"max_error":          MaxError(y, predicted),
	}}
	r.dropUndefined()
	return r, nil
}

// EvaluateAt is Evaluate where a row of two classes is said to be of the second
// from a threshold on; see learn.Decide.
func EvaluateAt(y *learn.Target, predicted, weights []float64, threshold float64) (*Report, error) {
	if y.Task == learn.Classification {
		return classification(y.Labels, predicted, y.Classes, weights, threshold)
	}
	return Regression(y.Values, predicted, weights)
}

// Evaluate reports on what a model's Predict returned for the rows of y.
func Evaluate(y *learn.Target, predicted, weights []float64) (*Report, error) {
	if y.Task == learn.Classification {
		return Classification(y.Labels, predicted, y.Classes, weights)
	}
	return Regression(y.Values, predicted, weights)
}

func check(rows int, weights []float64) error {
	if rows == 0 {
		return fmt.Errorf("metrics: no rows to measure on")
	}
	if weights != nil && len(weights) != rows {
		return fmt.Errorf("metrics: %d sample weights for %d rows", len(weights), rows)
	}
	if err := learn.CheckWeights(weights); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

func (r *Report) dropUndefined() {
	for name, v := range r.Metrics {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(r.Metrics, name)
		}
	}
}
