package crossval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/runnel-dev/runnel/internal/json"
	"github.com/runnel-dev/runnel/learn"
	"github.com/runnel-dev/runnel/learn/estimator"
	"github.com/runnel-dev/runnel/learn/metrics"
	"github.com/runnel-dev/runnel/learn/preprocess"
	"github.com/runnel-dev/runnel/learn/split"
	"github.com/runnel-dev/runnel/table"
)

// Data is what is learnt from: raw rows, their target and how much each counts,
// the transforms that make features of them, and the folds.
type Data struct {
	X       *table.Table
	Y       *learn.Target
	Weights []float64 // nil: all 1
	Groups  []int32   // for folds within a fit; nil: none
	Specs   []preprocess.Spec
	Folds   []split.Fold
}

// Options say how scores are taken. Nil stands for the defaults. No field but
// Metric and Seed changes a score.
type Options struct {
	Metric  string // of package metrics; "": accuracy, or r2
	Seed    uint64
	Threads int   // 0: as many as GOMAXPROCS
	Memory  int64 // bytes of features of folds that are kept for the next call; 0: 1 GiB
}

// A Candidate is an estimator with its parameters.
type Candidate struct {
	Entry  estimator.Entry
	Params estimator.Params
	Specs  []preprocess.Spec // transforms of its own; nil: those of the data
}

// A Result is what a candidate scored.
type Result struct {
	Scores  []float64            // of each fold
	Err     error                // the first fold that failed; nil for none
	Outputs [][]float64          // of each fold, what was predicted for its test rows, as learn.Model's Predict gives it
	Metrics []map[string]float64 // of each fold all there are, where the task is not supervised
}

// Mean is the mean of the folds' scores.
func Mean(scores []float64) float64 {
	sum := 0.0
	for _, v := range scores {
		sum += v
	}
	return sum / float64(len(scores))
}

// Deviation is the standard deviation of the folds' scores, with n - 1.
func Deviation(scores []float64) float64 {
	if len(scores) < 2 {
		return 0
	}
	mean, sum := Mean(scores), 0.0
	for _, v := range scores {
		sum += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(sum / float64(len(scores)-1))
}

// An Evaluator scores candidates on the same data. It is not safe for concurrent use.
type Evaluator struct {
	data     Data
	o        Options
	lock     sync.Mutex
	prepared []map[string]*features // of each fold, by the transforms
	sizes    map[string]int64       // the most that a fold's features took, by the transforms
}

// features are a fold, ready for an estimator.
type features struct {
	once        sync.Once
	err         error
	train, test *learn.Matrix
	trainY      *learn.Target
	testY       *learn.Target
}

// New makes an evaluator. It reads nothing yet.
func New(d Data, o *Options) (*Evaluator, error) {
	e := &Evaluator{data: d, prepared: make([]map[string]*features, len(d.Folds)), sizes: map[string]int64{}}
	if o != nil {
		e.o = *o
	}
	if len(d.Folds) == 0 {
		return nil, fmt.Errorf("cross-validation without folds")
	}
	if e.o.Metric == "" {
		e.o.Metric = Metric(d.Y.Task)
	}
	if e.o.Memory == 0 {
		e.o.Memory = 1 << 30
	}
	if _, known := metrics.Greater(e.o.Metric); !known {
		return nil, fmt.Errorf("no metric %q", e.o.Metric)
	}
	return e, nil
}

// Metric is the one by which models of a task are compared where none is named.
func Metric(task learn.Task) string {
	return estimator.Metric(task, nil)
}

// Folds is the number of folds.
func (e *Evaluator) Folds() int { return len(e.data.Folds) }

// Score fits and measures each candidate on the folds from first on, before
// last. Fits are done at the same time, as many as there are threads. done is
// called after each fit, from one goroutine at a time; nil: not at all.
func (e *Evaluator) Score(ctx context.Context, candidates []Candidate, first, last int, done func()) ([]Result, error) {
	results := make([]Result, len(candidates))
	for i := range results {
		results[i].Scores = make([]float64, last-first)
		results[i].Outputs = make([][]float64, last-first)
		results[i].Metrics = make([]map[string]float64, last-first)
	}
	errs := make([][]error, len(candidates))
	for i := range errs {
		errs[i] = make([]error, last-first)
	}
	keys := make([]string, len(candidates))
	for i, c := range candidates {
		keys[i] = c.key()
	}
	e.weigh(ctx, candidates, keys, first)
	var lock sync.Mutex
	one := func(i, fold, threads int) {
		m, err := e.fold(ctx, candidates[i], fold, threads)
		lock.Lock()
		defer lock.Unlock()
		results[i].Scores[fold-first], results[i].Outputs[fold-first], results[i].Metrics[fold-first], errs[i][fold-first] = m.score, m.outputs, m.metrics, err
		if done != nil {
			done()
		}
	}
	batches := e.batches(keys, first, last)
	for _, batch := range batches {
		e.parallel(len(batch), func(t, threads int) {
			if ctx.Err() == nil {
				one(batch[t].candidate, batch[t].fold, threads)
			}
		})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.kept() > e.o.Memory || len(batches) > 1 {
			clear(e.prepared)
		}
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

func (e *Evaluator) threads() int {
	return (&learn.Options{Threads: e.o.Threads}).ThreadCount()
}

// parallel does n tasks on all threads. Where there are fewer tasks, each gets
// its share of the threads.
func (e *Evaluator) parallel(n int, do func(task, threads int)) {
	threads := e.threads()
	each := max(1, threads/max(n, 1))
	next := make(chan int)
	var all sync.WaitGroup
	for range min(threads, n) {
		all.Go(func() {
			for t := range next {
				do(t, each)
			}
		})
	}
	for t := range n {
		next <- t
	}
	close(next)
	all.Wait()
}

// measured is what came of a fold.
type measured struct {
	score   float64
	outputs []float64
	metrics map[string]float64
}

// fold fits a candidate on a fold's training rows and measures it on the others.
func (e *Evaluator) fold(ctx context.Context, c Candidate, fold, threads int) (out measured, err error) {
	f := e.features(ctx, c, fold, threads)
	if f.err != nil {
		return out, f.err
	}
	opts := &learn.Options{Seed: e.o.Seed, Threads: threads, Weights: learn.TakeWeights(e.data.Weights, e.data.Folds[fold].Train),
		Groups: learn.TakeGroups(e.data.Groups, e.data.Folds[fold].Train)}
	m, err := c.Entry.New(c.Params).Fit(ctx, f.train, f.trainY, opts)
	if err != nil {
		return out, err
	}
	out.outputs = m.Predict(f.test)
	if f.testY.Task.Supervised() {
		out.score, err = e.measure(fold, f.testY, out.outputs)
		return out, err
	}
	r, err := estimator.Judge(ctx, f.test, f.testY, out.outputs, 0, opts)
	if err != nil {
		return out, err
	}
	score, ok := r.Metrics[e.o.Metric]
	if !ok {
		return out, undefined(e.o.Metric)
	}
	out.score, out.metrics = score, r.Metrics
	return out, nil
}

// measure is the metric of what was predicted for the test rows of a fold.
func (e *Evaluator) measure(fold int, y *learn.Target, outputs []float64) (float64, error) {
	return Measure(e.o.Metric, y, outputs, learn.TakeWeights(e.data.Weights, e.data.Folds[fold].Test))
}

// Measure is one metric of predictions for rows of these weights; nil: all 1.
func Measure(metric string, y *learn.Target, outputs, weights []float64) (float64, error) {
	r, err := metrics.Evaluate(y, outputs, weights)
	if err != nil {
		return 0, err
	}
	v, ok := r.Metrics[metric]
	if !ok {
		return 0, undefined(metric)
	}
	return v, nil
}

func undefined(metric string) error {
	return fmt.Errorf("the metric %s is not defined for these rows", metric)
}

func (e *Evaluator) features(ctx context.Context, c Candidate, fold, threads int) *features {
	f := e.slot(fold, c.key())
	f.once.Do(func() { e.prepare(ctx, f, c, fold, threads) })
	return f
}

// key is the same for candidates of the same features.
func (c Candidate) key() string {
	key := "features"
	for _, s := range slices.Concat(c.Specs, c.Entry.Prepare()) {
		b, _ := json.Marshal(s)
		key += "/" + s.Kind() + string(b)
	}
	return key
}

// slot is where the features of a fold are kept.
func (e *Evaluator) slot(fold int, key string) *features {
	e.lock.Lock()
	defer e.lock.Unlock()
	if e.prepared[fold] == nil {
		e.prepared[fold] = map[string]*features{}
	}
	f := e.prepared[fold][key]
	if f == nil {
		f = &features{}
		e.prepared[fold][key] = f
	}
	return f
}

// prepare fits the transforms on the fold's training rows.
func (e *Evaluator) prepare(ctx context.Context, f *features, c Candidate, fold, threads int) {
	specs := c.Specs
	if specs == nil {
		specs = e.data.Specs
	}
	rows := e.data.Folds[fold]
	opts := &learn.Options{Seed: e.o.Seed, Threads: threads}
	f.trainY, f.testY = e.data.Y.Take(rows.Train), e.data.Y.Take(rows.Test)
	var graph *preprocess.Graph
	var t *table.Table
	graph, t, f.err = preprocess.Fit(ctx, e.data.X.Take(rows.Train), f.trainY, opts, specs...)
	if f.err != nil {
		return
	}
	if graph, t, f.err = graph.Then(ctx, t, f.trainY, opts, c.Entry.Prepare()...); f.err != nil {
		return
	}
	names := preprocess.Numeric(t)
	if f.train, f.err = preprocess.Matrix(t, names); f.err != nil {
		return
	}
	if t, f.err = graph.Transform(e.data.X.Take(rows.Test)); f.err == nil {
		f.test, f.err = preprocess.Matrix(t, names)
	}
}
