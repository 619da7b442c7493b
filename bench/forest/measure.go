package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/tree"
)

// A predictor is a fitted model; predict gives outputs values a row.
type predictor struct {
	predict func(x *learn.Matrix) []float64
	outputs int
}

// fitter makes the setting's fit.
func fitter(s setting) func(x *learn.Matrix, y *learn.Target) (predictor, error) {
	ctx, opts := context.Background(), &learn.Options{Threads: 2}
	supervised := func(e learn.Estimator) func(x *learn.Matrix, y *learn.Target) (predictor, error) {
		return func(x *learn.Matrix, y *learn.Target) (predictor, error) {
			m, err := e.Fit(ctx, x, y, opts)
			if err != nil {
				return predictor{}, err
			}
			return predictor{m.Predict, m.Outputs()}, nil
		}
	}
	switch s.kind {
	case "random_forest":
		f := tree.NewForest()
		f.Estimators, f.MaxDepth = s.trees, s.depth
		return supervised(f)
	case "extra_trees":
		e := tree.NewExtraTrees()
		e.Estimators, e.MaxDepth = s.trees, s.depth
		return supervised(e)
	}
	return func(x *learn.Matrix, _ *learn.Target) (predictor, error) {
		f := tree.NewIsolationForest()
		f.Estimators = s.trees
		m, err := f.Isolate(ctx, x, opts)
		if err != nil {
			return predictor{}, err
		}
		return predictor{func(x *learn.Matrix) []float64 { return m.Scores(x, 2) }, 1}, nil
	}
}

func measure(s setting, part compare.Part) (r compare.Side, err error) {
	dir := filepath.Join(folder, s.data)
	x, y, err := load(dir, "train")
	if err != nil {
		return r, err
	}
	testX, testY, err := load(dir, "test")
	if err != nil {
		return r, err
	}
	var m predictor
	fit, err := part.Measure(func() (err error) {
		m, err = fitter(s)(x, y)
		return err
	})
	if err != nil {
		return r, err
	}
	r.Fit, r.Busy = fit.Wall, fit.Busy
	var p []float64
	batch := compare.Least(3, func() { p = m.predict(testX) })
	r.Predict, r.PredictBusy = batch.Wall, batch.Busy
	one := testX.Take([]int{0})
	const calls = 20
	r.Row = compare.Least(20, func() {
		for range calls {
			m.predict(one)
		}
	}).Wall / calls
	if s.kind == "isolation_forest" {
		for _, v := range p {
			r.Score += v / float64(len(p))
		}
		return r, nil
	}
	if r.Score = score(p, m.outputs, testY); r.Score != r.Score {
		return r, fmt.Errorf("the score of %d rows is not a number", testX.Rows)
	}
	return r, nil
}
