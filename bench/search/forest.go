package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

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

// The mission's grid: of depths, and of numbers of trees.
var (
	depths = []any{5, 10, 15}
	trees  = []any{50, 100, 150}
)

const folds = 5

// grid searches the grid: scores are those of the folds of every trial, by depth, then by
// the number of trees.
func grid(name string) func(compare.Part) (compare.Side, error) {
	return func(part compare.Part) (r compare.Side, err error) {
		s, r, err := measure(part, name, map[string]any{"n_estimators": trees, "max_depth": depths}, &search.Grid{}, len(depths)*len(trees), len(depths)*len(trees))
		if err != nil {
			return r, err
		}
		for _, depth := range depths {
			for _, n := range trees {
				for _, t := range s.Trials() {
					if t.Params["max_depth"] == depth && t.Params["n_estimators"] == n {
						r.Scores = append(r.Scores, t.Scores...)
					}
				}
			}
		}
		return r, nil
	}
}

// gridLines compares the times, and the scores of all trials: the folds are the same, and
// what differs is the forests' chance.
func gridLines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	return lines(func(ours, theirs compare.Side) string {
		furthest, beside := 0.0, 0.0
		for i := 0; i < len(ours.Scores); i += folds {
			a, b := ours.Scores[i:i+folds], theirs.Scores[i:i+folds]
			distance := math.Abs(crossval.Mean(a) - crossval.Mean(b))
			noise := math.Hypot(crossval.Deviation(a), crossval.Deviation(b)) / math.Sqrt(folds)
			if distance >= furthest {
				furthest, beside = distance, distance/noise
			}
		}
		return fmt.Sprintf("best %s / %s; of the 9 scores the furthest from the peer's is %.4f away, %.1f standard errors",
			bestOf(ours.Scores), bestOf(theirs.Scores), furthest, beside)
	})(job, peer, ours, theirs)
}

// bestOf is the trial with the best mean.
func bestOf(scores []float64) string {
	best := 0
	for i := 0; i < len(scores); i += folds {
		if crossval.Mean(scores[i:i+folds]) > crossval.Mean(scores[best:best+folds]) {
			best = i
		}
	}
	of, k := scores[best:best+folds], best/folds
	return fmt.Sprintf("%.4f ± %.4f (depth %v, %v trees)", crossval.Mean(of), crossval.Deviation(of)/math.Sqrt(folds), depths[k/len(trees)], trees[k%len(trees)])
}

// forest searches by TPE, trial after trial: scores are those of the best.
func forest(name string) func(compare.Part) (compare.Side, error) {
	return func(part compare.Part) (compare.Side, error) {
		s, r, err := measure(part, name, map[string]any{
			"n_estimators": 50, "max_depth": map[string]any{"int": []any{2, 20}},
			"min_samples_leaf": map[string]any{"log_int": []any{1, 20}}, "max_features": []any{"sqrt", "0.3", "0.6", "all"},
		}, &search.TPE{}, trials, 1)
		if err != nil {
			return r, err
		}
		best, _ := s.Best()
		r.Score, r.Scores = best.Score, best.Scores
		return r, nil
	}
}

func forestLines(job, peer string, ours, theirs []compare.Side) ([]compare.Line, error) {
	return lines(func(ours, theirs compare.Side) string {
		return fmt.Sprintf("best %.4f / %.4f, the standard error of each %.4f", ours.Score, theirs.Score, crossval.Deviation(ours.Scores)/math.Sqrt(folds))
	})(job, peer, ours, theirs)
}

// measure does the trials of a study over one of the tables.
func measure(part compare.Part, name string, spec map[string]any, sampler search.Sampler, trials, batch int) (s *search.Study, r compare.Side, err error) {
	d, err := load(name)
	if err != nil {
		return nil, r, err
	}
	cost, err := part.Measure(func() (err error) {
		s, err = searchForest(context.Background(), d, spec, sampler, trials, batch)
		return err
	})
	r.Fit, r.Busy = cost.Wall, cost.Busy
	return s, r, err
}
