package evaluate

import (
	"context"
	"math"

	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A CrossValidation is the spread of each metric over folds of the training
// rows, each measured by a model that was fitted, transformers included, on the
// other folds.
type CrossValidation struct {
	Folds []map[string]float64 `json:"folds"`
	Mean  map[string]float64   `json:"mean"`
	Std   map[string]float64   `json:"std"` // with n - 1
}

func crossValidate(ctx context.Context, call *step.Call, m *model.Model, of *fitted.Labelled, k int) (*CrossValidation, error) {
	folds := split.Folds{K: k, Shuffle: true, Repeats: 1, Seed: call.Seed}
	var rounds []split.Fold
	var err error
	if of.Y.Task == learn.Classification {
		rounds, _, err = folds.Stratified(of.Y.Labels, of.Y.Classes)
	} else {
		rounds, err = folds.Plain(of.Y.Len())
	}
	if err != nil {
		return nil, step.Permanent(err)
	}
	entry, params, err := estimatorOf(m)
	if err != nil {
		return nil, step.Permanent(err)
	}
	cv := &CrossValidation{Mean: map[string]float64{}, Std: map[string]float64{}}
	for i, fold := range rounds {
		call.Progress(int64(i), int64(len(rounds)), "folds")
		r, err := judgeFold(ctx, call.Seed, m, entry, params, of, fold)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			call.Note("no cross-validation: fold %d: %v", i+1, err)
			return nil, nil
		}
		cv.Folds = append(cv.Folds, r.Metrics)
	}
	cv.summarise()
	return cv, nil
}

// judgeFold fits everything anew on the fold's training rows and measures it on the others.
func judgeFold(ctx context.Context, seed uint64, m *model.Model, entry estimator.Entry, params estimator.Params, of *fitted.Labelled, fold split.Fold) (*metrics.Report, error) {
	train, test := of.Take(fold.Train), of.Take(fold.Test)
	opts := &learn.Options{Seed: seed, Weights: train.Weights}
	graph, features, err := m.Graph.Refit(ctx, train.X, train.Y, opts)
	if err != nil {
		return nil, err
	}
	names := preprocess.Numeric(features)
	matrix, err := preprocess.Matrix(features, names)
	if err != nil {
		return nil, err
	}
	refit, err := entry.New(params).Fit(ctx, matrix, train.Y, opts)
	if err != nil {
		return nil, err
	}
	tx, err := graph.Transform(test.X)
	if err != nil {
		return nil, err
	}
	if matrix, err = preprocess.Matrix(tx, names); err != nil {
		return nil, err
	}
	return metrics.EvaluateAt(test.Y, refit.Predict(matrix), test.Weights, m.Threshold)
}

// estimatorOf is the estimator that a model was fitted with, as its params say.
func estimatorOf(m *model.Model) (estimator.Entry, estimator.Params, error) {
	name, params, err := estimator.FromUsed(m.Params)
	if err != nil {
		return estimator.Entry{}, params, err
	}
	entry, err := estimator.Find(name, m.Task)
	return entry, params, err
}

func (cv *CrossValidation) summarise() {
	names := map[string]bool{}
	for _, f := range cv.Folds {
		for name := range f {
			names[name] = true
		}
	}
	for name := range names {
		sum, n := 0.0, 0.0
		for _, f := range cv.Folds {
			if v, ok := f[name]; ok {
				sum += v
				n++
			}
		}
		mean := sum / n
		squares := 0.0
		for _, f := range cv.Folds {
			if v, ok := f[name]; ok {
				squares += (v - mean) * (v - mean)
			}
		}
		cv.Mean[name] = mean
		if n > 1 {
			cv.Std[name] = math.Sqrt(squares / (n - 1))
		}
	}
}
