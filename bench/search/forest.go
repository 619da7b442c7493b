package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/runnel-dev/runnel/bench/compare"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/learn/tree"
	"github.com/runnel-dev/runnel/table"
)

// load reads what the peer's script wrote, divided into scikit-learn's folds:
// stratified, not shuffled.
func load(name string) (crossval.Data, error) {
	var d crossval.Data
	values, err := compare.Floats(filepath.Join(folder, name, "y"))
	if err != nil {
		return d, err
	}
	d.Y = &learn.Target{Task: learn.Classification}
	for _, v := range values {
		d.Y.Labels = append(d.Y.Labels, int32(v))
		for len(d.Y.Classes) <= int(v) {
			d.Y.Classes = append(d.Y.Classes, fmt.Sprint(len(d.Y.Classes)))
		}
	}
	rows := len(values)
	if values, err = compare.Floats(filepath.Join(folder, name, "x")); err != nil {
		return d, err
	}
	var columns []*table.Column
	for j := range len(values) / rows {
		columns = append(columns, table.FloatColumn(fmt.Sprint("x", j), values[j*rows:(j+1)*rows]))
	}
	if d.X, err = table.New(columns...); err != nil {
		return d, err
	}
	d.Folds, _, err = crossval.Scheme{Folds: 5, InOrder: true}.Plan(d.Y)
	return d, err
}

// candidate is a forest with the parameters of a trial.
func candidate(params map[string]any) (crossval.Candidate, error) {
	entry, err := estimator.Find("random_forest", learn.Classification)
	f := tree.NewForest()
	if v, ok := params["n_estimators"].(int); ok {
		f.Estimators = v
	}
	f.MaxDepth = params["max_depth"].(int)
	if v, ok := params["min_samples_leaf"].(int); ok {
		f.MinLeaf = v
	}
	if v, ok := params["max_features"].(string); ok {
		f.MaxFeatures = v
	}
	return crossval.Candidate{Entry: entry, Params: estimator.Params{Forest: *f}}, err
}

// searchForest does the trials of a study, batch by batch, on 2 threads.
func searchForest(ctx context.Context, d crossval.Data, spec map[string]any, sampler search.Sampler, trials, batch int) (*search.Study, error) {
	space, err := search.Parse(spec)
	if err != nil {
		return nil, err
	}
	s, err := search.New(space, &search.Options{Sampler: sampler})
	if err != nil {
		return nil, err
	}
	scorer, err := crossval.New(d, &crossval.Options{Threads: 2, Seed: 42})
	if err != nil {
		return nil, err
	}
	for len(s.Trials()) < trials {
		asked := s.Ask(min(batch, trials-len(s.Trials())))
		if len(asked) == 0 {
			break
		}
		var candidates []crossval.Candidate
		for _, t := range asked {
			c, err := candidate(t.Params)
			if err != nil {
				return nil, err
			}
			candidates = append(candidates, c)
		}
		results, err := scorer.Score(ctx, candidates, 0, scorer.Folds(), nil)
		if err != nil {
			return nil, err
		}
		for i, r := range results {
			if r.Err != nil {
				return nil, r.Err
			}
			if err := s.Tell(asked[i].Number, search.Outcome{Score: crossval.Mean(r.Scores), Scores: r.Scores}); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// compareGrid searches the grid of the mission's example.
func compareGrid(ctx context.Context, python, name string) (compare.Line, error) {
	var theirs struct {
		compare.Cost
		Trials []struct {
			Depth, Trees int
			Folds        []float64
		}
	}
	if err := peer(python, &theirs, "grid", folder, name); err != nil {
		return compare.Line{}, err
	}
	d, err := load(name)
	if err != nil {
		return compare.Line{}, err
	}
	spec := map[string]any{"n_estimators": []any{50, 100, 150}, "max_depth": []any{5, 10, 15}}
	var s *search.Study
	ours, err := compare.Measure(func() (err error) {
		s, err = searchForest(ctx, d, spec, &search.Grid{}, 9, 9)
		return err
	})
	if err != nil {
		return compare.Line{}, err
	}
	best, _ := s.Best()
	top, furthest, beside := 0, 0.0, 0.0
	for i, t := range theirs.Trials {
		if crossval.Mean(t.Folds) > crossval.Mean(theirs.Trials[top].Folds) {
			top = i
		}
		for _, u := range s.Trials() {
			if u.Params["max_depth"] == t.Depth && u.Params["n_estimators"] == t.Trees {
				// The same folds: what differs is the forests' chance.
				distance := math.Abs(u.Score - crossval.Mean(t.Folds))
				noise := math.Hypot(crossval.Deviation(u.Scores), crossval.Deviation(t.Folds)) / math.Sqrt(float64(len(t.Folds)))
				if distance >= furthest {
					furthest, beside = distance, distance/noise
				}
			}
		}
	}
	peer := theirs.Trials[top]
	return compare.Line{
		Job:  fmt.Sprintf("grid of 9 forests, 5 folds, %d x %d", d.X.Rows(), len(d.X.Columns)),
		Peer: "scikit-learn's GridSearchCV, n_jobs=2", Ratio: theirs.Wall / ours.Wall, CPU: theirs.Busy / ours.Busy,
		Result: fmt.Sprintf("best %.4f ± %.4f (depth %v, %v trees) / %.4f ± %.4f (depth %d, %d trees); of the 9 scores the furthest from the peer's is %.4f away, %.1f standard errors",
			best.Score, crossval.Deviation(best.Scores)/math.Sqrt(5), best.Params["max_depth"], best.Params["n_estimators"],
			crossval.Mean(peer.Folds), crossval.Deviation(peer.Folds)/math.Sqrt(5), peer.Depth, peer.Trees, furthest, beside),
	}, nil
}

func compareForest(ctx context.Context, python, name string, trials int) (compare.Line, error) {
	var theirs struct {
		compare.Cost
		Best []float64
	}
	if err := peer(python, &theirs, "forest", folder, name, strconv.Itoa(trials), "0"); err != nil {
		return compare.Line{}, err
	}
	d, err := load(name)
	if err != nil {
		return compare.Line{}, err
	}
	spec := map[string]any{
		"n_estimators": 50, "max_depth": map[string]any{"int": []any{2, 20}},
		"min_samples_leaf": map[string]any{"log_int": []any{1, 20}}, "max_features": []any{"sqrt", "0.3", "0.6", "all"},
	}
	var s *search.Study
	ours, err := compare.Measure(func() (err error) {
		s, err = searchForest(ctx, d, spec, &search.TPE{}, trials, 1)
		return err
	})
	if err != nil {
		return compare.Line{}, err
	}
	best, _ := s.Best()
	return compare.Line{
		Job: fmt.Sprintf("TPE on a forest, %d trials, 5 folds, %d x %d", trials, d.X.Rows(), len(d.X.Columns)), Peer: "Optuna on scikit-learn's, 2 jobs",
		Ratio: theirs.Wall / ours.Wall, CPU: theirs.Busy / ours.Busy,
		Result: fmt.Sprintf("best %.4f / %.4f, the standard error of each %.4f", best.Score, theirs.Best[0], crossval.Deviation(best.Scores)/math.Sqrt(5)),
	}, nil
}
