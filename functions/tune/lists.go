package tune

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/internal/sorting"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/recommend"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/runtime/step"
)

// loadEvents is load for a recommendation: trials are measured on folds of what
// each user did.
func loadEvents(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, p Params) (*run, error) {
	fail := func(err error) (*run, error) {
		return nil, step.Permanent(fmt.Errorf("tuning on dataset %s: %w", in.Dataset.Name, err))
	}
	if p.CV != "auto" && p.CV != "plain" {
		return fail(fmt.Errorf("cv: %s divides rows, and the folds of a recommendation are of each user's items: want auto", p.CV))
	}
	if p.Auto {
		return fail(fmt.Errorf("auto: there is one estimator of recommendations, and nothing to prepare: leave it out"))
	}
	t, split, err := call.Dataset(ctx, in.Raw)
	if err != nil {
		return nil, err
	}
	rows := step.RowsOf(split, step.Train, t.Rows())
	call.Rows(int64(len(rows)))
	done, err := fitted.Events(in.Raw, t, rows)
	if err != nil {
		return nil, err
	}
	r, err := newRun(in, p, len(rows), nil)
	if err != nil {
		return nil, err
	}
	lists := &lists{metric: r.metric, k: p.K, seed: call.Seed}
	for repeat := range p.Repeats {
		lists.folds = append(lists.folds, recommend.Folds(done, p.Folds, call.Seed+uint64(repeat))...)
	}
	r.scorer, r.folds = lists, len(lists.folds)
	return r, nil
}

// lists scores the factors of users and items by lists of what users came to.
type lists struct {
	metric string
	k      int
	seed   uint64
	folds  []recommend.Fold
}

// Score implements scorer, as crossval.Evaluator does.
func (l *lists) Score(ctx context.Context, candidates []crossval.Candidate, first, last int, done func()) ([]crossval.Result, error) {
	results := make([]crossval.Result, len(candidates))
	errs := make([][]error, len(candidates))
	for i := range results {
		results[i].Scores, errs[i] = make([]float64, last-first), make([]error, last-first)
	}
	folds := last - first
	var lock sync.Mutex
	threads := runtime.GOMAXPROCS(0)
	err := parallel.Each(ctx, threads, len(candidates)*folds, func(_, task int) {
		i, k := task/folds, task%folds
		results[i].Scores[k], errs[i][k] = l.score(ctx, candidates[i], l.folds[first+k], max(1, threads/(len(candidates)*folds)))
		lock.Lock()
		defer lock.Unlock()
		if done != nil {
			done()
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	for i := range results {
		for k, err := range errs[i] {
			if err != nil {
				results[i].Err = fmt.Errorf("fold %d: %w", first+k+1, err)
				break
			}
		}
	}
	return results, nil
}

func (l *lists) score(ctx context.Context, c crossval.Candidate, f recommend.Fold, threads int) (float64, error) {
	m, err := c.Params.ALS.Fit(ctx, f.Train, &learn.Options{Seed: l.seed, Threads: threads})
	if err == nil {
		err = m.Settle(ctx, threads)
	}
	if err != nil {
		return 0, err
	}
	r, err := m.Judge(ctx, f.Test, l.k, threads)
	if err != nil {
		return 0, err
	}
	v, ok := r.Metrics()[l.metric]
	if !ok {
		return 0, fmt.Errorf("no metric %s of lists (there are: %s)", l.metric, strings.Join(sorting.Keys(r.Metrics()), ", "))
	}
	return v, nil
}
