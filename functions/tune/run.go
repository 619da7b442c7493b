package tune

import (
	"cmp"
	"context"
	"fmt"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/functions/fitted"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/search"
	"github.com/runnel-dev/runnel/learn/search/crossval"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/table"
)

// A run is a search on a dataset.
type run struct {
	p      Params
	plan   *plan
	study  *search.Study
	scorer scorer        // nil where trials are only looked at
	bag    *crossval.Bag // of auto
	metric string
	trials int // most of them
	folds  int
	fits   int64
	so     map[int]search.Outcome // what came of the folds so far, by trial
	said   map[int][][]float64    // what was predicted there, fold by fold, until the bag has it; of auto
}

// A scorer fits and measures candidates on some of the folds, as
// crossval.Evaluator does.
type scorer interface {
	Score(ctx context.Context, candidates []crossval.Candidate, first, last int, done func()) ([]crossval.Result, error)
}

// newRun makes a run of a task. Where the params name no estimator, the number
// of training rows decides.
func newRun(in events.FeaturesBuiltData, p Params, rows int, prepare []search.Param) (*run, error) {
	fail := func(err error) (*run, error) {
		return nil, step.Permanent(fmt.Errorf("tuning on dataset %s: %w", in.Dataset.Name, err))
	}
	task := learn.Task(in.Raw.Task)
	r := &run{p: p, metric: p.Metric, trials: p.Trials, folds: p.Folds * p.Repeats, so: map[int]search.Outcome{}}
	if r.metric == "" {
		r.metric = crossval.Metric(task)
	}
	var err error
	if r.plan, err = p.newPlan(task, rows, prepare); err != nil {
		return fail(err)
	}
	if err := metrics.Check(r.metric, task, len(in.Raw.Classes)); err != nil {
		return fail(err)
	}
	r.p.Models = r.plan.families
	if task == learn.Clustering && p.CV == "auto" {
		r.folds = 1
	}
	if n := r.plan.space.Size(); task == learn.Clustering && p.Trials == 0 && !p.Auto && n > 0 && n <= manyTrials {
		r.p.Sampler = "grid" // all of them are tried, and none twice
	}
	if r.trials == 0 {
		switch r.trials = manyTrials; {
		case r.p.Sampler == "grid":
			r.trials = r.plan.space.Size()
		case p.Auto && p.Budget != "":
			r.trials = mostTrials
		}
	}
	return r, nil
}

// begin makes the study, without trials.
func (r *run) begin(seed uint64) error {
	sampler, err := search.Named(r.p.Sampler)
	if err != nil {
		return step.Permanent(err)
	}
	greater, _ := metrics.Greater(r.metric)
	r.study, err = search.New(r.plan.space, &search.Options{Sampler: sampler, Minimize: !greater, Seed: seed})
	if err != nil {
		return step.Permanent(err)
	}
	return nil
}

// load reads the rows that trials are measured on.
func load(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, p Params) (*run, error) {
	if learn.Task(in.Raw.Task) == learn.Recommendation {
		return loadEvents(ctx, call, in, p)
	}
	if by := in.Raw.Roles[events.RoleTime]; by != "" && p.CV == "auto" && p.Repeats > 1 {
		call.Note("repeats: folds by time (%s), as the rows were split, are the same each time: they are measured once", by)
		p.Repeats = 1
	}
	data, err := read(ctx, call, in, p)
	if err != nil {
		return nil, err
	}
	call.Rows(int64(data.X.Rows()))
	var prepare []search.Param
	if p.Auto {
		prepare = preparations(data.Specs, data.X)
	}
	r, err := newRun(in, p, data.X.Rows(), prepare)
	if err != nil {
		return nil, err
	}
	r.plan.specs = data.Specs
	if r.folds = len(data.Folds); data.Y.Task.Supervised() {
		r.p.Folds = r.folds / p.Repeats // of few groups
	}
	folds, err := crossval.New(data, &crossval.Options{Metric: r.metric, Seed: call.Seed})
	if err != nil {
		return nil, step.Permanent(fmt.Errorf("tuning on dataset %s: %w", in.Dataset.Name, err))
	}
	r.scorer = folds
	if p.Auto {
		r.bag, r.said = folds.NewBag(), map[int][][]float64{}
	}
	return r, nil
}

// manyTrials are done where nobody says how many.
const manyTrials = 50

// mostTrials bounds a search that ends by its budget.
const mostTrials = 100_000

// read reads the raw training rows that have a target, the transforms that make
// features of them, and divides them into folds.
func read(ctx context.Context, call *step.Call, in events.FeaturesBuiltData, p Params) (crossval.Data, error) {
	var d crossval.Data
	graph, err := fitted.Graph(ctx, call, in.Transformers)
	if err != nil {
		return d, err
	}
	d.Specs = graph.Specs()
	t, split, err := call.Dataset(ctx, in.Raw)
	if err != nil {
		return d, err
	}
	if rows := step.RowsOf(split, step.Train, t.Rows()); len(rows) < t.Rows() {
		t = t.Take(rows)
	}
	t, y, err := fitted.WithTarget(t, in.Raw.Target, learn.Task(in.Raw.Task), in.Raw.Classes)
	if err != nil {
		return d, step.Permanent(err)
	}
	scheme := crossval.Scheme{Kind: p.CV, Folds: p.Folds, Repeats: p.Repeats, Seed: call.Seed}
	like, err := fitted.DivisionOf(in.Raw, t)
	if err != nil {
		call.Note("%v", err)
	}
	d.Groups = like.Groups
	switch {
	case p.CV == "auto" && like.Count() == 1:
		call.Note("folds are at random, for all training rows are of one group by %s", like.By)
	case p.CV == "auto" && y.Task.Supervised() && like.Kind != "":
		scheme.Kind, scheme.Groups, scheme.Times = like.Kind, like.Groups, like.Times
		if n := like.Count(); n > 1 {
			scheme.Folds = min(p.Folds, n)
		}
		call.Note("%d folds by %s (%s), as the rows were split (cv: plain or stratified: at random)", scheme.Folds, like.Kind, like.By)
	case p.By != "":
		c := t.Column(p.By)
		if c == nil {
			return d, step.Permanent(fmt.Errorf("by: dataset %s has no column %q", in.Raw.Name, p.By))
		}
		if p.CV == "group" {
			scheme.Groups = fitted.GroupsOf(c)
		} else if scheme.Times, err = timesOf(c); err != nil {
			return d, step.Permanent(err)
		}
	}
	var notes []string
	if d.Folds, notes, err = scheme.Plan(y); err != nil {
		return d, step.Permanent(fmt.Errorf("dividing dataset %s into folds: %w", in.Raw.Name, err))
	}
	for _, n := range notes {
		call.Note("%s", n)
	}
	if d.Weights, err = preprocess.Weights(t, in.Raw.Roles[events.RoleWeight]); err != nil {
		return d, step.Permanent(fmt.Errorf("dataset %s: %w", in.Raw.Name, err))
	}
	d.X, d.Y = t.Without(in.Raw.Aside()...), y
	return d, nil
}

// timesOf are a column's values as numbers that can be ordered.
func timesOf(c *table.Column) ([]int64, error) {
	if c.Kind != table.Time && c.Kind != table.Int64 {
		return nil, fmt.Errorf("by: column %q is of type %v: folds in time go by times or whole numbers", c.Name, c.Kind)
	}
	for i := range c.Len() {
		if c.Missing(i) {
			return nil, fmt.Errorf("by: column %q is missing in training row %d: folds in time need every row's", c.Name, i)
		}
	}
	return c.Ints, nil
}

// eta is one in how many trials go on from a rung.
const eta = 3

// rounds are the brackets that are done in turns: how many trials at a time, and
// after which folds some are given up.
func (p Params) rounds(folds int) []search.Bracket {
	n := p.Batch
	switch {
	case p.Spread && n == 0:
		n = 16
	case p.Spread:
	case p.Prune == "hyperband":
		return search.Hyperband(1, folds, eta)
	case p.Prune == "halving":
		return []search.Bracket{{Trials: cmp.Or(n, 9), Rungs: search.Rungs(1, folds, eta)}}
	case n == 0 && (p.Sampler == "tpe" || p.Sampler == "gp"):
		n = 1
	case n == 0:
		n = 32
	}
	return []search.Bracket{{Trials: n, Rungs: []int{folds}}}
}

// whole reports whether a trial was measured on all folds: only those vote.
func (r *run) whole(o search.Outcome) bool {
	return o.State != search.Failed && len(o.Scores) == r.folds
}

// take takes in what came of trials in an earlier attempt. Those that the bag
// looks at are fitted again: what they predict is not kept.
func (r *run) take(ctx context.Context, trials []search.Trial, outcomes []search.Outcome) error {
	for i, t := range trials {
		o := outcomes[i]
		r.fits += int64(len(o.Scores) - len(r.so[t.Number].Scores))
		r.so[t.Number] = o
		if r.bag == nil || !r.whole(o) {
			continue
		}
		var outputs [][]float64
		if r.bag.Admits(o.Score) {
			c, err := r.plan.candidate(t.Params)
			if err != nil {
				return step.Permanent(err)
			}
			again, err := r.scorer.Score(ctx, []crossval.Candidate{c}, 0, r.folds, nil)
			if err != nil {
				return err
			}
			outputs = again[0].Outputs
		}
		if err := r.bag.Add(t.Number, o.Score, outputs); err != nil {
			return step.Permanent(err)
		}
	}
	return nil
}

// sayAgain fits trials again on the first folds, where they were measured on them in
// an earlier attempt: what they predicted there is not kept. The first of trials
// tells, as what an earlier attempt did comes first.
func (r *run) sayAgain(ctx context.Context, trials []search.Trial, candidates []crossval.Candidate, first int) error {
	if r.said == nil || first == 0 || len(trials) == 0 || r.said[trials[0].Number] != nil {
		return nil
	}
	again, err := r.scorer.Score(ctx, candidates, 0, first, nil)
	if err != nil {
		return err
	}
	for i, t := range trials {
		r.said[t.Number] = again[i].Outputs
	}
	return nil
}

// also are the means of all metrics, those of more folds included.
func also(o search.Outcome, more []map[string]float64) map[string]float64 {
	if len(more) == 0 || more[0] == nil {
		return nil
	}
	n, out := float64(len(o.Scores)), map[string]float64{}
	for name, v := range o.Also {
		out[name] = v * (n - float64(len(more))) / n
	}
	for _, metrics := range more {
		for name, v := range metrics {
			out[name] += v / n
		}
	}
	return out
}

// score takes trials on to so many folds. done is called after each fit.
func (r *run) score(ctx context.Context, trials []search.Trial, folds int, done func()) ([]search.Outcome, error) {
	candidates := make([]crossval.Candidate, len(trials))
	first := 0
	for i, t := range trials {
		var err error
		if candidates[i], err = r.plan.candidate(t.Params); err != nil {
			return nil, step.Permanent(err)
		}
		first = len(r.so[t.Number].Scores) // the same for all
	}
	if err := r.sayAgain(ctx, trials, candidates, first); err != nil {
		return nil, err
	}
	results, err := r.scorer.Score(ctx, candidates, first, folds, done)
	if err != nil {
		return nil, err
	}
	out := make([]search.Outcome, len(trials))
	for i, res := range results {
		o := r.so[trials[i].Number]
		o.Scores = append(o.Scores, res.Scores...)
		o.Score = crossval.Mean(o.Scores)
		o.Also = also(o, res.Metrics)
		if res.Err != nil {
			o = search.Outcome{State: search.Failed, Error: res.Err.Error()}
		}
		r.so[trials[i].Number], out[i] = o, o
		if r.said == nil || o.State == search.Failed {
			continue
		}
		said := append(r.said[trials[i].Number], res.Outputs...)
		if r.said[trials[i].Number] = said; r.bag == nil || !r.whole(o) {
			continue
		}
		if err := r.bag.Add(trials[i].Number, o.Score, said); err != nil {
			return nil, step.Permanent(err)
		}
		delete(r.said, trials[i].Number)
	}
	return out, nil
}
