// Package evaluate is the step that judges a model: on rows that it has not
// seen, against a model that knows only the target's distribution, by
// cross-validation, and by the thresholds that it has to reach.
package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/nearest"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/baseline"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/report"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// Params says how the model is judged.
type Params struct {
	Gate         map[string]float64 `json:"gate" doc:"thresholds by metric, such as accuracy: 0.8; a model that misses one stops the chain"`
	BeatBaseline bool               `json:"beat_baseline" default:"false" doc:"a model that is no better than the baseline stops the chain"`
	Folds        int                `json:"folds" default:"5" min:"0" max:"50" doc:"folds of the cross-validation on the training rows, divided by the group or the time that ingest has split by; 0 or 1: none, as of a model that went on from another"`
	FoldRows     int                `json:"fold_rows" default:"5000" min:"0" doc:"more training rows than this are not cross-validated: the test rows alone judge well enough"`
	K            int                `json:"k" default:"10" min:"1" max:"1000" doc:"recommendation: length of the lists that are judged"`
}

// Check implements step.Checker.
func (p Params) Check() error {
	for _, name := range sorting.Keys(p.Gate) {
		if _, known := metrics.Greater(name); !known {
			return fmt.Errorf("gate: no metric %q%s", name, nearest.Hint(name, metrics.Names()))
		}
		if err := within(name, p.Gate[name]); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	return nil
}

// within refuses a threshold that the metric cannot have: every model would miss
// it, or none.
func within(name string, threshold float64) error {
	least, greatest := metrics.Range(name)
	if threshold >= least && threshold <= greatest {
		return nil
	}
	text := fmt.Sprintf("%s is between %g and %g, and cannot be %g", name, least, greatest, threshold)
	switch {
	case math.IsInf(greatest, 1):
		text = fmt.Sprintf("%s is never below %g, and cannot be %g", name, least, threshold)
	case math.IsInf(least, -1):
		text = fmt.Sprintf("%s is never above %g, and cannot be %g", name, greatest, threshold)
	}
	if least == 0 && greatest == 1 && threshold >= 2 && threshold <= 100 {
		text += fmt.Sprintf(": for %g %% write %.6g", threshold, threshold/100)
	}
	return errors.New(text)
}

// Function is the step.
var Function = step.New("evaluate", handle,
	step.Doc("Measures a model on the test rows, against a baseline and by cross-validation, and stops the chain where a threshold is missed."),
	step.Accepts(events.ModelTrained),
	step.Emits(events.ModelEvaluated))

// An Evaluation is the artifact that the step writes.
type Evaluation struct {
	Dataset    string           `json:"dataset"`
	Target     string           `json:"target"`
	Estimator  string           `json:"estimator"`
	Subset     string           `json:"subset"` // the rows that Model and Baseline are measured on
	Model      *metrics.Report  `json:"model"`
	Baseline   *metrics.Report  `json:"baseline"`
	CrossValid *CrossValidation `json:"crossValidation,omitempty"`
	Gates      []Gate           `json:"gates,omitempty"`
	Clusters   *Clusters        `json:"clusters,omitempty"` // of a clustering
	Anomalies  *Anomalies       `json:"anomalies,omitempty"`
	Lists      *Lists           `json:"lists,omitempty"` // of a recommendation
}

// A Gate is a threshold and whether it was reached.
type Gate struct {
	Metric    string  `json:"metric"`
	Threshold float64 `json:"threshold"`
	Value     float64 `json:"value"`
	Passed    bool    `json:"passed"`
}

func handle(ctx context.Context, call *step.Call, p Params) error {
	in, err := events.Data[events.ModelTrainedData](call.Event)
	if err != nil {
		return step.Permanent(err)
	}
	m, raw, split, err := fitted.Judged(ctx, call, in.Model, in.Raw)
	if err != nil {
		return err
	}
	e := &Evaluation{Dataset: in.Raw.Name, Target: in.Raw.Target, Estimator: in.Estimator, Subset: "test"}
	measure := p.predictions
	switch m.Task {
	case learn.Clustering:
		measure = p.clusters
	case learn.AnomalyDetection:
		measure = p.anomalies
	case learn.Recommendation:
		measure = p.lists
	}
	figures, err := measure(ctx, call, e, m, in.Raw, raw, split)
	if err != nil {
		return err
	}
	main := estimator.Metric(m.Task, e.Model.Metrics)
	if beats, known := better(main, e.Model.Metrics, e.Baseline.Metrics); known && !beats {
		call.Note("the model is no better than the baseline: %s %.4g, baseline %.4g", main, e.Model.Metrics[main], e.Baseline.Metrics[main])
	}
	missed, err := p.gates(e, main)
	if err != nil {
		return step.Permanent(err)
	}
	evaluation, err := call.PutJSON(ctx, "evaluation", events.MediaJSON, e)
	if err != nil {
		return err
	}
	html, err := call.PutBytes(ctx, "report", events.MediaHTML, page(e, m, figures))
	if err != nil {
		return err
	}
	if len(missed) > 0 {
		return step.GateFailed("%s", strings.Join(missed, "; "))
	}
	return call.Emit(events.ModelEvaluatedData{Raw: in.Raw, Estimator: in.Estimator, Model: in.Model,
		Metrics: e.Model.Metrics, Baseline: e.Baseline.Metrics, Evaluation: evaluation, Report: html})
}

// predictions measures what the model predicts of rows that have a target.
func (p Params) predictions(ctx context.Context, call *step.Call, e *Evaluation, m *model.Model, ds events.Dataset, raw *table.Table, split []step.Subset) ([]report.Section, error) {
	aside, err := raw.Select(ds.Aside()...)
	if err != nil {
		return nil, step.Permanent(err)
	}
	train, err := fitted.Rows(aside, split, step.Train, ds, m)
	if err != nil {
		return nil, step.Permanent(err)
	}
	test, err := fitted.Rows(raw, split, step.Test, ds, m)
	if err != nil {
		return nil, step.Permanent(err)
	}
	crossed := p.Folds > 1 && train.Y.Len() <= p.FoldRows && train.Y.Len() >= 2*p.Folds
	if from := former(m); crossed && from != "" {
		call.Note("no cross-validation: the model goes on from %s, and folds that are fitted anew would measure another one", from)
		crossed = false
	}
	if crossed || test.Y.Len() == 0 {
		if train, err = fitted.Rows(raw, split, step.Train, ds, m); err != nil {
			return nil, step.Permanent(err)
		}
	}
	if test.Y.Len() == 0 {
		call.Note("there are no test rows with a target: the model is measured on the rows that it learnt from, which flatters it")
		test, e.Subset = train, "train"
	}
	call.Rows(int64(test.Y.Len()))
	predicted, err := m.Predict(test.X)
	if err == nil {
		e.Model, err = metrics.EvaluateAt(test.Y, outputs(predicted), test.Weights, m.Threshold)
	}
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("predicting the %s rows of dataset %s: %w", e.Subset, e.Dataset, err))
	}
	if e.Baseline, err = measureBaseline(ctx, train, test); err != nil {
		return nil, step.Permanent(err)
	}
	if crossed {
		if e.CrossValid, err = crossValidate(ctx, call, m, ds, train, p.Folds); err != nil {
			return nil, err
		}
	}
	return predictionSections(e, m, residualsOf(test.Y, predicted)), nil
}

func outputs(p *model.Prediction) []float64 {
	if p.Task == learn.Classification {
		return p.Probabilities
	}
	return p.Values
}

// measureBaseline measures what knows only the distribution of the target.
func measureBaseline(ctx context.Context, train, test *fitted.Labelled) (*metrics.Report, error) {
	one := func(n int) *learn.Matrix {
		return &learn.Matrix{Names: []string{"none"}, Columns: [][]float64{make([]float64, n)}, Rows: n}
	}
	b, err := baseline.Estimator{}.Fit(ctx, one(train.Y.Len()), train.Y, &learn.Options{Weights: train.Weights})
	if err != nil {
		return nil, fmt.Errorf("fitting the baseline: %w", err)
	}
	return metrics.Evaluate(test.Y, b.Predict(one(test.Y.Len())), test.Weights)
}

// better tells whether a metric is better in a than in b; known is false where
// either lacks it.
func better(metric string, a, b map[string]float64) (better, known bool) {
	x, okx := a[metric]
	y, oky := b[metric]
	greater, ok := metrics.Greater(metric)
	if !okx || !oky || !ok {
		return false, false
	}
	return (greater && x > y) || (!greater && x < y), true
}

// gates compares the metrics with the thresholds, notes each, and says which were missed.
func (p Params) gates(e *Evaluation, main string) (missed []string, err error) {
	for _, name := range sorting.Keys(p.Gate) {
		value, ok := e.Model.Metrics[name]
		greater, known := metrics.Greater(name)
		if !ok || !known {
			have := slices.DeleteFunc(sorting.Keys(e.Model.Metrics), func(name string) bool { _, gated := metrics.Greater(name); return !gated })
			if len(have) == 0 {
				return nil, fmt.Errorf("gate: there is nothing to measure %q by: hold some rows back (ingest.test), or take the gate out", name)
			}
			return nil, fmt.Errorf("gate: no metric %q%s (of this model there are %s)", name, nearest.Hint(name, have), strings.Join(have, ", "))
		}
		g := Gate{Metric: name, Threshold: p.Gate[name], Value: value}
		g.Passed = (greater && value >= g.Threshold) || (!greater && value <= g.Threshold)
		e.Gates = append(e.Gates, g)
		if !g.Passed {
			below := "below"
			if !greater {
				below = "above"
			}
			missed = append(missed, fmt.Sprintf("%s %.4g is %s the gate of %.4g", name, value, below, g.Threshold))
		}
	}
	if _, labelled := e.Model.Metrics["roc_auc"]; p.BeatBaseline && e.Anomalies != nil && !labelled {
		return nil, errors.New("beat_baseline: anomalies that nobody has labelled have no baseline: name the column of those that are known (ingest.label), or set a gate, such as anomaly_share: 0.05")
	}
	if p.BeatBaseline && e.Clusters != nil {
		return nil, errors.New("beat_baseline: clusters have no baseline: set a gate, such as silhouette: 0.3")
	}
	if p.BeatBaseline {
		beats, known := better(main, e.Model.Metrics, e.Baseline.Metrics)
		e.Gates = append(e.Gates, Gate{Metric: main, Threshold: e.Baseline.Metrics[main], Value: e.Model.Metrics[main], Passed: beats && known})
		if !beats || !known {
			missed = append(missed, fmt.Sprintf("%s %.4g is no better than the baseline's %.4g", main, e.Model.Metrics[main], e.Baseline.Metrics[main]))
		}
	}
	return missed, nil
}
