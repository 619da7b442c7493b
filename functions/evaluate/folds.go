package evaluate

import (
	"context"
	"fmt"
	"math"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/combine"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/model"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A CrossValidation is the spread of each metric over folds of the training
// rows, each measured by a model that was fitted, transformers included, on the
// other folds; of folds by time, on those before it.
type CrossValidation struct {
	Kind  string               `json:"kind,omitempty"` // group or time, where the dataset was split so; "": at random
	By    string               `json:"by,omitempty"`   // the column of it
	Folds []map[string]float64 `json:"folds"`
	Mean  map[string]float64   `json:"mean"`
	Std   map[string]float64   `json:"std"` // with n - 1
}

// In says what the mean is over: 5 folds by group (customer).
func (cv *CrossValidation) In() string {
	in := fmt.Sprintf("%d folds", len(cv.Folds))
	if cv.Kind != "" {
		in += fmt.Sprintf(" by %s (%s)", cv.Kind, cv.By)
	}
	return in
}

// crossValidate divides rows as the dataset's were split: what a fold knows of the
// rows that it is measured on is what the model knows of the test rows.
func crossValidate(ctx context.Context, call *step.Call, m *model.Model, ds events.Dataset, of *fitted.Labelled, k int) (*CrossValidation, error) {
	d, err := fitted.DivisionOf(ds, of.X)
	if err != nil {
		call.Note("%v", err)
	}
	switch d.Count() {
	case 0:
	case 1:
		call.Note("no cross-validation: all training rows are of one group by %s, which the rows were split by", d.By)
		return nil, nil
	default:
		k = min(k, d.Count())
	}
	of.Groups = d.Groups
	scheme := crossval.Scheme{Kind: d.Kind, Folds: k, Seed: call.Seed, Groups: d.Groups, Times: d.Times}
	rounds, _, err := scheme.Plan(of.Y)
	if err != nil && d.Kind != "" {
		call.Note("no cross-validation: by %s (%s): %v", d.Kind, d.By, err)
		return nil, nil
	}
	if err != nil {
		return nil, step.Permanent(err)
	}
	if err := combine.Learnable(of.Y, of.Weights, rounds); err != nil && d.Kind == events.RoleGroup {
		call.Note("cross-validation by group (%s) says little of the model: %v", d.By, err)
	}
	entry, params, err := estimatorOf(m)
	if err != nil {
		return nil, step.Permanent(err)
	}
	cv := &CrossValidation{Kind: d.Kind, By: d.By, Mean: map[string]float64{}, Std: map[string]float64{}}
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
	opts := &learn.Options{Seed: seed, Weights: train.Weights, Groups: train.Groups}
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

// former is the registered model that a model went on from; "" for none.
func former(m *model.Model) string {
	var lineage struct {
		Continues struct {
			Model string `json:"model"`
		} `json:"continues"`
	}
	if err := json.Unmarshal(m.Lineage, &lineage); err != nil {
		return "" // it says nothing of where it came from
	}
	return lineage.Continues.Model
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
				squares += float64((v - mean) * (v - mean))
			}
		}
		cv.Mean[name] = mean
		if n > 1 {
			cv.Std[name] = math.Sqrt(squares / (n - 1))
		}
	}
}
